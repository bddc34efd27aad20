"""What the terminal shows: results on stdout; news, errors and everything that is not the result on stderr."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from viewcomfy.core.errors import JobCanceled, ViewComfyError

KILO = 1000.0
MOST_PROBLEMS = 10
SHORT = 20
"""Columns of a cell that is never broken."""
WIDEST = 1_000_000
"""Columns of a table in a pipe: it takes only what it needs."""

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

STATUS_COLORS = {"queued": "yellow", "running": "cyan", "succeeded": "green", "failed": "red", "canceled": "magenta"}


def out() -> Console:
    """Return the console for results."""
    return Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """Return the console for news and errors."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def plain(text: str | Text) -> Text:
    """Return text with its colours and without anything else that could steer a terminal: nodes and callers choose what it says."""
    if isinstance(text, Text):
        return text
    lines = Text.from_ansi(text)
    lines.plain = CONTROLS.sub("", lines.plain) if CONTROLS.search(lines.plain) else lines.plain
    return lines


def say(text: str | Text, console: Console | None = None, *, style: str = "") -> None:
    """Write a line; in a pipe it stays one line, however long."""
    console = console or err()
    console.print(plain(text), style=style, soft_wrap=not console.is_terminal)


def as_json(value: Any) -> None:
    """Write one line of JSON to stdout."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def lines(items: Iterable[str | Path]) -> None:
    """Write lines to stdout, never broken, so that they can be piped and clicked."""
    for item in items:
        sys.stdout.write(f"{plain(str(item)).plain}\n")
    sys.stdout.flush()


def failed(error: ViewComfyError) -> None:
    """Tell a person what went wrong and what to do."""
    console = err()
    label, color = ("Canceled", "yellow") if isinstance(error, JobCanceled) else ("Error", "red")
    say(Text.assemble((f"{label}: ", f"bold {color}"), (plain(error.message).plain, color)), console)
    if "report" in error.details:
        _report(error.details["report"], console)
    else:
        _more(error, console)
    if error.hint:
        _indented(console, error.hint)


def _more(error: ViewComfyError, console: Console) -> None:
    """Tell of the problems that the error's own sentence does not tell of."""
    more = [problem for problem in error.problems if problem.get("message") and problem["message"] not in error.message]
    for problem in more[:MOST_PROBLEMS]:
        hint = problem.get("hint") or ""
        _indented(console, f"Also: {problem['message']} {hint if hint != error.hint else ''}".rstrip())
    if len(more) > MOST_PROBLEMS:
        _indented(console, f"… and {len(more) - MOST_PROBLEMS} more.")


def _report(found: Any, console: Console) -> None:
    from viewcomfy.cli import report_view
    from viewcomfy.wire.reports import ReportOut

    report_view.problems(ReportOut.model_validate(found), console)


def failed_json(error: ViewComfyError) -> None:
    """Tell a program what went wrong: the same keys as the server's error answers, on stderr."""
    body: dict[str, Any] = {"code": error.code, "detail": error.message, "hint": error.hint}
    if error.problems:
        body["problems"] = error.problems
    if error.details:
        body["details"] = error.details
    sys.stderr.write(json.dumps(body) + "\n")
    sys.stderr.flush()


def _indented(console: Console, text: str) -> None:
    if console.is_terminal:
        console.print(Padding(plain(text), (0, 0, 0, 2)))
    else:
        console.print(Text("  ").append_text(plain(text)), soft_wrap=True)


def table(titles: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Write a table to stdout: fitted to a terminal, whole in a pipe."""
    console = out()
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    cells = [[plain(cell) for cell in row] for row in rows]
    for column, title in enumerate(titles):
        short = max((row[column].cell_len for row in cells), default=0) <= SHORT
        grid.add_column(title, overflow="fold", no_wrap=short or column == 0)
    for row in cells:
        grid.add_row(*row)
    if not console.is_terminal:
        console.width = WIDEST
    console.print(grid)


def facts(pairs: Iterable[tuple[str, str | Text]], console: Console | None = None) -> None:
    """Write names and values below each other, the values never broken."""
    pairs = list(pairs)
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        (console or out()).print(Text.assemble((name.ljust(width + 2), "dim"), plain(value)), soft_wrap=True)


def heading(text: str) -> None:
    """Write a title to stdout, with a line left free before it."""
    out().print(Text(f"\n{text}", "bold"))


def items(found: Iterable[tuple[str, str, str]], console: Console) -> None:
    """Write sentences below each other, each with a word in a colour before it; in a pipe each stays one line."""
    found = list(found)
    width = max((len(word) for word, _, _ in found), default=0)
    for word, color, sentence in found:
        line = Text.assemble("  ", (word.ljust(width), color), "  ")
        if not console.is_terminal:
            console.print(line.append_text(plain(sentence)), soft_wrap=True)
            continue
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(line, plain(sentence))
        console.print(grid)


def panel(title: Text, pairs: Iterable[tuple[str, str | Text]], *, footer: str = "") -> None:
    """Write a box of names and values to stdout."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, plain(value))
    out().print(Panel.fit(grid, title=title, title_align="left", subtitle=Text(footer, "dim"), subtitle_align="left", padding=(1, 2)))


def colored(word: str, color: str) -> Text:
    """Return a word in a colour."""
    return Text(plain(word).plain, color)


def status(word: str) -> Text:
    """Return a job's status in its colour."""
    return Text(word, STATUS_COLORS.get(word, ""))


def size(count: float) -> str:
    """Return a number of bytes for people: `1.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < KILO:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= KILO
    return f"{count:.1f} TB"


def seconds(duration: float | None) -> str:
    """Return seconds for people: `0.4 s`, `2 min 05 s`, `3 h 10 min`."""
    if duration is None:
        return ""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def when(at: float | None) -> str:
    """Return a Unix time shortly: the time of day for today's, the date for others."""
    full = moment(at)
    return full[11:] if full[:10] == moment(time.time())[:10] else full[:10]


def moment(at: float | None) -> str:
    """Return a Unix time as local date and time; nothing for None."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S") if at is not None else ""
