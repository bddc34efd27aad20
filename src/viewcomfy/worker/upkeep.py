"""Upkeep: what must be done now and then, so that nothing grows for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from viewcomfy.core.durations import DAY
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.files.base import Files
from viewcomfy.store.store import Store

JOBS = "jobs/"
"""What retention counts and removes of all files; what lies beside it, such as catalogs, is small and needed."""
BATCH = 200
"""How many jobs are removed in one transaction."""
COUNT_SHARE = 100.0
"""How many times as long as a count of all files took nobody counts again: of a bucket it is a request, and a price, per thousand."""
UPLOAD_SECONDS = 6 * 3600.0
"""How old a half-received upload must be before it counts as left behind by a killed server."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long to keep what: days of finished jobs and of their files, bytes of files. 0 means no limit."""

    job_days: float
    file_days: float
    file_bytes: int


class Upkeep:
    """Removes old jobs, old files and forgotten uploads, and runs the other chores it is given."""

    def __init__(
        self,
        *,
        store: Store,
        files: Files,
        retention: Retention,
        upload_folder: Path,
        chores: tuple[Callable[[], Awaitable[None]], ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._files = files
        self._retention = retention
        self._upload_folder = upload_folder
        self._chores = chores
        self._clock = clock
        self._count_at = 0.0

    async def run(self, every: float) -> None:
        """Do everything now and then, for ever; what fails is logged and tried again."""
        while True:
            for chore in (*self._chores, self.remove_old_jobs, self.remove_old_files, self.remove_old_uploads):
                try:
                    await self._do(chore)
                except (ViewComfyError, OSError) as fault:
                    log.warning("upkeep failed", chore=getattr(chore, "__name__", ""), reason=str(fault))
            await asyncio.sleep(every)

    async def _do(self, chore: Callable[[], Awaitable[None]]) -> None:
        if chore not in (self.remove_old_jobs, self.remove_old_files):
            await chore()
            return
        # of several servers one at a time: two that find the same number of bytes too many would remove twice as many
        async with self._store.turns.turn("upkeep", patience=0.0) as ours:
            if ours:
                await chore()

    async def remove_old_jobs(self) -> None:
        """Forget finished jobs that are older than allowed, with their files and events, and batches that nothing is left of."""
        if not self._retention.job_days:
            return
        before = self._clock() - self._retention.job_days * DAY
        while old := await self._store.jobs.finished_before(before, limit=BATCH):
            for prompt_id in old:
                await self._files.remove(f"{JOBS}{prompt_id}/")
            await self._store.jobs.forget(old)
        await self._store.batches.forget_empty()

    async def remove_old_files(self) -> None:
        """Remove the files of finished jobs that are too old, then the oldest ones until the rest fits."""
        if self._retention.file_days:
            before = self._clock() - self._retention.file_days * DAY
            while old := [kept.prompt_id for kept in await self._store.jobs.oldest_finished(BATCH) if kept.finished_at < before]:
                await self._drop_files(old)
        if self._retention.file_bytes and time.monotonic() >= self._count_at:
            excess = await self._count() - self._retention.file_bytes
            while excess > 0 and (kept := await self._store.jobs.oldest_finished(1)):
                excess -= await self._drop_files([kept[0].prompt_id])

    async def _count(self) -> int:
        """Return how many bytes all jobs have; the next count comes the later, the longer this one has taken."""
        begun = time.monotonic()
        used = await self._files.usage(JOBS)
        self._count_at = time.monotonic() + COUNT_SHARE * (time.monotonic() - begun)
        return used

    async def _drop_files(self, prompt_ids: list[str]) -> int:
        freed = sum([await self._files.remove(f"{JOBS}{prompt_id}/") for prompt_id in prompt_ids])
        await self._store.jobs.mark_files_removed(prompt_ids, self._clock())
        return freed

    async def remove_old_uploads(self) -> None:
        """Remove what a killed server left half received."""
        await asyncio.to_thread(_remove_older, self._upload_folder, self._clock() - UPLOAD_SECONDS)


def _remove_older(folder: Path, before: float) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
