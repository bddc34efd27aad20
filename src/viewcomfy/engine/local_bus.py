"""The bus: the news of every job that lives, and their way into the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import takewhile
from typing import Any

import structlog

from viewcomfy.core.errors import DiskFull, ServerUnavailable, UnknownJob, ViewComfyError
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobError, JobStatus
from viewcomfy.engine.local_news import JobNews
from viewcomfy.engine.rows import EventRows, QueueRows
from viewcomfy.engine.standing import REMEMBERED

GAP = 100_000
"""Numbering goes on this far above the last stored event after a restart: what a crash has lost had numbers too."""
MAX_UNSTORED = 20_000
"""How many events wait for the store at most; when it cannot take any, the oldest are lost rather than all memory."""

log = structlog.get_logger(__name__)


class Bus:
    """Number, keep, hand out and store events."""

    def __init__(self, queue: QueueRows, rows: EventRows, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._rows = rows
        self._clock = clock
        self._news: dict[str, JobNews] = {}
        self._bases: dict[str, int] = {}
        self._unstored: list[tuple[str, Event]] = []
        self._trims: dict[str, int] = {}
        self._ending: list[str] = []
        self._ended: dict[str, float] = {}

    def resume(self, last_seqs: Iterable[tuple[str, int]]) -> None:
        """Go on numbering where an earlier process stopped, for the jobs that it has left unfinished."""
        self._bases.update((prompt_id, last_seq - last_seq % GAP + GAP) for prompt_id, last_seq in last_seqs)

    def has_ended(self, prompt_id: str) -> bool:
        """Tell whether a job has ended within the last REMEMBERED seconds."""
        return prompt_id in self._ended

    def status(self, prompt_id: str, status: JobStatus, attempt: int, error: JobError | None = None) -> None:
        """Add the event of a change of status; a final one ends the job's news."""
        news = self._open(prompt_id)
        self._add(prompt_id, news, Event(EventKind.STATUS, _status(status, attempt, error)))
        if status.is_final:
            news.end()
            self._ending.append(prompt_id)
            self._ended[prompt_id] = self._clock()

    async def emit(self, prompt_id: str, events: Iterable[Event]) -> None:
        """Add events of a job that lives; those of a finished one are dropped. Raises UnknownJob."""
        if not self._lives(prompt_id) and (self.has_ended(prompt_id) or await self._finished(prompt_id) is not None):
            return
        news = self._open(prompt_id)
        for event in events:
            self._add(prompt_id, news, event)

    async def follow(self, prompt_id: str, after_seq: int) -> AsyncIterator[Event]:
        """Yield what is kept above a seq, then what comes, until the final STATUS event. Raises UnknownJob."""
        finished = None if self._lives(prompt_id) else await self._finished(prompt_id)
        if finished is not None:
            for event in await self._story(finished, after_seq):
                yield event
            return
        news = self._open(prompt_id)
        if after_seq < news.base:
            for event in takewhile(lambda event: event.seq <= news.base, await self._rows.read(prompt_id, after_seq)):
                yield event
        async for event in news.follow(max(after_seq, news.base)):
            yield event

    async def ended(self, prompt_id: str) -> None:
        """Return once a job has its final status. Raises UnknownJob, or ServerUnavailable when the engine closes."""
        if self._lives(prompt_id) or await self._finished(prompt_id) is None:
            await self._open(prompt_id).until_ended()

    async def store(self) -> None:
        """Store what has come in; of a job's progress only the latest. Afterwards the store can answer for jobs that have ended."""
        batch, self._unstored = self._unstored, []
        trims, self._trims = self._trims, {}
        ending, self._ending = self._ending, []
        try:
            if batch or trims:
                await self._rows.append(_worth_storing(batch), trims)
        except (ServerUnavailable, DiskFull) as fault:
            log.warning("events not stored yet", events=len(batch), error=str(fault))
            self._unstored = (batch + self._unstored)[-MAX_UNSTORED:]
            self._trims = trims | self._trims
            self._ending += ending
            return
        except ViewComfyError as fault:  # trying the same again would not help
            log.exception("events lost", events=len(batch), error=str(fault))
        for prompt_id in ending:
            del self._news[prompt_id]
        self._forget_ended()

    def close(self) -> None:
        """Send every follower away."""
        for news in self._news.values():
            news.close()

    def _lives(self, prompt_id: str) -> bool:
        """Tell whether what is known here of a job is all that is needed: it is unfinished, or its end is not stored yet."""
        return prompt_id in self._news or prompt_id in self._bases

    async def _finished(self, prompt_id: str) -> Job | None:
        """Return a job if it is finished and stored; None while it lives. Raises UnknownJob."""
        while True:
            job = await self._queue.standing(prompt_id)
            if job is None:
                raise UnknownJob(f"There is no job {prompt_id[:80]!r}.")
            if job.status.is_final and prompt_id not in self._news:
                return job
            if not self.has_ended(prompt_id) or prompt_id in self._news:
                return None
            # it ran from its claim to its end while its row was read: read it again

    def _forget_ended(self) -> None:
        oldest = self._clock() - REMEMBERED
        for prompt_id in list(takewhile(lambda prompt_id: self._ended[prompt_id] < oldest, self._ended)):
            del self._ended[prompt_id]

    def _open(self, prompt_id: str) -> JobNews:
        news = self._news.get(prompt_id)
        if news is None:
            news = self._news[prompt_id] = JobNews(self._bases.pop(prompt_id, 0))
        return news

    def _add(self, prompt_id: str, news: JobNews, event: Event) -> None:
        trimmed = news.trimmed_below
        numbered = news.add(event, self._clock())
        if numbered is not None:
            self._unstored.append((prompt_id, numbered))
        if news.trimmed_below != trimmed:
            self._trims[prompt_id] = news.trimmed_below

    async def _story(self, job: Job, after_seq: int) -> list[Event]:
        """Return the stored events of a finished job, with its end told anew where a crash has lost that event."""
        stored = await self._rows.read(job.prompt_id, 0)
        last = stored[-1] if stored else Event(EventKind.LOG)
        if last.kind is not EventKind.STATUS or last.data.get("status") != job.status.value:
            data = _status(job.status, job.attempt, job.error)
            stored.append(Event(EventKind.STATUS, data, job.finished_at or 0.0, last.seq - last.seq % GAP + GAP))
        return [event for event in stored if event.seq > after_seq]


def _status(status: JobStatus, attempt: int, error: JobError | None) -> dict[str, Any]:
    data: dict[str, Any] = {"status": status.value, "attempt": attempt}
    return data if error is None else {**data, "error": error.as_dict()}


def _worth_storing(batch: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
    latest = {prompt_id: event.seq for prompt_id, event in batch if event.kind is EventKind.PROGRESS}
    return [(job, event) for job, event in batch if event.kind is not EventKind.PROGRESS or latest[job] == event.seq]
