"""One follower of a job that lives: what the stream has kept, then what is told live, each event once and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from nats.aio.msg import Msg

from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job
from viewcomfy.engine.nats.link import Link
from viewcomfy.engine.nats.mailbox import Mailbox, answered
from viewcomfy.engine.nats.news_codec import PREVIEW, decode, stream_seq
from viewcomfy.engine.nats.news_stream import EventStream
from viewcomfy.engine.nats.reading import Message, stored


class Following:
    """Where a follower is in the events of a job. Its mailbox gets what is told live, which may have gaps: the stream has none."""

    def __init__(self, link: Link, stream: EventStream, job: Job, after_seq: int) -> None:
        self._link = link
        self._stream = stream
        self._job = job
        self._after_seq = after_seq
        self._next_message = stream_seq(after_seq)
        self._missed = True
        self.mailbox = Mailbox(link.client, stream.live(job.pool, job.prompt_id, "*"))

    async def begin(self) -> None:
        """Wait until what is told from now on comes into the open mailbox. Raises ServerUnavailable."""
        with answered():
            await self._link.client.flush()

    def doubt(self) -> None:
        """Have the stream read again before the next event."""
        self._missed = True

    async def events(self, seconds: float) -> AsyncIterator[Event]:
        """Yield events until none has come for so many seconds. Raises ServerUnavailable."""
        while True:
            if self._has_gap():
                async for page in self._stream.pages(self._stream.subject(self._job.pool, self._job.prompt_id, "*"), self._next_message):
                    for event in self._fresh(page):
                        yield event
            mail = await self.mailbox.next(seconds)
            if mail is not None:
                for event in self._read(mail):
                    yield event
            elif not self.mailbox.spilled:
                return

    def _has_gap(self) -> bool:
        """Tell whether something may have been told that did not come in, and take note of it."""
        gap = self._missed or self.mailbox.spilled
        self._missed, self.mailbox.spilled = False, False
        return gap

    def _read(self, mail: Msg) -> Iterable[Event]:
        if mail.subject.endswith(f".{PREVIEW}"):
            return decode(mail.subject, mail.data, 0)
        message = stored(mail)
        if message is None:
            return []
        if message.before >= self._next_message:
            self._missed = True
            return []
        return self._fresh([message])

    def _fresh(self, messages: Iterable[Message]) -> list[Event]:
        """Return the events of messages that were not handed out yet."""
        fresh = []
        for message in messages:
            self._next_message = max(self._next_message, message.seq + 1)
            for event in decode(message.subject, message.data, message.seq):
                if event.seq > self._after_seq:
                    self._after_seq = event.seq
                    fresh.append(event)
        return fresh
