"""What the fake writes: ComfyUI's log lines, tqdm's progress bars and plain prints, kept and handed to whoever listens."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

KEPT_ENTRIES = 300
BAR_CELLS = 10
BAR_PAUSE = 0.1
"""Seconds between two drawings of one bar."""


class Console:
    """Writes to `out` (the real standard output of the command, nothing in tests) and to the sockets that subscribed."""

    def __init__(self, out: Callable[[str], object] | None, publish: Callable[[list[dict[str, str]]], None]) -> None:
        self.entries: deque[dict[str, str]] = deque(maxlen=KEPT_ENTRIES)
        self._out = out
        self._publish = publish
        self._bar_drawn = 0.0

    def log(self, text: str) -> None:
        """Write a line as ComfyUI's logging does."""
        self._publish([self._write(f"{text}\n")])

    def print(self, text: str) -> None:
        """Write a line as a node's `print()` does: subscribers do not get it."""
        self._write(f"{text}\n")

    def bar(self, value: int, total: int) -> None:
        """Draw a progress bar over the last one, at 0, at the end, and in between not too often."""
        now = time.monotonic()
        if 0 < value < total and now - self._bar_drawn < BAR_PAUSE:
            return
        self._bar_drawn = now
        cells = "█" * (BAR_CELLS * value // total)
        drawn = [self._write(f"\r{100 * value // total:3d}%|{cells:<{BAR_CELLS}}| {value}/{total} [00:00<00:00, 99.99it/s]")]
        if value == total:
            drawn.append(self._write("\n"))
        self._publish(drawn)

    def raw(self) -> dict[str, Any]:
        """Return what `/internal/logs/raw` answers."""
        return {"entries": list(self.entries), "size": {"cols": 80, "rows": 24}}

    def _write(self, text: str) -> dict[str, str]:
        entry = {"t": datetime.now().isoformat(), "m": text}
        if text.startswith("\r") and self.entries and not self.entries[-1]["m"].endswith("\n"):
            self.entries.pop()
        self.entries.append(entry)
        if self._out is not None:
            self._out(text)
        return entry
