"""The live news of one job: numbered, kept within bounds, handed to everyone who follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.core.events import Event, EventKind

LIMITS = {EventKind.LOG: 5000, EventKind.PROGRESS: 200}
"""How many events of a kind are kept of a job at least; the other kinds are few and all kept."""
_SLACK = 1.1
"""How far over its limit a kind may grow before the oldest go, so that they go many at a time."""


class JobNews:
    """The events of a job that lives. `base` is the last seq that belongs to an earlier run of the process."""

    __slots__ = ("_counts", "_followers", "_kept", "_over", "_preview", "base", "closed", "ended", "last_seq", "trimmed_below")

    def __init__(self, base: int = 0) -> None:
        self.base = base
        self.last_seq = base
        self.ended = False
        self.closed = False
        self.trimmed_below = 0
        """Log lines below this seq are no longer kept."""
        self._kept: dict[int, Event] = {}
        self._counts: dict[EventKind, int] = {}
        self._preview: Event | None = None
        self._followers: set[asyncio.Event] = set()
        self._over = asyncio.Event()

    def add(self, event: Event, at: float) -> Event | None:
        """Number an event and wake the followers; return it as it is to be stored, None for a preview or after the end."""
        if self.ended:
            return None
        self.last_seq += 1
        numbered = Event(event.kind, event.data, event.at or at, self.last_seq)
        is_preview = event.kind is EventKind.PREVIEW
        if is_preview:
            self._preview = numbered
        else:
            self._kept[numbered.seq] = numbered
            self._trim(event.kind)
        for wake in self._followers:
            wake.set()
        return None if is_preview else numbered

    def end(self) -> None:
        """Let the followers end; the final STATUS event has been added."""
        self.ended = True
        self._preview = None
        self._over.set()

    def close(self) -> None:
        """Send the followers away: the process ends before the job does."""
        self.closed = True
        self._over.set()
        for wake in self._followers:
            wake.set()

    async def until_ended(self) -> None:
        """Return once the job has ended. Raises ServerUnavailable when the engine closes first."""
        await self._over.wait()
        if not self.ended:
            raise ServerUnavailable("The server is shutting down.", retry_after=1.0)

    async def follow(self, after_seq: int) -> AsyncIterator[Event]:
        """Yield the kept events with a greater seq, then live ones until the job ends. Raises ServerUnavailable when the engine closes."""
        wake = asyncio.Event()
        live_from = self.last_seq
        self._followers.add(wake)
        try:
            while True:
                wake.clear()
                fresh = self._since(after_seq)
                for event in fresh:
                    after_seq = event.seq
                    if event.kind is not EventKind.PREVIEW or event.seq > live_from:  # an older preview is no news any more
                        yield event
                if fresh:
                    continue  # more may have come in while these were handed out
                if self.ended:
                    return
                if self.closed:
                    raise ServerUnavailable("The server is shutting down.", retry_after=1.0)
                await wake.wait()
        finally:
            self._followers.discard(wake)

    def _since(self, seq: int) -> list[Event]:
        fresh = []
        for event in reversed(self._kept.values()):
            if event.seq <= seq:
                break
            fresh.append(event)
        fresh.reverse()
        if self._preview is not None and self._preview.seq > seq:
            fresh.append(self._preview)
            fresh.sort(key=lambda event: event.seq)
        return fresh

    def _trim(self, kind: EventKind) -> None:
        limit = LIMITS.get(kind)
        if limit is None:
            return
        self._counts[kind] = count = self._counts.get(kind, 0) + 1
        if count <= limit * _SLACK:
            return
        seqs = [seq for seq, event in self._kept.items() if event.kind is kind]
        for seq in seqs[:-limit]:
            del self._kept[seq]
        self._counts[kind] = limit
        if kind is EventKind.LOG:
            self.trimmed_below = seqs[-limit]
