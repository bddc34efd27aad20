"""Edits follow their inputs into the next version of a workflow, renumbered or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from viewcomfy.core.input_edit import Anchor, Edit, anchors
from viewcomfy.core.input_names import name_inputs

_Match = Callable[["_Known", "_Known"], bool]


class _Known:
    """An input of the old or of the new workflow: its anchor, the name it has by itself, its place among those of its class."""

    def __init__(self, anchor: Anchor, name: str | None, place: tuple[int, int]) -> None:
        self.anchor = anchor
        self.name = name
        self.place = place
        self.kind = anchor.class_type, anchor.input_name


def follow(
    edits: Iterable[Edit], old_workflow: Mapping[str, Any], new_workflow: Mapping[str, Any]
) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
    """Return the edits that found their input in the new workflow, anchored there, and those that are lost.

    An input is looked for by its key, where the ids mean what they meant; then by its node's class and title and its place among
    such nodes; then by its node's class where the title has changed and no other can be meant.
    """
    old = {known.anchor.key: known for known in _known(old_workflow)}
    new: dict[tuple[str, str], list[_Known]] = {}
    for known in _known(new_workflow):
        new.setdefault(known.kind, []).append(known)
    waiting = [(edit, old.get(edit.key) or _known_by_edit(edit)) for edit in edits]
    found: dict[int, Anchor] = {}
    for matches in _passes(_keeps_ids(old_workflow, new_workflow)):
        for number, (_, wanted) in enumerate(waiting):
            hit = next((one for one in new.get(wanted.kind, ()) if matches(wanted, one)), None) if number not in found else None
            if hit:
                found[number] = hit.anchor
                new[hit.kind].remove(hit)  # an input is found once
    kept = [
        replace(edit, key=anchor.key, node_title=anchor.node_title, position=anchor.position)
        for number, (edit, _) in enumerate(waiting)
        if (anchor := found.get(number))
    ]
    return tuple(kept), tuple(edit for number, (edit, _) in enumerate(waiting) if number not in found)


def _known(workflow: Mapping[str, Any]) -> list[_Known]:
    names = name_inputs(workflow)
    found = list(anchors(workflow))
    alike: dict[tuple[str, str], list[Anchor]] = {}
    for one in found:
        alike.setdefault((one.class_type, one.input_name), []).append(one)
    place = {one.key: (number, len(group)) for group in alike.values() for number, one in enumerate(group)}
    return [_Known(one, names[one.where], place[one.key]) for one in found]


def _known_by_edit(edit: Edit) -> _Known:
    """Return what an edit itself knows of an input that the old workflow does not have."""
    node_id = edit.key.rpartition(f"-inputs-{edit.input_name}")[0]
    anchor = Anchor((node_id, edit.input_name), edit.key, edit.class_type, edit.node_title, edit.input_name, edit.position)
    return _Known(anchor, None, (-1, -1))


def _keeps_ids(old_workflow: Mapping[str, Any], new_workflow: Mapping[str, Any]) -> bool:
    """Tell whether ids mean what they meant: no node that both have is of another class."""
    return all(old_workflow[node_id]["class_type"] == new_workflow[node_id]["class_type"] for node_id in old_workflow.keys() & new_workflow)


def _passes(keeps_ids: bool) -> list[_Match]:
    """Return the ways to tell that two inputs are the same one, the surest first."""
    if keeps_ids:
        return [_same_key_and_title, _same_title_and_position, _same_key, _same_place]
    return [_same_title_and_name, _same_title_and_position, _same_name, _same_place]


def _same_key(wanted: _Known, one: _Known) -> bool:
    return wanted.anchor.key == one.anchor.key


def _same_key_and_title(wanted: _Known, one: _Known) -> bool:
    return _same_key(wanted, one) and wanted.anchor.node_title == one.anchor.node_title


def _same_name(wanted: _Known, one: _Known) -> bool:
    return wanted.name is not None and wanted.name == one.name


def _same_title_and_name(wanted: _Known, one: _Known) -> bool:
    return _same_name(wanted, one) and wanted.anchor.node_title == one.anchor.node_title


def _same_title_and_position(wanted: _Known, one: _Known) -> bool:
    return wanted.anchor.node_title == one.anchor.node_title and wanted.anchor.position == one.anchor.position


def _same_place(wanted: _Known, one: _Known) -> bool:
    """Tell whether both workflows have as many inputs like these, and the two are at the same place among them."""
    return wanted.place == one.place
