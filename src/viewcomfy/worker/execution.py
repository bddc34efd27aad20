"""One attempt at one job on one backend: bring its files, queue it, follow it, keep what it makes."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.failures import failure
from viewcomfy.comfy.feed import Feed
from viewcomfy.comfy.link import Link
from viewcomfy.comfy.messages import BackendLost, Failed, Interrupted, JobMessage, NodeOutput, Started, Succeeded
from viewcomfy.comfy.news import JobNews
from viewcomfy.core.errors import BackendCrashed, BackendUnresponsive, JobCanceled, TimedOut, ViewComfyError, WorkflowFailed
from viewcomfy.core.events import Event, EventKind, log_event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest, Upload
from viewcomfy.core.keys import is_guest_id
from viewcomfy.core.outputs import Output
from viewcomfy.core.params import with_value
from viewcomfy.core.workflows import with_output_folder
from viewcomfy.engine.base import Engine, Lease
from viewcomfy.files.base import Files
from viewcomfy.worker.collect import Collector
from viewcomfy.worker.job_trace import JobTrace
from viewcomfy.worker.patience import patiently

OUTPUT_FOLDER = "viewcomfy"
"""All that we let ComfyUI save goes below this folder of its output folder, one folder a job."""
SPARE_SECONDS = 2.0
"""How long a job waits behind a short one in ComfyUI's own queue before it is taken back for another backend."""


class NotStarted(Exception):
    """The job waited too long behind another one; it has been taken back and may run elsewhere."""


