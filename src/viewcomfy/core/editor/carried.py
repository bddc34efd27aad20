"""A carried workflow is one inside a picture, video, sound or model: ComfyUI's save nodes write into a file what made it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, ByteSource, Reader, Text
from viewcomfy.core.editor.carried_audio import flac_texts, mp3_texts, ogg_texts
from viewcomfy.core.editor.carried_exif import jpeg_texts, webp_texts
from viewcomfy.core.editor.carried_json import gltf_texts, safetensors_texts, svg_texts
from viewcomfy.core.editor.carried_matroska import SIGNATURE as MATROSKA
from viewcomfy.core.editor.carried_matroska import matroska_texts
from viewcomfy.core.editor.carried_mp4 import FIRST_BOXES, mp4_texts
from viewcomfy.core.editor.carried_png import SIGNATURE as PNG
from viewcomfy.core.editor.carried_png import png_texts
from viewcomfy.core.errors import InvalidJson

_HEAD = 4096
_MOST_TEXT = 2 * LARGEST_TEXT
"""Characters of all texts of one file that are looked at."""
_OFTEN_QUOTED = 3
"""How many times JSON may stand as a text in JSON."""
_KINDS: tuple[tuple[str, Callable[[bytes], bool], Reader], ...] = (
    ("PNG", lambda head: head.startswith(PNG), png_texts),
    ("WebP", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", webp_texts),
    ("JPEG", lambda head: head.startswith(b"\xff\xd8\xff"), jpeg_texts),
    ("MP4", lambda head: head[4:8] in FIRST_BOXES, mp4_texts),
    ("WebM", lambda head: head.startswith(MATROSKA), matroska_texts),
    ("FLAC", lambda head: head.startswith(b"fLaC"), flac_texts),
    ("Ogg", lambda head: head.startswith(b"OggS"), ogg_texts),
    ("MP3", lambda head: head.startswith(b"ID3") or _is_bare_mp3(head), mp3_texts),
    ("glTF", lambda head: head.startswith(b"glTF"), gltf_texts),
    ("SVG", lambda head: head.lstrip()[:1] == b"<" and b"<svg" in head, svg_texts),
    ("safetensors", lambda head: head[4:9] == b"\0\0\0\0{", safetensors_texts),
    ("GIF", lambda head: head.startswith(b"GIF8"), lambda _: iter(())),  # it has no room for a workflow: to be told by name
)
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OUR_FOLDER = re.compile(f"^viewcomfy/{_ID}[^/]*/")
_OUR_UPLOAD = re.compile(rf"^{_ID}-\d+-(?=.)")


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file carries: `prompt` in the API format, as it ran, and `workflow` in the editor's; None where it does not.

    `kind` is the file's format for people ("PNG"), empty for one that can carry nothing, such as JSON.
    """

    prompt: dict[str, Any] | None
    workflow: dict[str, Any] | None
    kind: str


def carried(data: bytes | BinaryIO) -> Carried:
    """Return what a file carries; one that is open must be seekable, and is never read whole.

    Raises InvalidJson where there is a workflow, and nothing of it can be read.
    """
    source = ByteSource(data)
    head = source.at(0, _HEAD)
    kind, reader = next(((name, reader) for name, fits, reader in _KINDS if fits(head)), ("", None))
    if reader is None:
        return Carried(None, None, "")
    found, damaged = _read(source, reader)
    if not found and damaged:
        raise InvalidJson(
            f"The workflow that this {kind} carries is damaged: its {damaged!r} is not JSON.",
            hint="Send the file as ComfyUI saved it, or the workflow itself.",
        )
    prompt = found.get("prompt")
    return Carried(_as_sent(prompt) if prompt is not None else None, found.get("workflow"), kind)


def _read(source: ByteSource, reader: Reader) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the first prompt and the first workflow that can be read, and the name of a text that can't."""
    found: dict[str, dict[str, Any]] = {}
    damaged, left = "", _MOST_TEXT
    for text in reader(source):
        left -= len(text.value)
        values = _values(text) if left >= 0 else None
        for name, value in (values or {}).items():
            found.setdefault(name, value)
        if values is None and text.name.lower() != "comment":  # a comment may be anything
            damaged = damaged or text.name
        if len(found) == 2 or left < 0:
            break
    return found, damaged


def _values(text: Text) -> dict[str, dict[str, Any]] | None:
    """Return the prompt or workflow that a text is, or both that a comment holds; None where it is no such thing."""
    value = _loaded(text.value)
    name = text.name.lower()
    if not isinstance(value, dict):
        return None
    if name != "comment":
        return {name: value}
    inner = {key: _loaded(value.get(key)) for key in ("prompt", "workflow")}
    return {key: one for key, one in inner.items() if isinstance(one, dict)}


def _loaded(value: Any) -> Any:
    """Parse JSON as Python writes it, with numbers that JSON does not have as null; also JSON in a text of JSON."""
    for _ in range(_OFTEN_QUOTED):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value, parse_constant=lambda _: None, parse_float=_finite)
        except (ValueError, RecursionError):
            return None
    return value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _as_sent(prompt: Mapping[str, Any]) -> dict[str, Any]:
    """Return a prompt as it was before it ran: without what ComfyUI noted in its nodes, and what a job of ours put into it."""
    return {node_id: _node_as_sent(node) if isinstance(node, dict) else node for node_id, node in prompt.items()}


def _node_as_sent(node: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in node.items() if name != "is_changed"}
    if isinstance(inputs := node.get("inputs"), dict):
        kept["inputs"] = {name: _value_as_sent(value) for name, value in inputs.items()}
    return kept


def _value_as_sent(value: Any) -> Any:
    return _OUR_UPLOAD.sub("", _OUR_FOLDER.sub("", value)) if isinstance(value, str) else value


def _is_bare_mp3(head: bytes) -> bool:
    return len(head) > 3 and head[0] == 0xFF and head[1] in (0xFB, 0xFA, 0xF3, 0xF2)
