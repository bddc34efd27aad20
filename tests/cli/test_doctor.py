"""The doctor's table."""

from __future__ import annotations

import pytest

from viewcomfy.cli.doctor import report_health
from viewcomfy.wire.reports import DoctorOut, HealthCheckOut, ProblemOut, ReportOut


def report(backends: int, able: int) -> ReportOut:
    """Return a report about so many backends, of which so many can run it."""
    names = [f"gpu-{number}" for number in range(backends)]
    problem = ProblemOut(code="missing_model", severity="error", message="No model.", backends=names[able:])
    return ReportOut(
        ok=able > 0,
        summary=f"Runs on {able}.",
        checked=True,
        backends=names,
        can_run_on=names[:able],
        problems=[problem] * (able < backends),
    )


def test_each_deployment_has_a_row_and_each_backend_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    report_health(DoctorOut(ok=True, summary="All is well.", deployments={"poster": report(3, 2), "postcard": report(3, 3)}))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert lines[:3] == [
        ["DEPLOYMENT", "gpu-0", "gpu-1", "gpu-2"],
        ["poster", "runs", "runs", "1", "problem"],
        ["postcard", "runs", "runs", "runs"],
    ]
    assert ["poster:", "Runs", "on", "2."] in lines
    assert lines[-1] == ["All", "is", "well."]


def test_many_backends_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    report_health(DoctorOut(ok=False, summary="No.", deployments={"poster": report(8, 3), "postcard": report(8, 8)}))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert lines[:3] == [["DEPLOYMENT", "RUNS", "ON", "PROBLEMS"], ["poster", "3", "of", "8", "1"], ["postcard", "8", "of", "8"]]


def test_checks_come_first_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [
        HealthCheckOut(subject="disk of gpu-1", state="error", message="1.0 GiB of 50.0 GiB are free.", hint="Give it a larger disk.")
    ]
    report_health(DoctorOut(ok=False, summary="Trouble with disk of gpu-1.", checks=checks))
    told = capsys.readouterr().out
    assert told.splitlines()[0] == "  error  disk of gpu-1: 1.0 GiB of 50.0 GiB are free. Give it a larger disk."
    assert "DEPLOYMENT" not in told


def test_a_backend_that_one_report_does_not_know_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    report_health(DoctorOut(ok=True, summary="All is well.", deployments={"poster": report(2, 2), "postcard": report(1, 1)}))
    assert "postcard    runs   not known" in capsys.readouterr().out
