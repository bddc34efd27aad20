"""A source is a file with a workflow in it, of any kind: JSON in either format, or what carries one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from viewcomfy.core.editor.byte_source import ByteSource
from viewcomfy.core.editor.carried import carried
from viewcomfy.core.editor.format import is_editor_workflow
from viewcomfy.core.errors import BadInput, InvalidJson, InvalidUpload, InvalidWorkflow, TooLarge
from viewcomfy.core.workflows import EXPORT_HINT, read_json

Origin = Literal["api", "editor", "carried prompt", "carried workflow"]

LARGEST_JSON = 32 * 1024 * 1024
"""The most bytes of a file of JSON."""
_WRAPPERS = ("prompt", "output", "workflow_api")
"""Under what a request to ComfyUI, and what its editor makes, have the workflow."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds: a workflow in the API format (or another object of JSON, nothing is checked), or in the editor's."""

    workflow: dict[str, Any]
    origin: Origin


def open_source(path: Path, what: str) -> Source:
    """Return what the file at a path holds, as `read_source` does; raise InvalidUpload where it can't be read."""
    try:
        with path.expanduser().open("rb") as file:
            return read_source(file, what)
    except OSError as fault:
        raise InvalidUpload(f"{what} cannot be read: {fault.strerror or fault}.") from fault


def read_source(data: bytes | BinaryIO, what: str) -> Source:
    """Return what a file holds; of one that carries both formats, the API format as it ran.

    One that is open must be seekable; of what is not JSON only a little is read. Raises InvalidJson, InvalidWorkflow for a
    picture or the like that carries nothing, BadInput for an empty file, TooLarge.
    """
    found = carried(data)
    if found.prompt is not None:
        return Source(found.prompt, "carried prompt")
    if found.workflow is not None:
        return Source(found.workflow, "carried workflow")
    if found.kind:
        raise InvalidWorkflow(f"{what} is {_article(found.kind)} {found.kind} file that carries no workflow.", hint=_CARRIED_HINT)
    try:
        return of_json(read_json(_whole(ByteSource(data), what), what), what)
    except InvalidJson as fault:
        fault.hint = fault.hint or EXPORT_HINT
        raise


def of_json(value: Any, what: str) -> Source:
    """Return what parsed JSON holds: a workflow, or a request to ComfyUI with one in it. Raises InvalidWorkflow for no object."""
    if not isinstance(value, dict):
        raise InvalidWorkflow(f"{what} is no workflow: its JSON is no object.", hint=EXPORT_HINT)
    if is_editor_workflow(value):
        return Source(value, "editor")
    inner = next((value[name] for name in _WRAPPERS if _is_api(value.get(name))), None)
    return Source(value if inner is None or _is_api(value) else inner, "api")


def _whole(source: ByteSource, what: str) -> bytes:
    if source.size > LARGEST_JSON:
        raise TooLarge(f"{what} is larger than {LARGEST_JSON:,} bytes, and no kind of file that carries a workflow.")
    data = source.at(0, source.size)
    if not data.strip():
        raise BadInput(f"{what} is empty.", hint=EXPORT_HINT)
    return data


def _is_api(value: Any) -> bool:
    first = next(iter(value.values()), None) if isinstance(value, dict) else None
    return isinstance(first, dict) and isinstance(first.get("class_type"), str)


def _article(kind: str) -> str:
    return "an" if kind[0] in "MOS" else "a"  # as the letters are spoken: an MP4, an SVG


_CARRIED_HINT = "Send it as ComfyUI has saved it, or the workflow itself: other programs take out what it carried."