class Execution:
    """One attempt. `stop` ends it early: the prompt is interrupted, and after `grace` seconds its backend is killed.

    `spare`: the backend is busy with another job, and this one is queued behind it.
    """

    def __init__(
        self,
        job: Job,
        lease: Lease,
        backend: Backend,
        *,
        engine: Engine,
        files: Files,
        grace: float,
        trace: JobTrace,
        spare: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._job = job
        self._trace = trace
        self._backend = backend
        self._engine = engine
        self._files = files
        self._grace = grace
        self._spare = spare
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        # a later attempt must not be taken for an earlier one that ComfyUI still knows
        self._comfy_id = job.prompt_id if lease.attempt == 1 else f"{job.prompt_id}.{lease.attempt}"
        self._folder = f"{OUTPUT_FOLDER}/{self._comfy_id}"
        self._out = f"jobs/{job.prompt_id}/out-{lease.attempt}-"
        self._news = JobNews(job.workflow)
        self._deadline = asyncio.timeout(None)
        self._stop_reason: ViewComfyError | None = None
        self._started_at: float | None = None
        self._cold_start: float | None = None

    @property
    def backend(self) -> Backend:
        """The backend that it runs on."""
        return self._backend

    async def run(self) -> Manifest:
        """Return what the attempt made. Raises a ViewComfyError when it failed, NotStarted when it was taken back."""
        if self._stop_reason is not None:
            raise self._stop_reason
        lines: asyncio.Queue[str] = asyncio.Queue()
        begun, is_cold = self._loop.time(), self._backend.state is not BackendState.READY
        teller = asyncio.create_task(self._tell(lines)) if is_cold else None
        if is_cold:
            self._trace.enter("start ComfyUI")
        try:
            async with self._deadline, self._backend.use(lines.put_nowait) as link:
                if is_cold and self._backend.folders is not None:  # else it is someone else's, and was running
                    self._cold_start = round(self._loop.time() - begun, 3)
                return await self._run_on(link)
        except TimeoutError as late:
            if not self._deadline.expired():
                raise
            raise self._stop_reason or self._late() from late
        finally:
            if teller is not None:
                teller.cancel()

    def manifest(self, status: JobStatus, outputs: Iterable[Output] = (), error: JobError | None = None) -> Manifest:
        """Return what is to be written down of the attempt, ending now."""
        return Manifest(status, tuple(outputs), error, self._seconds(), self._cold_start)

    def stop(self, *, grace: float | None = None) -> None:
        """End the attempt at its next step; `grace` shortens the time that it gets for that."""
        self._grace = self._grace if grace is None else min(self._grace, grace)
        self._stop_reason = JobCanceled("The job was canceled.")
        with suppress(RuntimeError):  # it has not begun, or has just ended by itself
            self._deadline.reschedule(self._loop.time())

    def _late(self) -> Exception:
        if self._started_at is None:
            return NotStarted()
        return TimedOut(f"The job ran longer than its time limit of {self._job.time_limit:g} seconds.", hint="The deployment sets it.")

    async def _run_on(self, link: Link) -> Manifest:
        if self._stop_reason is not None:
            raise self._stop_reason
        self._trace.enter("bring files")
        graph = with_output_folder(await self._stage(link), self._folder)
        guests = is_guest_id(self._job.key_id)
        collector = Collector(self._files, self._backend.folders, link, prefix=self._out, own=self._folder, bare=guests)
        async with link.follow(self._comfy_id) as feed:
            try:
                self._trace.enter("queue in ComfyUI")
                await link.queue(feed, graph)
                if self._spare:
                    self._limit(SPARE_SECONDS)
                return await self._follow(feed, link, collector)
            except asyncio.CancelledError:  # the deadline, or the end of the worker
                await self._stop_prompt(link, feed)
                raise

    async def _follow(self, feed: Feed, link: Link, collector: Collector) -> Manifest:
        try:
            async for message in feed:
                await self._take(message, collector)
                if isinstance(message, Succeeded):
                    return self.manifest(JobStatus.SUCCEEDED, collector.outputs)
        except (ViewComfyError, OSError):
            if not feed.ended.is_set():  # an output that could not be kept: nobody wants the rest
                await self._stop_prompt(link, feed)
            raise
        raise BackendCrashed("ComfyUI ended the job without saying how.")

    async def _take(self, message: JobMessage, collector: Collector) -> None:
        events = self._news.events(message, self._clock())
        self._trace.take(message)
        match message:
            case Started():
                self._started_at = self._loop.time()
                self._limit(self._job.time_limit or None)
            case NodeOutput():
                events = [*events, *map(self._output_event, await collector.take(message))]
            case Failed():
                raise failure(message, self._job.workflow)
            case Interrupted():
                raise WorkflowFailed("Somebody else interrupted the job in ComfyUI.")
            case BackendLost() if self._spare and self._started_at is None:
                raise NotStarted  # the job in front is to blame
            case BackendLost():
                raise (BackendUnresponsive if message.unresponsive else BackendCrashed)(message.reason)
        await self._emit(events)

    def _output_event(self, output: Output) -> Event:
        shown = {name: getattr(output, name) for name in ("node_id", "filename", "content_type", "size")}
        return Event(EventKind.OUTPUT, shown, self._clock())

    def _seconds(self) -> float:
        return 0.0 if self._started_at is None else round(self._loop.time() - self._started_at, 3)

    def _limit(self, seconds: float | None) -> None:
        if self._stop_reason is None:
            self._deadline.reschedule(None if seconds is None else self._loop.time() + seconds)

    async def _stage(self, link: Link) -> dict[str, Any]:
        """Bring the uploads to where ComfyUI reads its inputs; return the workflow with the names that it gave them."""
        workflow = dict(self._job.workflow)
        for upload in self._job.uploads:
            name = await patiently(partial(self._bring, upload, link))
            if name != upload.filename:
                workflow = with_value(workflow, upload.node_id, upload.input_name, name)
        return workflow

    async def _bring(self, upload: Upload, link: Link) -> str:
        """Bring an upload to where ComfyUI reads its inputs; return its name there."""
        folders = self._backend.folders
        if folders is None:
            return (await link.api.upload(upload.filename, self._files.read(upload.file_key), overwrite=True)).filename
        async with self._files.at_hand(upload.file_key) as path:
            await asyncio.to_thread(_link, path, folders.input / upload.filename)
        return upload.filename

    async def _stop_prompt(self, link: Link, feed: Feed) -> None:
        """Interrupt the prompt; kill its backend if that does not help, so that the next job does not wait for it.

        A prompt that has not begun is no reason to kill: it waits behind another job.
        """
        stopped = await link.cancel(feed, grace=self._grace)
        if not stopped and self._started_at is not None and self._backend.folders is not None:
            await self._backend.kill(f"A job did not stop within {self._grace:g} s of being interrupted.")

    def litter(self) -> list[Path]:
        """Return what the attempt may have left in the backend's folders; ours to remove only where we started the backend."""
        folders = self._backend.folders
        if folders is None:
            return []
        return [folders.output / self._folder, *(folders.input / upload.filename for upload in self._job.uploads)]

    async def _tell(self, lines: asyncio.Queue[str]) -> None:
        """Pass on what is being waited for while the backend starts."""
        while True:
            await self._emit([log_event(await lines.get(), self._clock())])

    async def _emit(self, events: Iterable[Event]) -> None:
        await self._engine.emit(self._job.prompt_id, events)


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copyfile(source, target)
