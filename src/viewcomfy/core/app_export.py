"""An app file is written from a deployment: the one that it came from with its owner's edits in it, or a new one."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from viewcomfy.core.app_field import differ, is_hidden, new_field, target_of, write_change
from viewcomfy.core.app_file import LISTS, Place, places_of, read_changes
from viewcomfy.core.input_edit import Edit
from viewcomfy.core.inputs import Input
from viewcomfy.core.titles import shown_title

Changes = Mapping[str, Any]


def write_app_file(
    workflow: Mapping[str, Any],
    inputs: Sequence[Input],
    edits: Iterable[Edit] = (),
    *,
    title: str | None = None,
    description: str | None = None,
    source: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the app file of a deployment: its workflow, its inputs as they are now, and the edits that made them so.

    With `source`, the one that `read_app_file` gave, the file is the same as it was but for what has changed since; an
    unedited one is equal to it, down to the order of the keys. A title or description of None is left as it is.
    """
    file = copy.deepcopy(dict(source)) if source else _envelope()
    entry = file["workflows"][0]
    form = entry["viewComfyJSON"]
    entry["workflowApiJSON"] = copy.deepcopy(dict(workflow))
    form |= {
        name: text for name, text in (("title", title), ("description", description)) if text is not None and (form.get(name) or "") != text
    }
    changes = {edit.key: edit.changes for edit in edits}
    if changes or not source:  # a form without fields is none: it shows whatever there is
        _write_form(form, workflow, inputs, changes)
    return file


def _envelope() -> dict[str, Any]:
    form = {"title": "", "description": "", "previewImages": [], "inputs": [], "advancedInputs": []}
    return {
        "file_type": "view_comfy",
        "file_version": "1.0.0",
        "version": "0.0.1",
        "workflows": [{"viewComfyJSON": form, "workflowApiJSON": None}],
    }


def _write_form(form: dict[str, Any], workflow: Mapping[str, Any], inputs: Sequence[Input], edits: Mapping[str, Changes]) -> None:
    before = {target.key: changes for target, changes in read_changes(form, workflow).items()}
    declared = {one.key: one for one in inputs}
    places = list(places_of(form))
    kept: list[tuple[Place, Input | None]] = []
    first: dict[str, Place] = {}
    for place in places:
        target = target_of(place.field, workflow)
        one = declared.get(target.key) if target else None
        if target and one and first.setdefault(one.key, place) is place:  # of two fields for one input the first one counts
            _write_edits(place, one, workflow[target.node_id]["inputs"][target.input_name], before[target.key], edits.get(target.key, {}))
        if target or place.hidden:  # else it sets what the workflow no longer has
            kept.append((place, one))
    fresh = [one for one in inputs if one.key not in first and not (before and one.hidden)]
    arranged = _arranged([*kept, *_new_places(fresh, workflow, edits, [place for place, _ in kept])])
    counting = {id(place.field) for place in first.values()}
    order_now = [(id(place.field), place.list_name) for place in places if id(place.field) in counting]
    order_then = [(id(place.field), list_name) for place, list_name in arranged if id(place.field) in counting]
    if fresh or len(kept) < len(places) or order_now != order_then:
        _fill(form, arranged)


def _write_edits(place: Place, one: Input, current: Any, before: Changes, now: Changes) -> None:
    """Write what the owner has edited since the import, and nothing that the field says already."""
    edited = {name for name in {*before, *now} - {"advanced", "order"} if differ(before.get(name), now.get(name))}
    for change in sorted(name for name in edited if name not in before or differ(before[name], getattr(one, name))):
        if change == "hidden":
            _show(place, hidden=one.hidden)
        else:
            write_change(place.field, change, one, current)


def _show(place: Place, *, hidden: bool) -> None:
    place.field["visibility"] = "hidden" if hidden else "active"
    if not hidden and is_hidden(place.group):  # the group was not shown: now it is, but of its fields only this one
        for other in place.group["inputs"]:
            if other is not place.field and not is_hidden(other):
                other["visibility"] = place.group["visibility"]
        place.group["visibility"] = "active"


def _new_places(
    fresh: Sequence[Input], workflow: Mapping[str, Any], edits: Mapping[str, Changes], places: Sequence[Place]
) -> list[tuple[Place, Input | None]]:
    """Return fields for inputs that the form does not have, in the group of their node where there is one."""
    groups = {(place.group.get("key"), place.list_name): place.group for place in places}
    result: list[tuple[Place, Input | None]] = []
    for one in fresh:
        node = workflow[one.node_id]
        key, list_name = f"{one.node_id}-{one.class_type}", "advancedInputs" if one.advanced else "inputs"
        group = groups.setdefault((key, list_name), {"title": shown_title(node), "inputs": [], "key": key})
        own, current = edits.get(one.key, {}), node["inputs"].get(one.input_name)
        field = new_field(one, current, own_choices="choices" in own)
        if "minimum" in own or "maximum" in own:
            write_change(field, "minimum", one, current)
        result.append((Place(field, group, list_name, ""), one))
    return result


def _arranged(ranked: Sequence[tuple[Place, Input | None]]) -> list[tuple[Place, str]]:
    """Return the fields in the inputs' order, each with the list that it belongs in; what is no input follows what it followed."""
    ranks: list[tuple[bool, int]] = []
    for place, one in ranked:
        advanced = one.advanced if one else place.list_name == "advancedInputs"
        last = max((order for was, order in ranks[-1:] if was == advanced), default=-1)
        ranks.append((advanced, one.order if one else last))
    order = sorted(range(len(ranked)), key=lambda number: ranks[number])
    return [(ranked[number][0], "advancedInputs" if ranks[number][0] else "inputs") for number in order]


def _fill(form: dict[str, Any], arranged: Sequence[tuple[Place, str]]) -> None:
    """Put the fields into the form in their order; a group whose fields no longer stand together appears more than once."""
    for list_name, _ in LISTS:
        groups = [group for group in form.get(list_name) or [] if not group["inputs"]]
        filled: list[dict[str, Any]] = []
        last: dict[str, Any] | None = None
        for place, _ in (item for item in arranged if item[1] == list_name):
            if place.group is not last:
                last = place.group
                filled.append({**last, "inputs": []})
            filled[-1]["inputs"].append(place.field)
        form[list_name] = filled + groups
