"""The editor's format is what ComfyUI's editor saves: nodes with their places, links, and values in the order of the widgets."""

from __future__ import annotations

from typing import Any


def is_editor_workflow(value: object) -> bool:
    """Tell whether a value is a workflow as the editor saves it (workflow.json), of either version, and not one in the API format."""
    return isinstance(value, dict) and isinstance(value.get("nodes"), list)


def as_id(value: Any) -> str | None:
    """Return the id of a node or link as text, None if it is none: editors have written numbers, text and `5.0` for the same."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else None
    return value if isinstance(value, str) and value else None


def as_index(value: Any) -> int:
    """Return the number of a slot, -1 if it is none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 8 else -1
    text = as_id(value)
    return int(text) if text is not None and text.isdigit() else -1


def as_list(value: Any) -> list[Any]:
    """Return a list, an empty one for what is none."""
    return value if isinstance(value, list) else []


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object's fields, none for what is no object."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """Return a text, an empty one for what is none."""
    return value if isinstance(value, str) else ""
