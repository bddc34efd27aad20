"""A lookup finds the input that a caller means, by its name or its param key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.core.params import SEPARATOR, Target, find_target
from viewcomfy.core.suggestions import nearest, question
from viewcomfy.core.workflows import literals

MAX_COMPARED = 10_000
"""How many words one call's mistakes are compared with: what was meant is worth a tenth of a second, not more."""
LISTED = "`viewcomfy run NAME --help` and GET /d/NAME list the inputs of a deployment."
_ABSENT = object()


class Lookup:
    """The inputs of one workflow, for one call. Those declared of a node that the workflow does not have are left out.

    For a `guest` there are those alone that the form shows: hidden, locked and undeclared ones are as unknown as absent ones.
    """

    def __init__(self, workflow: Mapping[str, Any], inputs: Sequence[Input], *, guest: bool = False) -> None:
        self.inputs = [one for one in inputs if workflow.get(one.node_id, {}).get("class_type") == one.class_type]
        self._workflow = workflow
        self._guest = guest
        self._by_name = {one.name: one for one in self.inputs}
        self._by_key = {one.key: one for one in self.inputs}
        self._compared = 0

    def find(self, name: str) -> Input | None:
        """Return the input with this param key or name, one that nobody declared too; None if there is none."""
        declared = self._by_key.get(name) or self._by_name.get(name)
        if self._guest:
            return declared if declared and declared.is_open else None
        if declared is None and (target := find_target(name, self._workflow)):
            return undeclared(self._workflow, target)
        return declared

    def current(self, declared: Input) -> Any:
        """Return what the workflow holds for an input; something unlike every value where it holds nothing."""
        return self._workflow[declared.node_id]["inputs"].get(declared.input_name, _ABSENT)

    def sendable(self) -> list[str]:
        """Return how the first few inputs are called that may be sent."""
        return [f"{one.name} ({one.key})" for one in self.inputs if one.is_open][:8] or list(islice(self._keys(), 8))

    def unknown(self, name: str) -> dict[str, Any]:
        """Return the `hint` for a name that is not known, and the nearest names as `did_you_mean`."""
        # "text" where the input was given a better name
        near = [one.name for one in self.inputs if one.input_name == name and one.is_open][:3]
        near = near or (self._nearest_keys(name) if SEPARATOR in name else self.nearest(name, self._names()))
        return {"hint": question(near) or LISTED, "did_you_mean": near}

    def nearest(self, word: str, candidates: Iterable[str]) -> list[str]:
        """Return the candidates nearest to a word, fewer and fewer as the call's mistakes add up."""
        compared = list(islice(candidates, max(0, MAX_COMPARED - self._compared)))
        self._compared += len(compared)
        return nearest(word, compared)

    def _nearest_keys(self, word: str) -> list[str]:
        # what all keys have in common would make them all alike
        near = self.nearest(word.replace(SEPARATOR, " "), (key.replace(SEPARATOR, " ") for key in self._keys()))
        keys = {key.replace(SEPARATOR, " "): key for key in self._keys()} if near else {}
        return [keys[short] for short in near]

    def _names(self) -> Iterable[str]:
        return (one.name for one in self.inputs if one.is_open) if self.inputs else self._keys()

    def _keys(self) -> Iterable[str]:
        if self._guest:
            return (one.key for one in self.inputs if one.is_open)
        held_back = {one.key for one in self.inputs if not one.is_open}
        keys = (Target(node_id, input_name).key for node_id, input_name, _ in literals(self._workflow))
        return (key for key in keys if key not in held_back)


def undeclared(workflow: Mapping[str, Any], target: Target) -> Input:
    """Return an input as its value in the workflow shows it, for one that a deployment does not declare."""
    node = workflow[target.node_id]
    value = node["inputs"][target.input_name]
    kind = InputKind.ANY
    if isinstance(value, bool):
        kind = InputKind.BOOLEAN
    elif isinstance(value, int | float):  # JSON writes 8.0 as 8: a whole number may stand for any
        kind = InputKind.NUMBER
    return Input(
        name=target.key,
        key=target.key,
        node_id=target.node_id,
        input_name=target.input_name,
        class_type=node["class_type"],
        node_title=node["class_type"],
        kind=kind,
        label=target.input_name,
        default=value,
    )
