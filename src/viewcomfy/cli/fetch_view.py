"""What is seen of files that are fetched: bars in a terminal, a line here and there in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viewcomfy.models.download import Progress, Report

LINE_SECONDS = 10.0
"""How often a pipe is told."""
Show = Callable[[str, int, int | None, str], None]
"""Takes a file's name, how many bytes of it there are, of how many (None: not known), and what is being done with it."""


@contextmanager
def fetch_view(name: str) -> Iterator[Report]:
    """Give what shows how far one file is."""
    with many_view() as report:
        yield lambda progress: report(name, progress)


@contextmanager
def many_view() -> Iterator[Callable[[str, Progress], None]]:
    """Give what shows how far each of several files is."""
    with bars() as show:
        yield lambda name, progress: show(name, progress.received, progress.size, progress.stage)


@contextmanager
def bars() -> Iterator[Show]:
    """Give what shows files with their bytes: a bar for each in a terminal, else a line now and then."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from viewcomfy.cli import show

    console = show.err()
    if not console.is_terminal:
        yield _lines()
        return
    name = TextColumn("{task.description}", markup=False)
    columns = (
        name,
        BarColumn(16),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[stage]}"),
    )
    tasks: dict[tuple[str, str], TaskID] = {}
    with Progress(*columns, console=console, transient=True) as progress:

        def update(file: str, received: int, size: int | None, stage: str) -> None:
            for (other, before), task in list(tasks.items()):
                if other == file and before != stage:
                    progress.remove_task(task)
                    del tasks[other, before]
            if (file, stage) not in tasks:
                tasks[file, stage] = progress.add_task(file, total=size, completed=received, stage="" if stage == "fetching" else stage)
            progress.update(tasks[file, stage], completed=received, total=size)

        yield update


def _lines() -> Show:
    from viewcomfy.cli import show

    told: dict[tuple[str, str], float] = {}

    def tell(file: str, received: int, size: int | None, stage: str) -> None:
        now = time.monotonic()
        if now - told.get((file, stage), -LINE_SECONDS) < LINE_SECONDS or (stage == "checking" and (size or 0) < 10**9):
            return
        told[file, stage] = now
        of = f" of {show.size(size)}" if size else ""
        show.say(f"{file}: {stage}, {show.size(received)}{of}")

    return tell
