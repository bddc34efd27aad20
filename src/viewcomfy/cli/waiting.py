"""A spinner that says what is being waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from viewcomfy.cli import show


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on a terminal what is being waited for, and for how long already."""
    console = show.err()
    if not console.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task(what, total=None)
        yield
