"""The jobs of a batch while they end: a bar, a folder for each job's outputs, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from viewcomfy.cli import show
from viewcomfy.client.batch import BatchHandle
from viewcomfy.client.job import JobHandle
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.jobs import JobStatus
from viewcomfy.core.outputs import safe_filename
from viewcomfy.wire.batches import BatchDetail, BatchJobOut

MAX_LABEL = 48


@dataclass(frozen=True, slots=True)
class Ended:
    """A job of a batch that has ended: where its outputs were saved, or what it failed with."""

    job: BatchJobOut
    status: JobStatus
    saved: tuple[Path, ...] = ()
    error: ViewComfyError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        body: dict[str, Any] = {"number": self.job.number, "label": self.job.label, "prompt_id": self.job.prompt_id}
        body["status"] = str(self.status)
        if self.error:
            return body | {"error": {"code": self.error.code, "message": self.error.message}}
        return body | {"paths": [str(path) for path in self.saved]}


def save_all(handle: BatchHandle, folder: Path | None, *, timeout: float | None = None) -> list[Ended]:
    """Wait for the jobs of a batch, saving the outputs of each as it ends, and return them in their order; show how far it is.

    Without a folder nothing is saved. Raises StillRunning after `timeout` seconds.
    """
    detail = handle.detail()
    jobs = {job.prompt_id: job for job in detail.jobs}
    ended: list[Ended] = []
    with _bar(detail) as advance:
        for job in handle.finished(timeout=timeout):
            known = jobs[job.prompt_id]
            ended.append(_end(job, known, folder and folder / folder_of(known, len(jobs))))
            advance(ended)
    return sorted(ended, key=lambda one: one.job.number)


def folder_of(job: BatchJobOut, total: int) -> str:
    """Return the name of a job's folder, `07_seed=3`, safe on every system; the folders sort as the jobs do."""
    number = f"{job.number:0{len(str(total))}}"
    label = safe_filename(re.sub(r"[/\\]", "_", job.label), "")[:MAX_LABEL].strip(" .#")
    return f"{number}_{label}" if label and label != str(job.number) else number


def _end(job: JobHandle, known: BatchJobOut, folder: Path | None) -> Ended:
    try:
        result = job.result()
    except ViewComfyError as error:
        status = job.status()
        if status not in (JobStatus.FAILED, JobStatus.CANCELED):
            raise  # it is not the job that failed, but the asking for it
        return Ended(known, status, error=error)
    return Ended(known, result.status, tuple(result.save(folder)) if folder else ())


def tell_failures(ended: Sequence[Ended], console: Console | None = None) -> None:
    """Write what each of these jobs failed with, on stderr unless told otherwise."""
    failed = [(f"{one.job.number} {one.job.label}", "red", one.error.message) for one in ended if one.error]
    show.items(failed, console or show.err())


@contextmanager
def _bar(batch: BatchDetail) -> Iterator[Callable[[list[Ended]], None]]:
    """Show a bar over all jobs on a terminal; yield what takes in those that have ended."""
    console = show.err()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{batch.deployment}, version {batch.version}", total=len(batch.jobs))

        def advance(ended: list[Ended]) -> None:
            if console.is_terminal:
                tell_failures(ended[-1:], progress.console)
            progress.update(task, completed=len(ended))

        yield advance
