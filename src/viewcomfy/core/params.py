"""Params are what the caller sets: `{"6-inputs-text": "a cat"}`, by param keys `<node_id>-inputs-<input_name>`."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.errors import EmptyParams, InvalidParams, InvalidUpload
from viewcomfy.core.suggestions import did_you_mean
from viewcomfy.core.workflows import is_link, node_title, seed_inputs

SEPARATOR = "-inputs-"
MASK_SUFFIX = "-viewcomfymask"
RANDOM_SEED = 5e-324
"""JavaScript's Number.MIN_VALUE: what the web app sends in a seed input for "pick one"."""
MAX_SEED = 2**53 - 1
"""Seeds that we pick stay exact in JavaScript."""


@dataclass(frozen=True, slots=True)
class Target:
    """The input that a param key names."""

    node_id: str
    input_name: str

    @property
    def key(self) -> str:
        """Return the param key."""
        return f"{self.node_id}{SEPARATOR}{self.input_name}"


@dataclass(frozen=True, slots=True)
class Applied:
    """A workflow with the caller's values in it, and the seeds that were picked for the caller (param key → value)."""

    workflow: dict[str, Any]
    fresh_seeds: dict[str, int]


def find_target(key: str, workflow: Mapping[str, Any]) -> Target | None:
    """Split a param key at an `-inputs-` whose left side is a node of the workflow; None if there is no such input."""
    start = key.find(SEPARATOR)
    while start >= 0:
        node_id, name = key[:start], key[start + len(SEPARATOR) :]
        node = workflow.get(node_id)
        if node is not None and name in node["inputs"]:
            return Target(node_id, name)
        start = key.find(SEPARATOR, start + 1)
    return None


def param_keys(workflow: Mapping[str, Any]) -> list[str]:
    """Return the param key of every input, in the workflow's order."""
    return [Target(node_id, name).key for node_id, node in workflow.items() for name in node["inputs"]]


def check_upload_key(key: str, workflow: Mapping[str, Any]) -> Target:
    """Return the input that a file part is for (its mask too); raise InvalidUpload where no file belongs."""
    bare = key.removesuffix(MASK_SUFFIX)
    target = find_target(bare, workflow)
    if target is None:
        raise InvalidUpload(f"A file came as {key[:200]!r}, which names no input of the workflow.", hint=_did_you_mean(bare, workflow))
    current = workflow[target.node_id]["inputs"][target.input_name]
    if isinstance(current, bool | int | float):
        raise InvalidUpload(f"A file came for {bare!r}, but that input is a {_kind(current)}.", hint="Send its value in params.")
    if is_link(current):
        raise InvalidUpload(f"A file came for {bare!r}, but that input is connected to node {current[0]!r}.")
    return target


def apply(
    workflow: Mapping[str, Any], params: Any, *, files: Collection[str] = (), overridden: bool = False, rng: random.Random | None = None
) -> Applied:
    """Put the caller's params into the workflow.

    `files` are the param keys that came as files (they count as said, and win over a param). With nothing said and
    no override the seeds are renewed. Raises InvalidParams with every problem at once, or EmptyParams.
    """
    if not isinstance(params, dict):
        raise InvalidParams("params must be a JSON object of param keys and values.", hint='For example {"6-inputs-text": "a cat"}.')
    pick = rng or random.SystemRandom()
    values: dict[Target, Any] = {}
    problems: list[dict[str, Any]] = []
    said = bool(files) or overridden
    for key, value in params.items():
        if key.startswith("_"):  # the flattener's comments
            continue
        target = find_target(key, workflow)
        if target is None:
            message = f"{key[:200]!r} is not an input of this workflow."
            problems.append({"input": key[:200], "message": message, "hint": _did_you_mean(key, workflow)})
        elif value is not None and key not in files:  # null: an optional file left empty; the workflow's own value stays
            said = True
            fault, values[target] = _fit(value, workflow[target.node_id]["inputs"][target.input_name], target, pick)
            if fault:
                problems.append({"input": key, "message": fault})
    if problems:
        raise InvalidParams(problems[0]["message"], hint=problems[0].get("hint"), problems=problems[:100])
    fresh = {} if said else _fresh_seeds(workflow, pick)
    values.update({Target(node_id, name): seed for (node_id, name), seed in fresh.items()})
    return Applied(_with_targets(workflow, values), {Target(*where).key: seed for where, seed in fresh.items()})


def _fit(value: Any, current: Any, target: Target, rng: random.Random) -> tuple[str | None, Any]:
    """Bring a value to the kind of the workflow's own value; return what is wrong with it, and the value."""
    if value == RANDOM_SEED and type(value) is float and "seed" in target.input_name.lower():
        return None, rng.randint(0, MAX_SEED)
    if isinstance(value, dict):
        return f"{target.key!r} is an object; send text, a number, true, false, null or a list.", value
    if isinstance(current, bool) and isinstance(value, str):
        known = {"true": True, "false": False, "on": True, "off": False, "1": True, "0": False}.get(value.lower())
        return (f"{target.key!r} must be true or false, not {value[:80]!r}.", value) if known is None else (None, known)
    if isinstance(current, int | float) and not isinstance(current, bool) and isinstance(value, str):
        number = _number(value)
        return (f"{target.key!r} must be a number, not {value[:80]!r}.", value) if number is None else (None, number)
    return None, value


def _number(text: str) -> int | float | None:
    if len(text) > 40:  # no number that ComfyUI takes is longer
        return None
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if number - number == 0 else None  # NaN and infinity are not
    return None


def _fresh_seeds(workflow: Mapping[str, Any], rng: random.Random) -> dict[tuple[str, str], int]:
    seeds = seed_inputs(workflow)
    if not seeds:
        raise EmptyParams(
            "params is empty, and this workflow has no seed that could be renewed.",
            hint=f"Send at least one of: {', '.join(param_keys(workflow)[:8])}.",
        )
    return {where: rng.randint(0, MAX_SEED) for where in seeds}


def with_value(workflow: Mapping[str, Any], node_id: str, input_name: str, value: Any) -> dict[str, Any]:
    """Return the workflow with one input set."""
    return with_values(workflow, {node_id: {input_name: value}})


def _with_targets(workflow: Mapping[str, Any], values: Mapping[Target, Any]) -> dict[str, Any]:
    by_node: dict[str, dict[str, Any]] = {}
    for target, value in values.items():
        by_node.setdefault(target.node_id, {})[target.input_name] = value
    return with_values(workflow, by_node)


def with_values(workflow: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the workflow with several inputs set, by node id and input name; the one given is left as it is."""
    result = dict(workflow)
    for node_id, changes in values.items():
        node = result[node_id]
        result[node_id] = {**node, "inputs": {**node["inputs"], **changes}}
    return result


def flatten(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters file of a workflow: for each node a comment with its title, then every input by its param key."""
    result: dict[str, Any] = {}
    for node_id, node in workflow.items():
        result[f"_{node_id}-node-class_type-info"] = node_title(node)
        for name, value in node["inputs"].items():
            result[Target(node_id, name).key] = value
    return result


def _did_you_mean(key: str, workflow: Mapping[str, Any]) -> str:
    return did_you_mean(key, param_keys(workflow)[:5000]) or "`viewcomfy params workflow_api.json` lists the inputs of a workflow."


def _kind(value: Any) -> str:
    return "true-or-false value" if isinstance(value, bool) else "number"
