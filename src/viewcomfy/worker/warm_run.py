"""One run of a warm-up in ComfyUI: what it makes is thrown away, and a job that comes ends it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from viewcomfy.comfy.backend import Backend
from viewcomfy.comfy.failures import failure
from viewcomfy.comfy.feed import Feed
from viewcomfy.comfy.link import Link
from viewcomfy.comfy.messages import BackendLost, Failed, Interrupted, Succeeded
from viewcomfy.core.errors import BackendCrashed, BackendUnresponsive, TimedOut, WorkflowFailed
from viewcomfy.core.workflows import with_output_folder
from viewcomfy.worker.execution import OUTPUT_FOLDER
from viewcomfy.worker.runner import remove_all

GRACE = 10.0
"""Seconds between the interrupt of a warm-up that takes too long and the end of its ComfyUI."""
LEAVE_GRACE = 1.0
"""The same when the worker must stop now."""


class Disturbed(Exception):
    """A job came first."""


class _Stopped(Exception):
    """ComfyUI says that it was interrupted."""


class Lost(Exception):
    """The backend was stopped meanwhile."""


class WarmRun:
    """Runs a workflow once, for `time_limit` seconds at most and until `disturbed` is set; `paused` keeps jobs away while that ends it."""

    def __init__(
        self,
        backend: Backend,
        workflow: Mapping[str, Any],
        time_limit: float,
        disturbed: asyncio.Event,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._backend = backend
        self._workflow = workflow
        self._time_limit = time_limit
        self._disturbed = disturbed
        self._paused = paused
        self._prompt_id = f"warm-up-{uuid.uuid4().hex}"
        self._folder = f"{OUTPUT_FOLDER}/{self._prompt_id}"

    async def run(self) -> None:
        """Return when it has succeeded. Raises Disturbed, Lost, or a ViewComfyError when it failed."""
        try:
            async with self._backend.use() as link, link.follow(self._prompt_id) as feed:
                try:
                    await link.queue(feed, with_output_folder(self._workflow, self._folder))
                    await self._run_on(link, feed)
                except (BackendCrashed, BackendUnresponsive) as fault:
                    if link.over.done() and not link.over.result().is_failure:
                        raise Lost from fault
                    raise
        finally:
            if self._backend.folders is not None:
                await asyncio.to_thread(remove_all, [self._backend.folders.output / self._folder])

    async def _run_on(self, link: Link, feed: Feed) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._time_limit
        following, disturbed = asyncio.create_task(self._follow(feed)), asyncio.create_task(self._disturbed.wait())
        try:
            await asyncio.wait({following, disturbed}, timeout=self._time_limit, return_when=asyncio.FIRST_COMPLETED)
            if not following.done() and disturbed.done():
                with self._paused():  # what waits is not claimed to wait here, where another backend may have it
                    await link.cancel(feed, grace=deadline - loop.time())
            if not feed.ended.is_set() and not following.done():
                await self._end(link, feed)
                raise TimedOut(f"It took longer than {self._time_limit:g} s.")
            await following
        except _Stopped as fault:
            if disturbed.done():
                raise Disturbed from fault
            raise WorkflowFailed("Somebody interrupted it in ComfyUI.") from fault
        except asyncio.CancelledError:
            await link.cancel(feed, grace=LEAVE_GRACE)
            raise
        finally:
            following.cancel()
            disturbed.cancel()
            await asyncio.wait({following, disturbed})

    async def _end(self, link: Link, feed: Feed) -> None:
        """Interrupt what takes too long; where that does not help, end its ComfyUI, if that is ours to end."""
        if not await link.cancel(feed, grace=GRACE) and self._backend.is_managed:
            await self._backend.kill("A warm-up did not stop when it was interrupted.")

    async def _follow(self, feed: Feed) -> None:
        async for message in feed:
            match message:
                case Failed():
                    raise failure(message, self._workflow)
                case Interrupted():
                    raise _Stopped
                case BackendLost():
                    raise (BackendUnresponsive if message.unresponsive else BackendCrashed)(message.reason)
                case Succeeded():
                    return
