"""Edit checks say what is wrong with an edit before it is kept."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from viewcomfy.core.errors import InvalidParams
from viewcomfy.core.input_json import choices_from_list
from viewcomfy.core.input_names import name_fault
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.params import RANDOM_SEED
from viewcomfy.core.suggestions import did_you_mean
from viewcomfy.core.values import Around, fit

MAX_LABEL = 200
MAX_DESCRIPTION = 4000
MAX_CHOICES = 1000
MAX_ORDER = 100_000
_NUMBERS = (InputKind.INTEGER, InputKind.NUMBER, InputKind.SEED)
_SELECTABLE = (InputKind.TEXT, InputKind.INTEGER, InputKind.NUMBER, InputKind.CHOICE)
Problem = dict[str, Any]


def check_edit(declared: Input, changes: Mapping[str, Any], taken: Collection[str] = ()) -> dict[str, Any]:
    """Return the changes as an edit keeps them: without those that are None, values of the input's kind, choices as a tuple of Choice.

    `declared` is the input as the workflow declares it, `taken` are the names of the others. Raises InvalidParams with every
    problem.
    """
    problems = [{"input": declared.name, **problem} for problem in problems_of(declared, changes, taken)]
    if problems:
        raise InvalidParams(problems[0]["message"], hint=problems[0].get("hint"), problems=problems[:100])
    return kept(declared, changes)


def problems_of(declared: Input, changes: Mapping[str, Any], taken: Collection[str] = ()) -> list[Problem]:
    """Return every problem of the changes of one input."""
    given = {field: value for field, value in changes.items() if value is not None}
    faults = [(field, _fault(declared, field, value)) for field, value in given.items()]
    problems = [_problem(declared, field, fault) for field, fault in faults if fault]
    if given.get("name") in taken:
        problems.append(_problem(declared, "name", f"cannot be {given['name']!r}: another input has that name"))
    return problems or [_problem(declared, field, fault) for field, fault in _together(declared, normal(given))]


def normal(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes without those that are None, choices as a tuple of Choice."""
    given = {field: value for field, value in changes.items() if value is not None}
    if "choices" in given:
        given["choices"] = tuple(one if isinstance(one, Choice) else choices_from_list([one])[0] for one in given["choices"])
    return given


