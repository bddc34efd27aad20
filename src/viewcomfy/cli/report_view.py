"""What was found about a workflow, as a person reads it: its problems, what changes for callers, and edits that are lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from viewcomfy.cli import show

if TYPE_CHECKING:
    from viewcomfy.wire.deployments import ChangeOut
    from viewcomfy.wire.reports import ReportOut

MOST_PROBLEMS = 60
COLORS = {"error": "red", "warning": "yellow"}


def report(found: ReportOut, console: Console) -> None:
    """Write a report: one sentence in its colour, and the problems below it."""
    color = "red" if not found.ok else "yellow" if found.problems or not found.checked else "green"
    show.say(Text(show.plain(found.summary).plain, color), console)
    problems(found, console)


def problems(found: ReportOut, console: Console) -> None:
    """Write the problems of a report, errors first."""
    items = [(problem.severity, COLORS[problem.severity], problem.message) for problem in found.problems[:MOST_PROBLEMS]]
    show.items(items, console)
    if len(found.problems) > MOST_PROBLEMS:
        show.items([("", "", f"… and {len(found.problems) - MOST_PROBLEMS} more; --json has them all.")], console)


def changes(found: Sequence[ChangeOut], console: Console) -> None:
    """Write what changes for callers, what breaks their calls first."""
    show.items(
        [("breaks" if change.breaking else "change", "red" if change.breaking else "cyan", change.message) for change in found], console
    )


def lost_edits(found: Sequence[str], console: Console) -> None:
    """Write which edits of the version before found no input any more."""
    show.items([("lost", "yellow", f"What you had changed about {edit} has no input any more.") for edit in found], console)
