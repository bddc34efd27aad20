"""An event is one piece of live news of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What an event tells; the fields of its `data` stand beside each."""

    STATUS = "status"
    """`status`, `attempt`; at the end also `error` (`{code, message, …}`) when there is one."""
    LOG = "log"
    """`text`: one line, without its line end. `source`: "comfyui" or "viewcomfy"."""
    PROGRESS = "progress"
    """`node_id`, `title`, `value`, `max`, `done` and `total` (nodes), `fraction` of the whole job from 0 to 1."""
    PREVIEW = "preview"
    """`node_id`, `content_type`, `data` (base64). Never stored."""
    OUTPUT = "output"
    """`node_id`, `filename`, `content_type`, `size`: this file is already safe in files."""


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of news; `at` is Unix time in seconds, `seq` grows within a job (0: not yet numbered)."""

    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0
    seq: int = 0


def log_event(text: str, at: float, *, source: str = "viewcomfy") -> Event:
    """Make a log event of one line."""
    return Event(EventKind.LOG, {"text": text, "source": source}, at)
