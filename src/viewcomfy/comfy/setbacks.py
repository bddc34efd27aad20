"""Setbacks are the failures of one backend, and the pause that they put before its next start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

LONGEST_PAUSE = 60.0


class Setbacks:
    """Count failures. `last` is the reason of the last one."""

    def __init__(self) -> None:
        self.total = 0
        self.last: str | None = None
        self._in_a_row = 0
        self._failed_at = 0.0
        self._forgiven = asyncio.Event()

    def note(self, reason: str) -> None:
        """Note a failure."""
        self.total, self.last = self.total + 1, reason
        self._in_a_row += 1
        self._failed_at = time.monotonic()

    def forgive(self) -> None:
        """Begin to count in a row anew, and end a pause: it has worked, or somebody who has seen the failures wants it to go on."""
        self._in_a_row = 0
        self._forgiven.set()

    async def pause(self, tell: Callable[[str], None]) -> None:
        """Wait before the next start: after two failures in a row a second, then ever longer, up to a minute."""
        if self._in_a_row < 2:
            return
        seconds = min(2.0 ** (self._in_a_row - 2), LONGEST_PAUSE) - (time.monotonic() - self._failed_at)
        if seconds <= 0:
            return
        tell(f"ComfyUI failed {self._in_a_row} times in a row; the next start is in {seconds:.0f} s.")
        self._forgiven.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._forgiven.wait()
