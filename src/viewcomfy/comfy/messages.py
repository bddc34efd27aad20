"""A message is what ComfyUI says on its websocket, decoded from text or bytes."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

IMAGE_TYPES = {1: "image/jpeg", 2: "image/png"}
PREVIEW_FRAME, TEXT_FRAME, PREVIEW_WITH_METADATA_FRAME = 1, 3, 4
PROGRESS_STATE = '{"type": "progress_state"'
"""It repeats every node at every step: it grows with the square of the nodes and says nothing that the others don't."""


@dataclass(frozen=True, slots=True)
class Started:
    """ComfyUI took the prompt from its queue."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Cached:
    """These nodes are not executed, their results are known."""

    prompt_id: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Executing:
    """A node begins; `display_id` is the node of the workflow that it belongs to (they differ in an expanded node)."""

    prompt_id: str
    node_id: str
    display_id: str


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """A node is done and said this for the user interface; `ui` is as it came."""

    prompt_id: str
    node_id: str
    ui: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """A node is at step `value` of `max`."""

    prompt_id: str
    node_id: str
    value: float
    max: float


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of a node's unfinished work; `prompt_id` is empty where ComfyUI does not tell."""

    prompt_id: str
    node_id: str
    content_type: str
    image: bytes


@dataclass(frozen=True, slots=True)
class NodeText:
    """A text that a node shows while it works; ComfyUI does not tell for which prompt."""

    prompt_id: str
    node_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A node was kept from running by the one before it; the rest of the prompt goes on."""

    prompt_id: str
    node_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A node raised an exception; the prompt is over."""

    prompt_id: str
    node_id: str
    node_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The prompt was interrupted, or taken out of the queue; it is over."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Every node is done and every output was announced; the history may lag behind."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last message of a prompt, however it ended; now it is in the history."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines that ComfyUI printed while it worked on the prompt."""

    prompt_id: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackendLost:
    """ComfyUI died, hung or forgot the prompt: nothing more will come. `unresponsive`: it was there but did not answer."""

    prompt_id: str
    reason: str
    unresponsive: bool = False


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How many prompts ComfyUI has, the running one included; the first message on every socket."""

    remaining: int


@dataclass(frozen=True, slots=True)
class LogText:
    """Raw log text as it came through the socket, cut anywhere."""

    text: str


JobMessage = (
    Started | Cached | Executing | NodeOutput | Progress | Preview | NodeText | Blocked
    | Failed | Interrupted | Succeeded | Finished | LogLines | BackendLost
)  # fmt: skip
"""What concerns one prompt."""

Message = JobMessage | QueueStatus | LogText

OUTCOMES = (Succeeded, Failed, Interrupted, BackendLost)
"""The messages that tell how a prompt ended."""


def decode(raw: str | bytes) -> Message | None:
    """Return the message, or None for one that says nothing to us. Never raises, whatever comes."""
    if isinstance(raw, bytes):
        return _decode_frame(raw)
    if raw.startswith(PROGRESS_STATE):
        return None
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    return decode_named(message.get("type"), message.get("data"))


def decode_named(kind: Any, data: Any) -> Message | None:
    """Return the message of this type with this data, as they stand on the socket and in the history."""
    decoder = DECODERS.get(kind) if isinstance(kind, str) else None
    return decoder(data) if decoder and isinstance(data, dict) else None


def _executing(data: dict[str, Any]) -> Message:
    prompt_id = _text(data, "prompt_id")
    if data.get("node") is None:
        return Finished(prompt_id)
    node_id = _text(data, "node")
    return Executing(prompt_id, node_id, _text(data, "display_node") or node_id)


def _executed(data: dict[str, Any]) -> Message:
    ui = data.get("output")
    return NodeOutput(_text(data, "prompt_id"), _text(data, "node"), ui if isinstance(ui, dict) else {})


def _error(data: dict[str, Any]) -> Message:
    prompt_id, node_id, message = (_text(data, name) for name in ("prompt_id", "node_id", "exception_message"))
    if data.get("exception_type") == "ExecutionBlocked":
        return Blocked(prompt_id, node_id, message)
    lines = data.get("traceback")
    traceback = tuple(str(line) for line in lines) if isinstance(lines, list) else ()
    return Failed(prompt_id, node_id, _text(data, "node_type"), _text(data, "exception_type"), message.strip(), traceback)


def _status(data: dict[str, Any]) -> Message:
    value: Any = data
    for name in ("status", "exec_info", "queue_remaining"):
        value = value.get(name) if isinstance(value, dict) else None
    return QueueStatus(value if isinstance(value, int) else 0)


def _logs(data: dict[str, Any]) -> Message:
    entries = data.get("entries")
    pieces = [entry.get("m") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return LogText("".join(piece for piece in pieces if isinstance(piece, str)))


def _cached(data: dict[str, Any]) -> Message:
    nodes = data.get("nodes")
    return Cached(_text(data, "prompt_id"), tuple(str(node) for node in nodes) if isinstance(nodes, list) else ())


def _progress(data: dict[str, Any]) -> Message:
    return Progress(_text(data, "prompt_id"), _text(data, "node"), _number(data, "value"), _number(data, "max"))


DECODERS: Mapping[str, Callable[[dict[str, Any]], Message]] = {
    "status": _status,
    "execution_start": lambda data: Started(_text(data, "prompt_id")),
    "execution_cached": _cached,
    "executing": _executing,
    "executed": _executed,
    "progress": _progress,
    "execution_error": _error,
    "execution_interrupted": lambda data: Interrupted(_text(data, "prompt_id")),
    "execution_success": lambda data: Succeeded(_text(data, "prompt_id")),
    "logs": _logs,
}


def _decode_frame(raw: bytes) -> Message | None:
    """Read a binary frame: a big-endian u32 names its type, the rest depends on it."""
    if len(raw) < 8:
        return None
    kind, second = struct.unpack_from(">II", raw)
    if kind == PREVIEW_FRAME and second in IMAGE_TYPES:
        return Preview("", "", IMAGE_TYPES[second], raw[8:])
    end = 8 + second
    if end > len(raw):
        return None
    if kind == TEXT_FRAME:
        return NodeText("", raw[8:end].decode(errors="replace"), raw[end:].decode(errors="replace"))
    if kind == PREVIEW_WITH_METADATA_FRAME:
        return _preview(raw[8:end], raw[end:])
    return None


def _preview(metadata: bytes, image: bytes) -> Message | None:
    try:
        data = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    node_id = _text(data, "display_node_id") or _text(data, "node_id")
    return Preview(_text(data, "prompt_id"), node_id, _text(data, "image_type") or "image/jpeg", image)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value)


def _number(data: Mapping[str, Any], name: str) -> float:
    value = data.get(name)
    try:
        number = float(value) if isinstance(value, (int, float, str)) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0
