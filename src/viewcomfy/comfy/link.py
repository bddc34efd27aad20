"""A link is the live connection to one running ComfyUI: its API, its socket, and the feeds of the jobs that run there."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from viewcomfy.comfy.api import ComfyApi
from viewcomfy.comfy.dispatch import Dispatcher
from viewcomfy.comfy.failures import broke_the_device, node_rejection, ran_out_of_memory
from viewcomfy.comfy.feed import Feed
from viewcomfy.comfy.logs import LineSplitter
from viewcomfy.comfy.messages import Failed, Finished, Interrupted, LogText, Started, Succeeded, decode
from viewcomfy.comfy.socket import ComfySocket
from viewcomfy.comfy.vitals import Vitals, watch_vitals
from viewcomfy.core.errors import BackendCrashed, BackendUnresponsive, NoBackend, ViewComfyError

TURNS = (Started, Succeeded, Failed, Interrupted, Finished)
"""After one of these, log lines belong to another prompt."""
OPEN_TIMEOUT = 15.0
INTERRUPT_EVERY = 0.5
REFUSED_GRACE = 60.0
EXIT_NOTICE = 1.0
"""Seconds in which the end of a process is told after a connection to it broke."""
FORGOTTEN = "ComfyUI no longer knows the job: it was started anew, or its queue was cleared."


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """When a busy ComfyUI is asked how it is, and when it counts as hung; in seconds. `vitals_every`: how often it is asked for its memory.

    A node that holds Python's lock keeps ComfyUI from answering, loading a large model for minutes among them: be generous.
    """

    silence: float = 30.0
    stall: float = 120.0
    probe_timeout: float = 10.0
    socket_lost: float = 30.0
    vitals_every: float = 10.0


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """Why a link is over. `is_failure`: nobody wanted it to end; `unresponsive`: ComfyUI was there but did not answer."""

    reason: str
    is_failure: bool = True
    unresponsive: bool = False


class Link:
    """Speak to a ComfyUI that runs. `exclusive`: it is our own process; otherwise its log comes through the socket.

    `before_turn` is called before it is said that a prompt begins or ends, `on_finished` when a prompt has ended and ComfyUI has not,
    `on_end` with the reason before anyone else learns that the link is over, `on_vitals` now and then, `on_log` with lines that come
    through the socket.
    """

    def __init__(
        self,
        url: str,
        *,
        exclusive: bool,
        limits: HealthLimits,
        before_turn: Callable[[], None] = lambda: None,
        on_finished: Callable[[], None] = lambda: None,
        on_end: Callable[[LinkEnd], None] = lambda _: None,
        on_vitals: Callable[[Vitals], None] = lambda _: None,
        on_log: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.api = ComfyApi(url)
        self.sid = uuid.uuid4().hex
        self.over: asyncio.Future[LinkEnd] = self._loop.create_future()
        self._exclusive, self._limits = exclusive, limits
        self._before_turn, self._on_finished, self._on_end = before_turn, on_finished, on_end
        self._on_vitals, self._on_log = on_vitals, on_log
        self._dispatcher = Dispatcher(exclusive=exclusive)
        self._splitter = LineSplitter()
        self._opened = asyncio.Event()
        self._heard = self._loop.time()
        self._socket = ComfySocket(self.api, self.sid, on_message=self._on_message, on_open=self._on_open, give_up_after=limits.socket_lost)
        self._group: asyncio.TaskGroup

    @property
    def prompt_ids(self) -> tuple[str, ...]:
        """The prompts that are followed now."""
        return self._dispatcher.prompt_ids

    async def run(self) -> None:
        """Keep the link up until `end` is called or ComfyUI is lost."""
        try:
            async with asyncio.TaskGroup() as self._group:
                tasks = [self._group.create_task(work()) for work in (self._hold_socket, self._watch_health, self._watch_vitals)]
                await asyncio.shield(self.over)
                for task in tasks:
                    task.cancel()
        finally:
            self.end(LinkEnd("The server is shutting down.", is_failure=False))
            await self.api.close()

    def end(self, end: LinkEnd) -> None:
        """End the link and tell every feed; only the first reason counts."""
        if not self.over.done():
            self.over.set_result(end)
            self._on_end(end)
            self._dispatcher.lose_all(end.reason, unresponsive=end.unresponsive)

    async def opened(self) -> None:
        """Return once the socket is up; raise NoBackend when that takes too long or the link ends first."""
        waiting = self._loop.create_task(self._opened.wait())
        wanted: set[asyncio.Future[Any]] = {waiting, self.over}
        await asyncio.wait(wanted, timeout=OPEN_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.over.done():
            raise NoBackend(self.over.result().reason)
        if not self._opened.is_set():
            raise NoBackend(f"ComfyUI's socket did not open within {OPEN_TIMEOUT:.0f} s.")

    @asynccontextmanager
    async def follow(self, prompt_id: str) -> AsyncIterator[Feed]:
        """Follow a prompt that is about to be queued."""
        feed = self._dispatcher.open(prompt_id)
        self._heard = self._loop.time()
        if self.over.done():
            self._dispatcher.lose(feed, self.over.result().reason, unresponsive=self.over.result().unresponsive)
        try:
            yield feed
        finally:
            self._dispatcher.close(feed)

    async def queue(self, feed: Feed, workflow: Mapping[str, Any], extra_data: Mapping[str, Any] | None = None) -> None:
        """Queue a feed's prompt; raise what ComfyUI finds wrong with it, also where that would only leave outputs out."""
        try:
            node_errors = await self.api.queue_prompt(workflow, feed.prompt_id, self.sid, extra_data)
        except BackendCrashed as fault:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EXIT_NOTICE):
                    raise BackendCrashed((await asyncio.shield(self.over)).reason) from fault
            raise
        feed.is_queued = True
        if node_errors:
            self._group.create_task(self.cancel(feed, grace=REFUSED_GRACE))
            raise node_rejection(node_errors)

    async def cancel(self, feed: Feed, *, grace: float) -> bool:
        """Take a prompt out of the queue or interrupt it; return False if it still runs after `grace` seconds.

        An interrupt that comes while ComfyUI is about to begin is lost on it, so it is repeated.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while not feed.ended.is_set():
                    with contextlib.suppress(BackendCrashed, BackendUnresponsive):
                        await self._cancel_once(feed)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(INTERRUPT_EVERY):
                            await feed.ended.wait()
        return feed.ended.is_set()

    def lines(self, lines: Sequence[str]) -> None:
        """Hand on log lines that came from the process itself."""
        self._heard = self._loop.time()
        self._dispatcher.lines(lines)

    async def _cancel_once(self, feed: Feed) -> None:
        await self.api.delete_pending(feed.prompt_id)
        state = await self.api.queue()
        if feed.prompt_id in state.running:
            await self.api.interrupt(feed.prompt_id)
        elif feed.prompt_id not in state and not feed.ended.is_set():
            entry = await self.api.history(feed.prompt_id)
            if entry is not None:
                self._dispatcher.fill(feed, entry)
            else:  # it was waiting: nobody tells of its end
                feed.put(Interrupted(feed.prompt_id))
                feed.put(Finished(feed.prompt_id))

    async def _hold_socket(self) -> None:
        self.end(LinkEnd(await self._socket.run()))

    def _on_open(self, is_again: bool) -> None:
        self._opened.set()
        if not self._exclusive:
            self._group.create_task(self._quietly(self.api.subscribe_logs(self.sid)))
        if is_again:
            self._dispatcher.gap()
            self._group.create_task(self._quietly(self._reconcile()))

    def _on_message(self, raw: str | bytes) -> None:
        self._heard = self._loop.time()
        message = decode(raw)
        if message is None:
            return
        if isinstance(message, TURNS):
            self._before_turn()
        if isinstance(message, LogText):
            lines = self._splitter.feed(message.text, self._heard)
            self._on_log(lines)
            self._dispatcher.lines(lines)
        elif self._dispatcher.message(message):
            self._group.create_task(self._quietly(self._reconcile()))
        if isinstance(message, Finished):
            self._on_finished()
        elif isinstance(message, Failed) and message.prompt_id in self.prompt_ids:
            self._after_failure(message)

    def _after_failure(self, failed: Failed) -> None:
        if broke_the_device(failed):
            self._loop.call_soon(self.end, LinkEnd(f"The GPU needs a fresh start after: {failed.message}"))
        elif ran_out_of_memory(failed):
            self._group.create_task(self._quietly(self.api.free()))

    async def _watch_health(self) -> None:
        """While jobs run and nothing is heard, ask; end the link when no answer comes for too long."""
        while True:
            await asyncio.sleep(self._limits.silence / 4)
            if not self._dispatcher.waiting or self._loop.time() - self._heard < self._limits.silence:
                continue
            try:
                await self.api.system_stats(timeout=self._limits.probe_timeout)
                await self._reconcile()
                self._heard = self._loop.time()
            except (BackendCrashed, BackendUnresponsive):
                silent = self._loop.time() - self._heard
                if silent >= self._limits.stall:
                    self.end(LinkEnd(f"ComfyUI has not answered for {silent:.0f} s.", unresponsive=True))

    async def _watch_vitals(self) -> None:
        every = self._limits.vitals_every
        await watch_vitals(self.api, every, may_ask=lambda: not self._is_quiet(every), tell=self._on_vitals)

    def _is_quiet(self, seconds: float) -> bool:
        """Tell whether nothing was heard of a running job for so long: ComfyUI may hang."""
        return bool(self._dispatcher.waiting) and self._loop.time() - self._heard > seconds

    async def _reconcile(self) -> None:
        """Compare what is followed with the queue and the history: tell feeds what they missed."""
        waiting = self._dispatcher.waiting  # before the questions: what is queued after them is not judged by them
        if not waiting:
            return
        state = await self.api.queue()  # before the history: a prompt goes from one to the other in one step
        for feed in waiting:
            if feed.prompt_id in state or feed.is_closed:
                continue
            entry = await self.api.history(feed.prompt_id)
            if entry is not None:
                self._dispatcher.fill(feed, entry)
            else:
                self._dispatcher.lose(feed, FORGOTTEN)

    @staticmethod
    async def _quietly(work: Any) -> None:
        """Do what is only help: where it fails, the health check sees to it."""
        with contextlib.suppress(ViewComfyError):
            await work
