"""A node's output as it was said to the user interface, read into files and texts."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TEXT_KEYS = frozenset({"text", "string"})
MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that ComfyUI wrote: `folder_type` is "output", "input" or "temp", `subfolder` lies below that folder."""

    filename: str
    subfolder: str = ""
    folder_type: str = "output"


def output_entries(ui: Mapping[str, Any]) -> list[SavedFile]:
    """Return the files that a node saved, from every key, each once; temporary ones are left out. Never raises."""
    found = (saved_file(entry) for values in ui.values() for entry in _flat(values))
    return list(dict.fromkeys(entry for entry in found if entry and entry.folder_type != "temp"))


def text_outputs(ui: Mapping[str, Any]) -> list[str]:
    """Return the texts that a node shows (PreviewAny and its like), without those that only name a file. Never raises."""
    texts = (value for key in ui if key in TEXT_KEYS for value in _flat(ui[key]))
    return [str(text) for text in texts if isinstance(text, (str, int, float)) and saved_file(text) is None]


def saved_file(entry: Any) -> SavedFile | None:
    """Read one entry, an object or a string that holds one as JSON; None where it names no file below ComfyUI's folders."""
    if isinstance(entry, str):
        entry = _json_object(entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("filename"), str):
        return None
    folder_type, subfolder = entry.get("type") or "output", entry.get("subfolder") or ""
    if not isinstance(folder_type, str) or not isinstance(subfolder, str):
        return None
    path = posixpath.join(subfolder, entry["filename"]).replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts or path.endswith("/") or "\0" in path:
        return None
    return SavedFile(parts[-1], "/".join(parts[:-1]), folder_type)


def _json_object(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _flat(values: Any, depth: int = 0) -> Iterator[Any]:
    if isinstance(values, (list, tuple)) and depth < MAX_DEPTH:
        for value in values:
            yield from _flat(value, depth + 1)
    else:
        yield values
