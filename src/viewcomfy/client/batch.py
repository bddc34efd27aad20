"""A handle on one batch."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from viewcomfy.client import _calls
from viewcomfy.client._batch import MADE_SECONDS, Waiting
from viewcomfy.client._download import Place
from viewcomfy.client._http import Http
from viewcomfy.client.job import JobHandle
from viewcomfy.client.result import Result
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.wire.batches import BatchDetail, BatchJobOut


class BatchHandle:
    """Many jobs that were asked for at once, known by their `batch_id`; they go on whether anyone waits for them or not.

    Iterating over it yields the jobs as they end.
    """

    def __init__(self, http: Http, base: str, batch_id: str) -> None:
        self.batch_id = batch_id
        self._http = http
        self._base = base

    def __repr__(self) -> str:
        return f"BatchHandle({self.batch_id!r})"

    def __iter__(self) -> Iterator[JobHandle]:
        return self.finished()

    def detail(self) -> BatchDetail:
        """Return all that the server knows of the batch now: its progress, and its jobs in their order."""
        return self._http.call(self._base, _calls.batch(self.batch_id))

    def jobs(self) -> list[JobHandle]:
        """Return a handle on each job, in the order of the list or the grid; its `label` says what it is for."""
        return [self._job(job) for job in self.detail().jobs]

    def finished(self, *, timeout: float | None = None) -> Iterator[JobHandle]:
        """Yield each job once it has ended, failed and canceled ones too: `result()` gives its result or raises.

        Those that end while you work on one are kept for you. After `timeout` seconds StillRunning is raised, and the batch
        goes on.
        """
        waiting = self._waiting(timeout)
        while True:
            for job in self._poll(waiting):
                yield self._job(job)
            if waiting.done:
                return
            time.sleep(waiting.pause(time.monotonic()))

    def wait(self, *, timeout: float | None = None) -> BatchDetail:
        """Wait until every job has ended, however it did, and return the batch; raise StillRunning after `timeout` seconds."""
        waiting = self._waiting(timeout)
        while True:
            self._poll(waiting)
            if waiting.done and waiting.batch is not None:
                return waiting.batch
            time.sleep(waiting.pause(time.monotonic()))

    def results(self, *, timeout: float | None = None) -> list[Result]:
        """Wait until every job has ended and return their results in the order of the list or the grid.

        Raises what the first job that did not succeed failed with; `finished` gives you the others all the same.
        """
        jobs = [self._job(job) for job in self.wait(timeout=timeout).jobs]
        return [job._result(job.detail()) for job in jobs]

    def cancel(self) -> BatchDetail:
        """Cancel the jobs that have not ended and return the batch."""
        return self._http.call(self._base, _calls.cancel_batch(self.batch_id))

    def save_zip(self, where: str | os.PathLike[str]) -> Path:
        """Write the outputs that are there into a zip, a folder for each job, and return its path.

        `where` is a file or a folder, as for `OutputFile.save`; the bytes are streamed, and the file appears only when whole.
        """
        return self._save("outputs.zip", Place.of(where, f"{self.batch_id}.zip"))

    def save_contact_sheet(self, where: str | os.PathLike[str]) -> Path:
        """Write one picture of all pictures that are there, labelled, and return its path; `where` is a file or a folder."""
        return self._save("contact-sheet.png", Place.of(where, f"{self.batch_id}.png"))

    def _save(self, what: str, place: Place) -> Path:
        with place.part() as (path, file):
            self._http.download_own(self._base, f"{_calls.batch_path(self.batch_id)}/{what}", file, MADE_SECONDS)
            file.close()  # before it is moved: Windows moves no open file
            return place.put(path)

    def _job(self, job: BatchJobOut) -> JobHandle:
        return JobHandle(self._http, self._base, job.prompt_id, job.label)

    def _waiting(self, timeout: float | None) -> Waiting:
        return Waiting(self.batch_id, self._http.patience.lost, time.monotonic(), timeout=timeout)

    def _poll(self, waiting: Waiting) -> list[BatchJobOut]:
        try:
            batch = self._http.call(self._base, _calls.batch(self.batch_id), tries=1)
        except ViewComfyError as error:
            waiting.unanswered(error, time.monotonic())
            return []
        return waiting.polled(batch, time.monotonic())
