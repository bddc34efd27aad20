"""A warm-up is a call that a backend runs when it has started, so that the models are loaded when the first job comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from viewcomfy.core.errors import BadInput, InvalidParams
from viewcomfy.core.inputs import Input
from viewcomfy.core.validation import check
from viewcomfy.core.workflows import is_link

TIME_LIMIT = 300.0
"""Seconds that a warm-up may take where its deployment names no limit."""
HINT = "Name other values with --warm-up-with, or deploy without a warm-up (--no-warm-up)."


def warm_up_workflow(
    workflow: Mapping[str, Any], inputs: Sequence[Input], values: Mapping[str, Any], live: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, Any]:
    """Return the workflow that a warm-up with these values runs; they are checked as those of a call are, but no file can be given.

    `live` are the choices that the backends have now, by param key. Raises InvalidParams with every problem.
    """
    problems = [_file_problem(one, values) for one in inputs if one.kind.is_file and _lacks_file(workflow, one, values)]
    if problems:
        raise InvalidParams(problems[0]["message"], hint=HINT, problems=problems)
    try:
        return check(workflow, inputs, dict(values), live=live, overridden=True).workflow
    except BadInput as fault:
        raise InvalidParams(f"The warm-up can't run: {fault.message}", hint=fault.hint or HINT, problems=fault.problems) from fault


def _lacks_file(workflow: Mapping[str, Any], one: Input, values: Mapping[str, Any]) -> bool:
    """Tell whether no file is there for an input, or one is meant to be given."""
    own = workflow[one.node_id]["inputs"][one.input_name]
    if one.name in values or one.key in values:
        return True
    return not is_link(own) and (one.required or not (one.default if one.own_default else own))


def _file_problem(one: Input, values: Mapping[str, Any]) -> dict[str, Any]:
    given = one.name in values or one.key in values
    reason = "can't be given one" if given else "has none for it: it has no default"
    message = f"{one.name!r} takes a file, and a warm-up {reason}."
    return {"input": one.name, "key": one.key, "kind": "file", "message": message}
