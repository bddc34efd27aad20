"""The outputs of a batch, all together: as a zip, or as one picture of many small ones."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.core.batches import Batch
from viewcomfy.core.errors import Conflict, UnknownFile
from viewcomfy.core.jobs import Job
from viewcomfy.core.outputs import Output
from viewcomfy.files.base import Files
from viewcomfy.service.contact_sheet import draw_sheet
from viewcomfy.service.threads import to_the_end
from viewcomfy.service.zip_stream import ZipEntry, entries_of
from viewcomfy.store.batches import BatchJob, BatchRows

DRAWN_AT_ONCE = 1
"""How many sheets are drawn at a time: each may take some hundred megabytes for a moment."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a batch has made so far: label and job of each of its places, no job where it has not ended or is gone."""

    batch: Batch
    places: tuple[tuple[str, Job | None], ...]

    @property
    def tag(self) -> str:
        """Return a text that is another one as soon as more has been made."""
        ended = " ".join(job.prompt_id for _, job in self.places if job)
        return hashlib.sha256(f"{self.batch.batch_id} {ended}".encode()).hexdigest()[:32]


class _Gone(Exception):
    """Whoever wanted the sheet does not want it any more."""


class BatchOutputs:
    """Collects what the jobs of a batch have made. `folder` is for temporary files."""

    def __init__(self, rows: BatchRows, files: Files, folder: Path) -> None:
        self._rows = rows
        self._files = files
        self._folder = folder
        self._drawing = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def made(self, batch: Batch, jobs: Sequence[BatchJob], *, pictures: bool = False) -> Made:
        """Return what a batch has made so far. Raises Conflict where that is nothing, or with `pictures` no picture."""
        ended = {job.prompt_id: job for job in await self._rows.finished(batch.batch_id)}
        if not any(_is_picture(output) or not pictures for job in ended.values() for output in job.outputs):
            raise _nothing("picture" if pictures else "file", done=len(ended) == len(jobs))
        places: list[tuple[str, Job | None]] = [("", None)] * batch.total
        for job in jobs:
            places[job.number] = (job.label, ended.get(job.prompt_id))
        return Made(batch, tuple(places))

    def entries(self, made: Made) -> list[ZipEntry]:
        """Return the files for a zip, a folder for each job."""
        jobs = [(label, job.finished_at or 0.0, job.outputs) if job else (label, 0.0, ()) for label, job in made.places]
        return entries_of(jobs)

    @asynccontextmanager
    async def contact_sheet(self, made: Made) -> AsyncIterator[Path]:
        """Yield a PNG of the first picture of every job, which is removed afterwards. Drawing takes a second for some 50 large pictures."""
        target = self._folder / f"sheet-{secrets.token_hex(16)}.png"
        gone, loop = threading.Event(), asyncio.get_running_loop()

        def draw() -> None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draw_sheet(self._pictures(made, gone, loop), target, total=made.batch.total, axes=made.batch.axes)

        try:
            async with self._drawing:
                await to_the_end(draw, gone.set)
            yield target
        finally:
            target.unlink(missing_ok=True)

    def _pictures(self, made: Made, gone: threading.Event, loop: asyncio.AbstractEventLoop) -> Iterator[tuple[str, Path | None]]:
        """Yield each place's label and picture, in a thread; a picture is at hand until the next one is asked for."""
        for label, job in made.places:
            if gone.is_set():
                raise _Gone
            picture = next((output for output in job.outputs if _is_picture(output)), None) if job else None
            with ExitStack() as stack:
                yield label, self._at_hand(picture, stack, loop) if picture else None

    def _at_hand(self, picture: Output, stack: ExitStack, loop: asyncio.AbstractEventLoop) -> Path | None:
        having = self._files.at_hand(picture.file_key)
        try:
            path = asyncio.run_coroutine_threadsafe(having.__aenter__(), loop).result()
        except UnknownFile:  # retention was quicker
            return None
        stack.callback(lambda: asyncio.run_coroutine_threadsafe(having.__aexit__(None, None, None), loop).result())
        return path


def _nothing(what: str, *, done: bool) -> Conflict:
    if done:
        return Conflict(f"No job of this batch has made a {what}.", hint="Its jobs say what became of them.")
    return Conflict(f"No job of this batch has made a {what} yet.", hint="Try again when one has succeeded: its progress tells.")


def _is_picture(output: Output) -> bool:
    return output.content_type.startswith("image/") and output.content_type != "image/svg+xml"
