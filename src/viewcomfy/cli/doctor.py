"""`viewcomfy doctor`: the health of the whole installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from viewcomfy.cli.exits import ExitCode
from viewcomfy.cli.options import AsJson, with_client

if TYPE_CHECKING:
    from rich.text import Text

    from viewcomfy.client.client import Client
    from viewcomfy.wire.reports import DoctorOut, ReportOut

COLORS = {"ok": "green", "warning": "yellow", "error": "red"}
MOST_BACKENDS = 6
"""A table with more columns fits no terminal: how many backends can run it is told instead."""


@with_client
def doctor(client: Client, as_json: AsJson = False) -> None:
    """Check every deployment on every ComfyUI, and disk, memory and clocks.

    Ends with 1 where something needs to be done; warnings may wait. Needs the admin token.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.waiting import waiting

    with waiting("Examining everything; a ComfyUI that does not run is started for it"):
        found = client.doctor()
    if as_json:
        show.as_json(found.model_dump(mode="json"))
    else:
        report_health(found)
    if not found.ok:
        raise typer.Exit(ExitCode.RUN_FAILED)


def report_health(found: DoctorOut) -> None:
    """Write what was looked at, a table of deployments and backends, and every problem."""
    from viewcomfy.cli import report_view, show

    console = show.out()
    show.items(
        [(check.state, COLORS[check.state], f"{check.subject}: {check.message} {check.hint}".strip()) for check in found.checks], console
    )
    if found.deployments:
        _table(found.deployments)
    for name, report in found.deployments.items():
        if report.problems:
            show.heading(f"{name}: {report.summary}")
            report_view.problems(report, console)
    show.lines([""])
    worst = "error" if not found.ok else "warning" if _odd(found) else "ok"
    show.say(show.colored(found.summary, COLORS[worst]), console)


def _odd(found: DoctorOut) -> bool:
    return any(check.state != "ok" for check in found.checks) or any(report.problems for report in found.deployments.values())


def _table(reports: dict[str, ReportOut]) -> None:
    """Write a row for each deployment, a column for each backend."""
    from viewcomfy.cli import show

    backends = list(dict.fromkeys(name for report in reports.values() for name in report.backends))
    if not backends:
        return None
    show.lines([""])
    if len(backends) <= MOST_BACKENDS:
        rows: list[Sequence[str | Text]] = [(name, *(_cell(report, one) for one in backends)) for name, report in reports.items()]
        return show.table(["DEPLOYMENT", *backends], rows)
    return show.table(["DEPLOYMENT", "RUNS ON", "PROBLEMS"], [(name, *_summed(report)) for name, report in reports.items()])


def _cell(report: ReportOut, backend: str) -> Text:
    from viewcomfy.cli import show

    errors = sum(problem.severity == "error" and backend in (problem.backends or report.backends) for problem in report.problems)
    if backend in report.can_run_on:
        return show.colored("runs", "green")
    return show.colored(f"{errors} problem{'s' if errors != 1 else ''}" if backend in report.backends else "not known", "red")


def _summed(report: ReportOut) -> tuple[Text, Text]:
    from viewcomfy.cli import show

    able, known = len(report.can_run_on), len(report.backends)
    errors = sum(problem.severity == "error" for problem in report.problems)
    color = "green" if able == known else "yellow" if able else "red"
    return show.colored(f"{able} of {known}", color), show.colored(str(errors or ""), "red")
