"""The file that is deployed: one with a workflow in it, of any kind, or an app file with one of its workflows picked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.cli.values import read_file
from viewcomfy.core.editor.format import is_editor_workflow
from viewcomfy.core.editor.source import open_source
from viewcomfy.core.errors import BadInput
from viewcomfy.core.workflows import check_workflow, read_json


@dataclass(frozen=True, slots=True)
class Source:
    """Either a workflow, in the API format or the editor's, or an app file (view_comfy.json) with one workflow."""

    workflow: dict[str, Any] | None = None
    app_file: dict[str, Any] | None = None


def read_source(file: Path, wanted: str | None) -> Source:
    """Return what a file holds, told by its content; `wanted` picks the workflow of an app file, by its title or its number from 1.

    Raises BadInput, InvalidJson, InvalidWorkflow.
    """
    found = open_source(file, str(file)).workflow
    if _is_app_file(found):
        return Source(app_file=_with_one(found, wanted, file))
    if wanted is not None:
        raise BadInput(f"{file} is one workflow; --workflow is for an app file, which may have several.", hint="Leave it out.")
    return Source(workflow=found if is_editor_workflow(found) else check_workflow(found, str(file)))


def read_edits(file: Path | None) -> dict[str, dict[str, Any]]:
    """Return the changes of inputs that a file holds, none without a file. Raises BadInput, InvalidJson."""
    if file is None:
        return {}
    found = read_json(read_file(file), str(file))
    if not isinstance(found, dict) or not all(isinstance(change, dict | None) for change in found.values()):
        raise BadInput(
            f"{file} is not a JSON object of inputs and what to change of them.",
            hint='For example {"seed": {"hidden": true}, "image": {"required": true}}.',
        )
    return found


def _is_app_file(found: Any) -> bool:
    return isinstance(found, dict) and (found.get("file_type") == "view_comfy" or isinstance(found.get("workflows"), list))


def _with_one(app_file: dict[str, Any], wanted: str | None, file: Path) -> dict[str, Any]:
    entries = app_file.get("workflows")
    if not isinstance(entries, list) or (len(entries) < 2 and wanted is None):
        return app_file  # what is wrong with it the server says
    titles = [_title(entry) for entry in entries]
    listed = ", ".join(f"{number} {title!r}" for number, title in enumerate(titles[:20], start=1))
    hint = f"It has {listed}."
    if wanted is None:
        raise BadInput(f"{file} has {len(entries)} workflows: say which one with --workflow, by title or number.", hint=hint)
    fitting = [entry for entry, title in zip(entries, titles, strict=True) if title.casefold() == wanted.casefold()]
    if not fitting and wanted.isdecimal() and 0 < int(wanted) <= len(entries):
        fitting = [entries[int(wanted) - 1]]
    if len(fitting) != 1:
        raise BadInput(f"{file} has {'several workflows' if fitting else 'no workflow'} {wanted[:80]!r}.", hint=hint)
    return {**app_file, "workflows": fitting}


def _title(entry: Any) -> str:
    form = entry.get("viewComfyJSON") if isinstance(entry, dict) else None
    return str(form.get("title") or "")[:80] if isinstance(form, dict) else ""
