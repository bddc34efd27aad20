"""The story of a job that has ended: what is worth keeping of its events, from the store or from the stream."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job
from viewcomfy.engine.local_news import LIMITS
from viewcomfy.engine.nats.news_codec import decode, end_anew, is_end, stream_seq
from viewcomfy.engine.nats.news_stream import EventStream
from viewcomfy.engine.rows import EventRows

FRESH = 60.0
"""Seconds after its end in which the end of a job may still be on its way into the stream."""
GRACE = 2.0
"""Seconds for which it is waited for."""


class Standing(Protocol):
    """What is needed of the jobs' rows."""

    async def standing(self, prompt_id: str) -> Job | None:
        """Return a job as it stands."""


class Digest:
    """Of the events of a job what is worth keeping: its last log lines, its latest progress, everything else."""

    def __init__(self) -> None:
        self._lines: deque[Event] = deque(maxlen=LIMITS[EventKind.LOG])
        self._progress: deque[Event] = deque(maxlen=1)
        self._others: list[Event] = []
        self.ended = False

    def add(self, event: Event) -> None:
        """Take an event in; those after the end are not."""
        if self.ended:
            return
        places = {EventKind.LOG: self._lines, EventKind.PROGRESS: self._progress}
        places.get(event.kind, self._others).append(event)
        self.ended = is_end(event)

    def events(self) -> list[Event]:
        """Return what was kept, in order."""
        return sorted([*self._lines, *self._progress, *self._others], key=lambda event: event.seq)


class Stories:
    """Read the stories of jobs that have ended, and keep them in the store."""

    def __init__(self, stream: EventStream, rows: EventRows, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._rows = rows
        self._clock = clock

    async def read(self, job: Job, after_seq: int = 0) -> list[Event]:
        """Return the events of a job that has ended, with its end told anew where that event was lost. Raises ServerUnavailable."""
        story = await self._whole(job)
        return [event for event in story if event.seq > after_seq]

    async def archive(self, job: Job) -> None:
        """Keep the story of a job that has ended in the store; once is enough, twice does no harm. Raises what the store raises."""
        kept = await self._rows.read(job.prompt_id, 0)
        if not kept or not is_end(kept[-1]):
            last_seq = kept[-1].seq if kept else 0
            await self._rows.append([(job.prompt_id, event) for event in await self._whole(job) if event.seq > last_seq], {})

    async def _whole(self, job: Job) -> list[Event]:
        kept = await self._rows.read(job.prompt_id, 0)
        if kept and is_end(kept[-1]):
            return kept
        last_seq = kept[-1].seq if kept else 0
        told = await self._told(job, last_seq)
        if not told.ended:
            seqs = (event.seq for event in told.events()[-1:])
            told.add(end_anew(job, max(last_seq, *seqs, 0)))
        return kept + told.events()

    async def _told(self, job: Job, after_seq: int) -> Digest:
        """Read a job's events from the stream; wait a moment for the end of one that has just ended."""
        fresh = self._clock() - (job.finished_at or 0.0) < FRESH
        deadline = time.monotonic() + (GRACE if fresh else 0.0)
        digest = Digest()
        subject = self._stream.subject(job.pool, job.prompt_id, "*")
        start = stream_seq(after_seq)
        while True:
            async for page in self._stream.pages(subject, start):
                for message in page:
                    start = message.seq + 1
                    for event in decode(message.subject, message.data, message.seq):
                        if event.seq > after_seq:
                            digest.add(event)
            if digest.ended or time.monotonic() > deadline:
                return digest
            await asyncio.sleep(0.1)
