"""A handle on one job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from viewcomfy.client import _calls
from viewcomfy.client._core import file_url, job_error, output_named
from viewcomfy.client._follow import Following
from viewcomfy.client._http import Http
from viewcomfy.client.result import OutputFile, Result
from viewcomfy.core.errors import LinkInvalid
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import JobStatus
from viewcomfy.wire.jobs import JobDetail, OutputOut


class JobHandle:
    """A job on its server, known by its `prompt_id`; it goes on whether anyone waits for it or not.

    `label` tells a job of a batch from the others: `seed=7`.
    """

    def __init__(self, http: Http, base: str, prompt_id: str, label: str = "") -> None:
        self.prompt_id = prompt_id
        self.label = label
        self._http = http
        self._base = base

    def __repr__(self) -> str:
        return f"JobHandle({self.prompt_id!r})"

    def detail(self) -> JobDetail:
        """Return all that the server knows of the job now."""
        return self._http.call(self._base, _calls.job(self.prompt_id))

    def status(self) -> JobStatus:
        """Return where the job stands now."""
        return self.detail().status

    def cancel(self) -> JobStatus:
        """Cancel the job and return its status: one that has ended stays as it is."""
        return self._http.call(self._base, _calls.cancel(self.prompt_id)).status

    def retry(self) -> JobHandle:
        """Run the job again as it was, with the same version, workflow and uploads; return the new job."""
        return JobHandle(self._http, self._base, self._http.call(self._base, _calls.retry(self.prompt_id)).prompt_id)

    def delete(self) -> None:
        """Delete the job, which has to have ended, with its events and files."""
        self._http.call(self._base, _calls.delete(self.prompt_id))

    def events(self, *, timeout: float | None = None) -> Iterator[Event]:
        """Yield the job's events from its beginning until it has ended, over any broken connection.

        The last one is its final status. After `timeout` seconds StillRunning is raised, and the job goes on.
        """
        return self._http.follow(self._base, self._following(timeout, news=True))

    def logs(self, *, timeout: float | None = None) -> Iterator[str]:
        """Yield the job's log lines until it has ended."""
        for event in self.events(timeout=timeout):
            if event.kind is EventKind.LOG:
                yield str(event.data.get("text", ""))

    def result(self, *, timeout: float | None = None) -> Result:
        """Wait until the job has ended and return its result.

        Raises what it failed with (WorkflowFailed, TimedOut, JobCanceled and the other RunErrors), or StillRunning after
        `timeout` seconds, in which case it goes on.
        """
        return self._watched(None, timeout, news=False)

    def _watched(self, on_event: Callable[[Event], Any] | None, timeout: float | None, *, news: bool) -> Result:
        """Hand every event on until the job has ended, then return its result."""
        following = self._following(timeout, news=news)
        for event in self._http.follow(self._base, following):
            if on_event is not None:
                on_event(event)
        job = self._http.ended(self._base, following)
        return self._result(job)

    def _result(self, job: JobDetail) -> Result:
        """Return the result of a job that has ended; raise what it failed with."""
        if error := job_error(job):
            raise error
        outputs = [self._output(output) for output in job.outputs]
        return Result(job.prompt_id, job.status, job.execution_time_seconds or 0.0, job.prompt, outputs)

    def _following(self, timeout: float | None, *, news: bool) -> Following:
        return Following(self.prompt_id, self._http.patience, time.monotonic(), news=news, timeout=timeout)

    def _output(self, output: OutputOut) -> OutputFile:
        url = file_url(self._base, output.url)

        def fetch(filename: str, sink: BinaryIO) -> None:
            try:
                self._http.download(url, sink)
            except LinkInvalid:  # expired: the job has a new one
                self._http.download(self._fresh_url(filename), sink)

        return OutputFile(output.filename, output.content_type, output.size, url, output.node_id, fetch)

    def _fresh_url(self, filename: str) -> str:
        return file_url(self._base, output_named(self.detail(), filename).url)
