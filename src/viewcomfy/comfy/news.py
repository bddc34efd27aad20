"""News of a job: ComfyUI's messages turned into events, thinned to what a person can follow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from viewcomfy.comfy.messages import (
    Blocked,
    Cached,
    Executing,
    JobMessage,
    LogLines,
    NodeText,
    Preview,
    Progress,
    Succeeded,
)
from viewcomfy.core.events import Event, EventKind, log_event
from viewcomfy.core.workflows import node_title

COMFYUI = "comfyui"


class JobNews:
    """Follow one job's messages and say what they mean.

    Every node counts the same towards `fraction`, which never goes back. Progress of one node comes at most every
    `progress_every` seconds, previews at most every `preview_every`; a new node always shows, and so does a node's last step.
    """

    def __init__(self, workflow: Mapping[str, Any], *, progress_every: float = 0.1, preview_every: float = 0.2) -> None:
        self._workflow = workflow
        self._progress_every, self._preview_every = progress_every, preview_every
        self._done: set[str] = set()
        self._node = ""
        self._value, self._max = 0.0, 1.0
        self._fraction = 0.0
        self._last_progress = self._last_preview = float("-inf")

    def events(self, message: JobMessage, now: float) -> list[Event]:
        """Return the events that a message is worth, most often none or one; `now` is Unix time in seconds."""
        match message:
            case LogLines():
                return [log_event(line, now, source=COMFYUI) for line in message.lines]
            case NodeText() if message.text.strip():
                return [log_event(line, now, source=COMFYUI) for line in message.text.splitlines() if line.strip()]
            case Blocked():
                return [log_event(f"{self.title(message.node_id)}: {message.message}", now, source=COMFYUI)]
            case Preview():
                return self._preview(message, now)
            case Cached() | Executing() | Progress() | Succeeded():
                return self._progress(now) if self._advance(message) or self._is_due(now) else []
            case _:
                return []

    def title(self, node_id: str) -> str:
        """Return the title of a node, or its id where the workflow does not have it."""
        node = self._workflow.get(node_id)
        return node_title(node) if isinstance(node, dict) and "class_type" in node else node_id

    def _advance(self, message: JobMessage) -> bool:
        """Take in a message; tell whether it must be shown at once."""
        match message:
            case Cached():
                self._done.update(message.nodes)
                return bool(message.nodes)
            case Executing():
                self._enter(message.display_id)
                return True
            case Progress():
                self._value, self._max = message.value, message.max
                return message.value >= message.max
            case Succeeded():
                self._done.update(self._workflow)
                self._value = self._max
                return True
            case _:
                return False

    def _enter(self, node_id: str) -> None:
        if self._node and self._node != node_id:
            self._done.add(self._node)
        self._node, self._value, self._max = node_id, 0.0, 1.0

    def _is_due(self, now: float) -> bool:
        return now - self._last_progress >= self._progress_every

    def _progress(self, now: float) -> list[Event]:
        self._last_progress = now
        total = max(len(self._workflow), 1)
        done = len(self._done & self._workflow.keys())
        part = min(max(self._value / self._max, 0.0), 1.0) if self._max > 0 and self._node not in self._done else 0.0
        self._fraction = max(self._fraction, min((done + part) / total, 1.0))
        data = {
            "node_id": self._node, "title": self.title(self._node), "value": self._value, "max": self._max,
            "done": done, "total": total, "fraction": round(self._fraction, 4),
        }  # fmt: skip
        return [Event(EventKind.PROGRESS, data, now)]

    def _preview(self, message: Preview, now: float) -> list[Event]:
        if now - self._last_preview < self._preview_every:
            return []
        self._last_preview = now
        image = base64.b64encode(message.image).decode()
        data = {"node_id": message.node_id or self._node, "content_type": message.content_type, "data": image}
        return [Event(EventKind.PREVIEW, data, now)]
