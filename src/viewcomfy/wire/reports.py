"""Reports over HTTP: what keeps a workflow from running, and the health of a whole installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel

from viewcomfy.core.doctor import Check, Diagnosis
from viewcomfy.core.report import Problem, Report


class PackOut(BaseModel):
    """A pack of custom nodes, and the URL of its git repository."""

    name: str
    url: str


class ProblemOut(BaseModel):
    """One thing that is wrong (`error`) or odd (`warning`); `code` is stable, `message` is for people.

    `node_id` is empty where it is about the workflow as a whole, `input_name` where it is about a node as a whole. `backends` are
    those that it is true of; none for what is wrong wherever it runs. `nearest` are names that may have been meant, `packs` those that
    bring a missing node class, the likeliest first.
    """

    code: str
    severity: Literal["error", "warning"]
    message: str
    node_id: str = ""
    node_title: str = ""
    input_name: str = ""
    backends: list[str] = []
    nearest: list[str] = []
    packs: list[PackOut] = []


class ReportOut(BaseModel):
    """Where a workflow can run: `ok` on one backend at least. With `checked` false no backend was known to check against."""

    ok: bool
    summary: str
    checked: bool
    backends: list[str] = []
    can_run_on: list[str] = []
    problems: list[ProblemOut] = []


class HealthCheckOut(BaseModel):
    """One thing that was looked at, and what to do about it."""

    subject: str
    state: Literal["ok", "warning", "error"]
    message: str
    hint: str = ""


class DoctorOut(BaseModel):
    """The health of the installation: disk, memory and clocks in `checks`, and the report of every deployment by its name."""

    ok: bool
    summary: str
    checks: list[HealthCheckOut] = []
    deployments: dict[str, ReportOut] = {}


def report_out(report: Report) -> ReportOut:
    """Return a report as it goes over the wire."""
    return ReportOut(
        ok=report.ok,
        summary=report.summary,
        checked=report.checked,
        backends=list(report.backends),
        can_run_on=list(report.can_run_on),
        problems=[_problem_out(problem) for problem in report.problems],
    )


def doctor_out(diagnosis: Diagnosis) -> DoctorOut:
    """Return a diagnosis as it goes over the wire."""
    return DoctorOut(
        ok=diagnosis.ok,
        summary=diagnosis.summary,
        checks=[_check_out(check) for check in diagnosis.checks],
        deployments={name: report_out(report) for name, report in diagnosis.deployments.items()},
    )


def _problem_out(problem: Problem) -> ProblemOut:
    return ProblemOut(**problem.as_dict())


def _check_out(check: Check) -> HealthCheckOut:
    return HealthCheckOut(**asdict(check))
