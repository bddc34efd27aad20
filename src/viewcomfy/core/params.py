"""Params are what the caller sets: `{"6-inputs-text": "a cat"}`, by param keys `<node_id>-inputs-<input_name>`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.workflows import node_title

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


def with_value(workflow: Mapping[str, Any], node_id: str, input_name: str, value: Any) -> dict[str, Any]:
    """Return the workflow with one input set."""
    return with_values(workflow, {node_id: {input_name: value}})


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
