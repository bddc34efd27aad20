"""An edit is what an owner changed about one declared input, and the node by which it is found again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.input_json import choices_as_list, choices_from_list
from viewcomfy.core.params import Target
from viewcomfy.core.titles import shown_title
from viewcomfy.core.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Edit:
    """What an owner changed about the input with the param key `key`.

    `changes` has any of: name, label, description, required, hidden, locked, advanced, minimum, maximum, choices, default, order;
    choices are a tuple of Choice. `position` counts, from 0, the inputs of this name in nodes of the same class and title.
    """

    key: str
    class_type: str
    node_title: str
    input_name: str
    position: int
    changes: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the edit as JSON."""
        changes = dict(self.changes)
        if changes.get("choices") is not None:
            changes["choices"] = choices_as_list(changes["choices"])
        return {
            "key": self.key,
            "class_type": self.class_type,
            "node_title": self.node_title,
            "input_name": self.input_name,
            "position": self.position,
            "changes": changes,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Edit:
        """Return the edit that `as_dict` made this of."""
        changes = dict(found["changes"])
        if changes.get("choices") is not None:
            changes["choices"] = choices_from_list(changes["choices"])
        names = ("key", "class_type", "node_title", "input_name", "position")
        return cls(**{name: found[name] for name in names}, changes=changes)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One settable input of a workflow, by everything that an edit knows it by."""

    where: tuple[str, str]
    key: str
    class_type: str
    node_title: str
    input_name: str
    position: int


def anchors(workflow: Mapping[str, Any]) -> Iterator[Anchor]:
    """Yield an anchor for every settable input, in the order of forms."""
    seen: Counter[tuple[str, str, str]] = Counter()
    wiring = Wiring(workflow)
    for node_id in wiring.order:
        class_type, title = workflow[node_id]["class_type"], shown_title(workflow[node_id])
        for name in wiring.settable[node_id]:
            yield Anchor((node_id, name), Target(node_id, name).key, class_type, title, name, seen[class_type, title, name])
            seen[class_type, title, name] += 1


def edit_of(workflow: Mapping[str, Any], target: Target, changes: Mapping[str, Any]) -> Edit:
    """Return an edit of one input of a workflow, unchecked; raise KeyError where that cannot be set."""
    for found in anchors(workflow):
        if found.key == target.key:
            return edit_at(found, changes)
    raise KeyError(target.key)


def edit_at(anchor: Anchor, changes: Mapping[str, Any]) -> Edit:
    """Return an edit of the input at an anchor, unchecked."""
    return Edit(anchor.key, anchor.class_type, anchor.node_title, anchor.input_name, anchor.position, changes)
