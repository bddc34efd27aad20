"""Watching a job: its log lines as they come, and a progress bar below them."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from viewcomfy.cli import show
from viewcomfy.core.events import Event, EventKind

BAR_LINE = re.compile(r"\d+%\|.*\|.*(it/s|s/it|\?it)")
"""A progress bar that ComfyUI drew with text; where we draw one ourselves, this would be a second."""
WAITING = {"queued": "waiting in the queue", "running": "starting"}


class JobView:
    """Shows the events of a job on a console: log lines, and in a terminal a bar. `logs` False leaves the lines out."""

    def __init__(self, console: Console, *, logs: bool = True) -> None:
        self._console = console
        self._logs = logs
        self._bar: Progress | None = None
        if console.is_terminal:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", width=28)),
                BarColumn(24),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task(WAITING["queued"], total=None)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, event: Event) -> None:
        """Show one event."""
        if event.kind is EventKind.LOG:
            self._log(str(event.data.get("text", "")), str(event.data.get("source", "")))
        elif event.kind is EventKind.STATUS:
            self._status(str(event.data.get("status", "")))
        elif event.kind is EventKind.PROGRESS:
            self._progress(event.data)

    def _log(self, text: str, source: str) -> None:
        if not self._logs or (self._bar and BAR_LINE.search(text)):
            return
        self._console.print(show.plain(text), style="dim" if source == "comfyui" else "", soft_wrap=True)

    def _status(self, status: str) -> None:
        if self._bar and status in WAITING:
            self._bar.update(self._task, description=WAITING[status])

    def _progress(self, data: Any) -> None:
        if self._bar:
            title = data.get("title") or data.get("node_id") or "running"
            self._bar.update(self._task, description=show.plain(str(title)).plain, total=1.0, completed=float(data.get("fraction") or 0.0))
