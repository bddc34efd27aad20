"""What is on its way into the stream of events: in order for each job, sent again until it is stored or too old."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from nats.errors import Error, MaxPayloadError
from nats.js.errors import APIError

from viewcomfy.core.events import Event, EventKind
from viewcomfy.engine.errands import stop
from viewcomfy.engine.nats.news_codec import PER_MESSAGE, encode

Append = Callable[[str, bytes, str], Awaitable[None]]
"""Stores a message: its subject, its data, and the id by which it is known when it is sent again."""

MAX_UNSENT = 20_000
"""How many events wait at most; when NATS is away for long, the oldest are lost rather than all memory."""
GIVE_UP = 100.0
"""Seconds after which a message is not sent again: a little less than the time for which the stream knows it again."""
BYTES = 200_000
"""How long a message may get by taking in one more event."""
AT_ONCE = 64

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Lane:
    """The events of one job that wait, each with its subject; its task sends one message at a time."""

    waiting: deque[tuple[str, Event]] = field(default_factory=deque)
    empty: asyncio.Event = field(default_factory=asyncio.Event)


class Outbox:
    """Send events without having their teller wait. Use it as an async context manager: it owns the tasks that send."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._lanes: dict[str, _Lane] = {}
        self._count = 0
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._group: asyncio.TaskGroup | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Outbox:
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send what can be sent within a moment."""
        group, self._group = self._group, None
        if group is None:
            return
        if self._sending:
            await asyncio.wait(self._sending, timeout=2.0)
        await asyncio.gather(*(stop(task) for task in list(self._sending)))
        await group.__aexit__(None, None, None)

    def add(self, prompt_id: str, subject: str, events: Iterable[Event]) -> None:
        """Have events of a job sent after all that were added before. Does nothing once the outbox is closed."""
        if self._group is None:
            return
        lane = self._lanes.get(prompt_id)
        if lane is None:
            lane = self._lanes[prompt_id] = _Lane()
            task = self._group.create_task(self._send(prompt_id, lane))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        before = len(lane.waiting)
        lane.waiting.extend((subject, event) for event in events)
        self._count += len(lane.waiting) - before
        while self._count > MAX_UNSENT:
            self._drop_oldest()

    async def flush(self, prompt_id: str, patience: float) -> None:
        """Wait until everything of a job that was added is stored, or for so many seconds."""
        lane = self._lanes.get(prompt_id)
        if lane is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await lane.empty.wait()

    async def _send(self, prompt_id: str, lane: _Lane) -> None:
        try:
            while lane.waiting:
                subject, batch = self._take(lane)
                await self._store(prompt_id, subject, batch)
        finally:
            self._count -= len(lane.waiting)
            del self._lanes[prompt_id]
            lane.empty.set()

    def _take(self, lane: _Lane) -> tuple[str, list[Event]]:
        """Take events that make one message; of those that tell progress only the last."""
        subject = lane.waiting[0][0]
        batch: list[Event] = []
        size = 0
        while lane.waiting and lane.waiting[0][0] == subject and len(batch) < PER_MESSAGE and size < BYTES:
            event = lane.waiting.popleft()[1]
            self._count -= 1
            batch.append(event)
            size += len(json.dumps(dict(event.data)))
            if event.kind is EventKind.STATUS:  # it has an id of its own
                break
        last = max((index for index, event in enumerate(batch) if event.kind is EventKind.PROGRESS), default=-1)
        return subject, [event for index, event in enumerate(batch) if event.kind is not EventKind.PROGRESS or index == last]

    async def _store(self, prompt_id: str, subject: str, batch: list[Event]) -> None:
        """Send a message until it is stored, can't be, or is too old."""
        data, msg_id, began = encode(prompt_id, batch), _id_of(prompt_id, batch), time.monotonic()
        pause = 0.05
        while (fault := await self._try(subject, data, msg_id)) is not None:
            if _is_refusal(fault) or time.monotonic() - began > GIVE_UP:
                log.warning("events lost", prompt_id=prompt_id, events=len(batch), error=repr(fault))
                return
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

    async def _try(self, subject: str, data: bytes, msg_id: str) -> Exception | None:
        try:
            async with self._at_once:
                await self._append(subject, data, msg_id)
        except (Error, OSError) as fault:
            return fault
        return None

    def _drop_oldest(self) -> None:
        """Let the oldest event go of the job that has most; a change of status is kept."""
        lane = max(self._lanes.values(), key=lambda lane: len(lane.waiting))
        for index, (_, event) in enumerate(lane.waiting):
            if event.kind is not EventKind.STATUS:
                del lane.waiting[index]
                break
        else:
            lane.waiting.popleft()
        self._count -= 1


def _id_of(prompt_id: str, batch: list[Event]) -> str:
    """Return the id of a message; a change of status has the same whoever tells it, because a new leader tells the last ones again."""
    first = batch[0]
    if first.kind is not EventKind.STATUS:
        return secrets.token_hex(12)
    return f"{prompt_id}.{first.data['status']}.{first.data['attempt']}"


def _is_refusal(fault: Exception) -> bool:
    return isinstance(fault, MaxPayloadError) or (isinstance(fault, APIError) and (fault.code or 503) < 500)
