"""Events over HTTP: server-sent events, encoded by hand because the rules of the published clients are narrower than the standard's."""

from __future__ import annotations

import json
from typing import Any

from viewcomfy.core.events import Event

PING = b": ping\n\n"


def sse(event: str, data: str, event_id: int | None = None) -> bytes:
    """Encode one event with one `data:` line: the last line wins in every published client, so there is only one."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {event}\ndata: {data}\n\n".encode()


def sse_json(event: str, value: Any, event_id: int | None = None) -> bytes:
    """Encode one event whose data is JSON in ASCII: some clients split lines at U+2028, U+0085, \\x0b and \\x0c."""
    return sse(event, json.dumps(value, separators=(",", ":")), event_id)


def one_line(text: str) -> list[str]:
    """Split text into lines that are safe as `data:`, without empty ones."""
    return [line for line in (part.strip() for part in text.splitlines()) if line]


def job_event(event: Event) -> bytes:
    """Encode an event of a job for `/api/jobs/<prompt_id>/events`; its seq is the SSE id."""
    return sse_json(event.kind, {"at": event.at, **event.data}, event.seq or None)
