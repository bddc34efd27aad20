"""An app file (view_comfy.json) holds workflows with the forms that were made for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from viewcomfy.core.app_field import changes_of, fault_of, is_hidden, target_of
from viewcomfy.core.errors import BadInput
from viewcomfy.core.input_edit import Edit, anchors
from viewcomfy.core.params import Target
from viewcomfy.core.workflows import check_workflow, literals

MAX_WORKFLOWS = 100
HINT = "In ViewComfy's editor, download the app as view_comfy.json and send that file."
LISTS = (("inputs", False), ("advancedInputs", True))
"""The two lists of a form, and whether what is in them is advanced."""


@dataclass(frozen=True, slots=True)
class App:
    """One workflow of an app file, ready to be deployed.

    `edits` make its fields the inputs, in their order; what the form does not show is hidden. `source` is the whole file
    as it came, with this workflow alone and without its `workflowApiJSON`: keep it, `write_app_file` needs it to give back
    what is not ours to understand.
    """

    title: str
    description: str
    workflow: dict[str, Any]
    edits: tuple[Edit, ...]
    source: dict[str, Any]


class Place(NamedTuple):
    """A field, the group and the list that it is in, and where in the file that is."""

    field: dict[str, Any]
    group: dict[str, Any]
    list_name: str
    path: str

    @property
    def hidden(self) -> bool:
        """Tell whether the form does not show it."""
        return is_hidden(self.field) or is_hidden(self.group)


def read_app_file(value: Any) -> list[App]:
    """Return the workflows of an app file, given as parsed JSON.

    Raises InvalidWorkflow for a workflow that is none, and BadInput, with all problems, for anything else that can't be read.
    """
    if not isinstance(value, dict) or not isinstance(value.get("workflows"), list):
        raise BadInput("This is not an app file: it has no list of workflows.", hint=HINT)
    if value.get("file_type", "view_comfy") != "view_comfy":
        raise BadInput(f"This is not an app file: its file_type is {str(value['file_type'])[:80]!r}, not 'view_comfy'.", hint=HINT)
    entries = value["workflows"]
    if not 0 < len(entries) <= MAX_WORKFLOWS:
        raise BadInput(f"The app file has {len(entries)} workflows; 1 to {MAX_WORKFLOWS} are possible.", hint=HINT)
    return [_read(value, entry, f"workflows[{number}]") for number, entry in enumerate(entries)]


def _read(envelope: dict[str, Any], entry: Any, path: str) -> App:
    if not isinstance(entry, dict) or not isinstance(form := entry.get("viewComfyJSON"), dict):
        raise BadInput(f"{path} of the app file has no viewComfyJSON.", hint=HINT)
    if entry.get("workflowApiJSON") is None:
        raise BadInput(f"{path} of the app file has no workflowApiJSON, so there is nothing to run.", hint=HINT)
    workflow = check_workflow(entry["workflowApiJSON"], f"{path}.workflowApiJSON")
    _raise_for(_structure_problems(form, f"{path}.viewComfyJSON"))
    _raise_for(_field_problems(form, workflow, f"{path}.viewComfyJSON"))
    return App(
        title=form.get("title") or "",
        description=form.get("description") or "",
        workflow=workflow,
        edits=_edits(form, workflow),
        source={**envelope, "workflows": [{**entry, "workflowApiJSON": None}]},
    )


def _edits(form: Mapping[str, Any], workflow: Mapping[str, Any]) -> tuple[Edit, ...]:
    changes = {target.key: change for target, change in read_changes(form, workflow).items()}
    found = [anchor for anchor in anchors(workflow) if anchor.key in changes] if changes else []
    return tuple(Edit(one.key, one.class_type, one.node_title, one.input_name, one.position, changes[one.key]) for one in found)


def _raise_for(problems: Iterator[tuple[str, str]]) -> None:
    found = [{"input": path, "message": f"{path} {fault}."} for path, fault in problems]
    if found:
        raise BadInput(f"The app file can't be read: {found[0]['message']}", hint=HINT, problems=found[:100])


def _structure_problems(form: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name in ("title", "description"):
        if not isinstance(form.get(name, ""), str | None):
            yield f"{path}.{name}", "is not text"
    for name, _ in LISTS:
        groups = form.get(name)
        if not isinstance(groups, list | None):
            yield f"{path}.{name}", "is not a list"
            continue
        for number, group in enumerate(groups or []):
            yield from _group_problems(group, f"{path}.{name}[{number}]")


def _group_problems(group: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(group, dict) or not isinstance(group.get("inputs"), list):
        yield path, "is not an object with a list of inputs"
        return
    for number, field in enumerate(group["inputs"]):
        if not isinstance(field, dict):
            yield f"{path}.inputs[{number}]", "is not an object"


def _field_problems(form: dict[str, Any], workflow: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for place in places_of(form):
        if fault := fault_of(place.field):
            yield f"{path}.{place.path}", fault
        elif not place.hidden and target_of(place.field, workflow) is None:
            what = place.field.get("key") or place.field.get("workflowPath")
            yield (
                f"{path}.{place.path}",
                f"({str(place.field.get('title'))[:80]!r}) sets {str(what)[:200]!r}, which is no value of the workflow",
            )


def places_of(form: Mapping[str, Any]) -> Iterator[Place]:
    """Yield the fields of a form in its order, basic ones first."""
    for list_name, _ in LISTS:
        for group_number, group in enumerate(form.get(list_name) or []):
            for number, field in enumerate(group["inputs"]):
                yield Place(field, group, list_name, f"{list_name}[{group_number}].inputs[{number}]")


def read_changes(form: Mapping[str, Any], workflow: Mapping[str, Any]) -> dict[Target, dict[str, Any]]:
    """Return what a form says about the inputs of its workflow; nothing for a form without fields.

    Of two fields for one input the first one counts.
    """
    changes: dict[Target, dict[str, Any]] = {}
    for order, place in enumerate(places_of(form)):
        target = target_of(place.field, workflow)
        if target is not None and target not in changes:
            current = workflow[target.node_id]["inputs"][target.input_name]
            advanced = place.list_name == "advancedInputs"
            changes[target] = changes_of(place.field, current) | {"hidden": place.hidden, "advanced": advanced, "order": order}
    if changes:
        for node_id, name, _ in literals(workflow):
            if Target(node_id, name) not in changes:
                changes[Target(node_id, name)] = {"hidden": True}
    return _with_unique_names(changes)


def _with_unique_names(changes: dict[Target, dict[str, Any]]) -> dict[Target, dict[str, Any]]:
    taken: set[str] = set()
    for change in changes.values():
        if change.get("name") in taken:
            del change["name"]
        elif "name" in change:
            taken.add(change["name"])
    return changes
