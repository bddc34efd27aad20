"""Following a job: its stream where one works, and polls, which are the truth, wherever it does not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from viewcomfy.client._core import is_passing, still_running
from viewcomfy.core.errors import InternalError, ViewComfyError
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import JobStatus
from viewcomfy.wire.jobs import JobDetail

POLL_FIRST, POLL_MOST = 0.1, 2.0
"""Seconds between the first polls, and the most between later ones."""
SILENT_STREAMS = 2
"""After so many streams in a row without a single byte (something on the way holds them back) there are only polls."""
QUIET = 3
"""A stream that brings heartbeats and no event for so many times `idle` is left for a poll."""
NO_STREAM = (404, 405, 406, 410, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to bear what, in seconds.

    `idle`: a stream without a byte (heartbeats count). `lost`: a server that cannot be reached. `streams`: False uses polls
    alone.
    """

    idle: float = 20.0
    lost: float = 60.0
    streams: bool = True


@dataclass(slots=True)
class SseReader:
    """Server-sent events out of chunks of bytes, cut anywhere."""

    _rest: bytes = b""
    _fields: dict[str, str] = field(default_factory=dict)

    def feed(self, chunk: bytes) -> Iterator[dict[str, str]]:
        """Yield the fields of every event that this chunk completes; several data lines are joined, comments left out."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            text = line.removesuffix(b"\r").decode(errors="replace")
            if not text:
                if self._fields:
                    fields, self._fields = self._fields, {}
                    yield fields
            elif not text.startswith(":"):
                name, _, value = text.partition(":")
                value = value.removeprefix(" ")
                known = self._fields.get(name)
                self._fields[name] = value if known is None or name != "data" else f"{known}\n{value}"


def read_event(fields: Mapping[str, str]) -> Event | None:
    """Return the event in an SSE's fields, None for one that this version does not know."""
    try:
        kind, data = EventKind(fields.get("event", "")), json.loads(fields.get("data", ""))
        seq = int(fields.get("id", 0))
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    at = data.pop("at", 0.0)
    return Event(kind, data, at if isinstance(at, int | float) else 0.0, seq)


class Following:
    """Where the following of one job stands; the clients act, this decides.

    A client goes round: the stream while `streaming`, then a poll, then a `pause`, until `done`. `job` is set once a poll
    saw the job ended. With `news` False only the end matters.
    """

    def __init__(
        self,
        prompt_id: str,
        patience: Patience,
        now: float,
        *,
        news: bool = True,
        timeout: float | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.prompt_id = prompt_id
        self.streaming = self._streamable = patience.streams
        self.done = False
        self.job: JobDetail | None = None
        self._patience = patience
        self._news = news
        self._timeout = timeout
        self._deadline = None if timeout is None else now + timeout
        self._chance = chance
        self._seq = 0
        self._status: tuple[object, object] | None = None
        self._contact = now
        self._event_at = self._opened_at = now
        self._read_timeout = patience.idle
        self._reader = SseReader()
        self._bytes = False
        self._silent = 0
        self._fruitless = 0
        self._ended = False

    # --- the stream ---------------------------------------------------------------------------------------------------
    def headers(self) -> dict[str, str]:
        """Return what to ask a stream with, beside credentials: from where to go on."""
        resume = {"Last-Event-ID": str(self._seq)} if self._seq else {}
        # a compressed stream would be held back by whoever compresses it
        return {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store", **resume}

    def read_timeout(self, now: float) -> float:
        """Return how many seconds a stream opened now may be silent."""
        left = self._patience.idle if self._deadline is None else max(0.01, self._deadline - now)
        self._read_timeout = min(self._patience.idle, left)
        self._reader, self._bytes, self._event_at, self._opened_at = SseReader(), False, now, now
        return self._read_timeout

    def opened(self, status: int, content_type: str, now: float) -> bool:
        """Tell whether the answer is a stream; one that never will be is not asked for again."""
        if status == 200 and content_type.startswith("text/event-stream"):
            self._contact = now
            return True
        if status in NO_STREAM or status == 200:
            self.streaming = self._streamable = False
        self._ended = self._ended or status == 204  # nothing came after the last event that is known
        return False

    def fed(self, chunk: bytes, now: float) -> list[Event]:
        """Return the new events in a chunk of the stream."""
        self._bytes, self._silent, self._contact = True, 0, now
        news = []
        for fields in self._reader.feed(chunk):
            event = read_event(fields)
            if event is None or (event.seq and event.seq <= self._seq):
                continue
            self._seq = event.seq or self._seq
            self._event_at, self._fruitless = now, 0
            news.append(event)
            if event.kind is EventKind.STATUS and self._saw(event):
                break
        return news

    def _saw(self, event: Event) -> bool:
        status = event.data.get("status")
        self._status = (status, event.data.get("attempt"))
        self.done = status in {s.value for s in JobStatus if s.is_final}
        return self.done

    def must_leave(self, now: float) -> bool:
        """Tell whether to leave a stream that still speaks: it told nothing for long, or the deadline is near."""
        near = self._deadline is not None and self._deadline - now < 0.9 * self._read_timeout
        return self.done or near or now - self._event_at > QUIET * self._patience.idle

    def stream_ended(self, now: float) -> None:
        """Note that a stream was left, broke, fell silent or ended before the job did."""
        if now - self._opened_at > POLL_MOST:  # it was not refused at once: no need to hold back
            self._fruitless = 0
        if not self._bytes:
            self._silent += 1
            self.streaming = self.streaming and self._silent < SILENT_STREAMS

    # --- polls --------------------------------------------------------------------------------------------------------
    def polled(self, job: JobDetail, now: float) -> list[Event]:
        """Take in what a poll saw; return the event of a status that no stream has told of."""
        self._contact = now
        if job.status.is_final:
            if self._news and self._streamable and not self._ended and not self.done:
                # the lines told since the stream broke are still to be had, even through a proxy that holds streams back
                self._ended = self.streaming = True
                return []
            self.job, self.done = job, True
        status = (job.status.value, job.attempt)
        if status == self._status:
            return []
        self._status, self._fruitless = status, 0
        error = {"error": job.error.model_dump()} if job.error else {}
        at = job.finished_at or job.started_at or job.created_at
        return [Event(EventKind.STATUS, {"status": status[0], "attempt": job.attempt, **error}, at)]

    def unanswered(self, error: ViewComfyError, now: float) -> None:
        """Bear a poll that failed; raise its error when it is no passing one or when patience ends."""
        if not (is_passing(error) or isinstance(error, InternalError)) or now - self._contact > self._patience.lost:
            raise error

    def pause(self, now: float) -> float:
        """Return the seconds until the next round; raise StillRunning when time is up."""
        if self._deadline is not None and now >= self._deadline:
            raise still_running(self.prompt_id, self._timeout)
        pause: float = min(POLL_MOST, POLL_FIRST * 2 ** min(self._fruitless, 10)) * (0.5 + self._chance() / 2)
        self._fruitless += 1
        return pause if self._deadline is None else min(pause, self._deadline - now)
