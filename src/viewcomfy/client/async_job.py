"""A handle on one job, for the async client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, BinaryIO

from viewcomfy.client import _calls
from viewcomfy.client._async_http import AsyncHttp
from viewcomfy.client._core import file_url, job_error, output_named, still_running
from viewcomfy.client._follow import Following
from viewcomfy.client.async_result import AsyncOutputFile, AsyncResult
from viewcomfy.core.errors import LinkInvalid
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import JobStatus
from viewcomfy.wire.jobs import JobDetail, OutputOut


class AsyncJobHandle:
    """A job on its server, known by its `prompt_id`; it goes on whether anyone waits for it or not.

    `label` tells a job of a batch from the others: `seed=7`.
    """

    def __init__(self, http: AsyncHttp, base: str, prompt_id: str, label: str = "") -> None:
        self.prompt_id = prompt_id
        self.label = label
        self._http = http
        self._base = base

    def __repr__(self) -> str:
        return f"AsyncJobHandle({self.prompt_id!r})"

    async def detail(self) -> JobDetail:
        """Return all that the server knows of the job now."""
        return await self._http.call(self._base, _calls.job(self.prompt_id))

    async def status(self) -> JobStatus:
        """Return where the job stands now."""
        return (await self.detail()).status

    async def cancel(self) -> JobStatus:
        """Cancel the job and return its status: one that has ended stays as it is."""
        return (await self._http.call(self._base, _calls.cancel(self.prompt_id))).status

    async def retry(self) -> AsyncJobHandle:
        """Run the job again as it was, with the same version, workflow and uploads; return the new job."""
        return AsyncJobHandle(self._http, self._base, (await self._http.call(self._base, _calls.retry(self.prompt_id))).prompt_id)

    async def delete(self) -> None:
        """Delete the job, which has to have ended, with its events and files."""
        await self._http.call(self._base, _calls.delete(self.prompt_id))

    def events(self, *, timeout: float | None = None) -> AsyncGenerator[Event]:
        """Yield the job's events from its beginning until it has ended, over any broken connection.

        The last one is its final status. After `timeout` seconds StillRunning is raised, and the job goes on. To leave
        early, close the iterator (`contextlib.aclosing`).
        """
        return self._http.follow(self._base, self._following(news=True, timeout=timeout))

    async def logs(self, *, timeout: float | None = None) -> AsyncGenerator[str]:
        """Yield the job's log lines until it has ended."""
        async with aclosing(self.events(timeout=timeout)) as events:
            async for event in events:
                if event.kind is EventKind.LOG:
                    yield str(event.data.get("text", ""))

    async def result(self, *, timeout: float | None = None) -> AsyncResult:
        """Wait until the job has ended and return its result.

        Raises what it failed with (WorkflowFailed, TimedOut, JobCanceled and the other RunErrors), or StillRunning after
        `timeout` seconds, in which case it goes on.
        """
        return await self._watched(None, timeout, news=False)

    async def _watched(self, on_event: Callable[[Event], Awaitable[Any]] | None, timeout: float | None, *, news: bool) -> AsyncResult:
        """Hand every event on until the job has ended, then return its result."""
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                job = await self._ended(on_event, news=news)
        except TimeoutError as fault:
            if not limit.expired():
                raise  # a callback's own
            raise still_running(self.prompt_id, timeout) from fault
        return self._result(job)

    def _result(self, job: JobDetail) -> AsyncResult:
        """Return the result of a job that has ended; raise what it failed with."""
        if error := job_error(job):
            raise error
        outputs = [self._output(output) for output in job.outputs]
        return AsyncResult(job.prompt_id, job.status, job.execution_time_seconds or 0.0, job.prompt, outputs)

    async def _ended(self, on_event: Callable[[Event], Awaitable[Any]] | None, *, news: bool) -> JobDetail:
        following = self._following(news=news)
        async with aclosing(self._http.follow(self._base, following)) as events:
            async for event in events:
                if on_event is not None:
                    await on_event(event)
        return await self._http.ended(self._base, following)

    def _following(self, *, news: bool, timeout: float | None = None) -> Following:
        return Following(self.prompt_id, self._http.patience, time.monotonic(), news=news, timeout=timeout)

    def _output(self, output: OutputOut) -> AsyncOutputFile:
        url = file_url(self._base, output.url)

        async def fetch(filename: str, sink: BinaryIO) -> None:
            try:
                await self._http.download(url, sink)
            except LinkInvalid:  # expired: the job has a new one
                await self._http.download(await self._fresh_url(filename), sink)

        return AsyncOutputFile(output.filename, output.content_type, output.size, url, output.node_id, fetch)

    async def _fresh_url(self, filename: str) -> str:
        return file_url(self._base, output_named(await self.detail(), filename).url)