def kept(declared: Input, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes that were found right, with every value of the kind that the input takes: 20 for "20"."""
    result = normal(changes)
    after = edited(declared, result)
    if "default" in result and not isinstance(result["default"], list):
        result["default"] = fit(after, result["default"], _around(declared))[1]
    whole = {field for field in ("minimum", "maximum") if field in result and declared.kind is not InputKind.NUMBER}
    return result | {field: int(result[field]) for field in whole}


def edited(declared: Input, changes: Mapping[str, Any]) -> Input:
    """Return the input with the changes, its limits never wider than the node's own; its name and order stay as they are."""
    fields = {name: changes[name] for name in ("label", "description", "required", "hidden", "locked", "advanced") if name in changes}
    if "default" in changes:
        fields |= {"default": changes["default"], "own_default": True}
    if declared.kind in _NUMBERS:
        fields["minimum"] = _narrower(max, declared.minimum, changes.get("minimum"))
        fields["maximum"] = _narrower(min, declared.maximum, changes.get("maximum"))
    if changes.get("choices") and declared.kind in _SELECTABLE:
        # what the owner chose is final: whether a backend has the file is then seen by what is about to run
        fields |= {"choices": tuple(changes["choices"]), "kind": InputKind.CHOICE, "on_backend": False}
    return replace(declared, **fields)


def _narrower(choose: Callable[..., Any], own: int | float | None, wanted: int | float | None) -> int | float | None:
    known = [limit for limit in (own, wanted) if limit is not None]
    return choose(known) if known else None


def _problem(declared: Input, field: str, fault: str) -> Problem:
    hint = did_you_mean(field, _RULES) if field not in _RULES else None
    return {"message": f"{declared.name}: {field} {fault}.", **({"hint": hint} if hint else {})}


# --- one field --------------------------------------------------------------------------------------------------------
def _fault(declared: Input, field: str, value: Any) -> str | None:
    rule = _RULES.get(field)
    return rule(declared, value) if rule else f"is not something that can be changed; {', '.join(_RULES)} are"


def _name(_declared: Input, value: Any) -> str | None:
    return name_fault(value)


def _text(longest: int, *, may_be_empty: bool) -> Callable[[Input, Any], str | None]:
    def check(_declared: Input, value: Any) -> str | None:
        if not isinstance(value, str) or len(value) > longest:
            return f"must be text of at most {longest} characters"
        return None if value.strip() or may_be_empty else "must not be empty"

    return check


def _flag(_declared: Input, value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _order(_declared: Input, value: Any) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ORDER
    return None if fits else f"must be a whole number from 0 to {MAX_ORDER}"


def _limit(declared: Input, value: Any) -> str | None:
    if declared.kind not in _NUMBERS:
        return f"is for numbers, and this is {_a(declared)}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "must be a number"
    if declared.kind is not InputKind.NUMBER and value != int(value):
        return "must be a whole number"
    if declared.minimum is not None and value < declared.minimum:
        return f"cannot be {value}: the node takes nothing below {declared.minimum}"
    if declared.maximum is not None and value > declared.maximum:
        return f"cannot be {value}: the node takes nothing above {declared.maximum}"
    return None


def _choices(declared: Input, value: Any) -> str | None:
    if declared.kind not in _SELECTABLE:
        return f"are for texts and numbers, and this is {_a(declared)}"
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_CHOICES:
        return f"must be a list of 1 to {MAX_CHOICES} values"
    try:
        values = [choice.value for choice in normal({"choices": value})["choices"]]
    except (KeyError, TypeError):
        return "must be values, or objects with a value and a label"
    if not all(isinstance(one, str | int | float) for one in values):
        return "must be texts or numbers"
    if len({(type(one), one) for one in values}) < len(values):
        return "must not hold a value twice"
    return _foreign(declared, values)


def _foreign(declared: Input, values: list[Any]) -> str | None:
    """Say which of the values the node itself would not take."""
    for value in values:
        fault, _ = fit(declared, value, _around(declared))
        if fault:
            return f"cannot hold {value!r}: the input {fault.says}"
    return None


def _default(declared: Input, value: Any) -> str | None:
    if isinstance(value, dict):
        return "cannot be an object"
    if declared.kind is InputKind.SEED and value == RANDOM_SEED:
        return f"cannot be {RANDOM_SEED}: in a call that means a random seed, and a call that says nothing gets one anyway"
    return None


_RULES: Mapping[str, Callable[[Input, Any], str | None]] = {
    "name": _name,
    "label": _text(MAX_LABEL, may_be_empty=False),
    "description": _text(MAX_DESCRIPTION, may_be_empty=True),
    "required": _flag,
    "hidden": _flag,
    "locked": _flag,
    "advanced": _flag,
    "minimum": _limit,
    "maximum": _limit,
    "choices": _choices,
    "default": _default,
    "order": _order,
}


# --- all fields -------------------------------------------------------------------------------------------------------
def _together(declared: Input, changes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with changes that are right one by one."""
    after = edited(declared, changes)
    if after.locked and after.required:
        yield "locked", "and required exclude each other: a locked input cannot be sent, a required one must be"
    if after.minimum is not None and after.maximum is not None and after.minimum > after.maximum:
        yield "minimum", f"{after.minimum} is above the maximum, {after.maximum}"
    elif {"default", "minimum", "maximum", "choices"} & changes.keys() and not after.required:
        fault, _ = fit(after, after.default, _around(after))
        if fault:
            yield "default", fault.says if "default" in changes else f"{fault.says}: give it another default too"


def _around(declared: Input) -> Around:
    return Around(declared.default, None, random.Random(0))  # noqa: S311 - no seed is picked here


def _a(declared: Input) -> str:
    return {InputKind.ANY: "a list", InputKind.BOOLEAN: "true or false"}.get(declared.kind, f"of the kind {declared.kind.value!r}")
