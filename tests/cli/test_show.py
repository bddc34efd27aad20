"""What the terminal shows."""

from __future__ import annotations

import io
import json
import time

import pytest
from rich.console import Console

from viewcomfy.cli import show
from viewcomfy.core.errors import DeploymentProblems, InvalidParams, JobCanceled


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (123_456, "123 kB"), (5_000_000, "5.0 MB"), (7e12, "7.0 TB")]
)
def test_sizes_are_for_people(count: float, text: str) -> None:
    assert show.size(count) == text


@pytest.mark.parametrize(
    ("duration", "text"), [(None, ""), (0.42, "0.4 s"), (65, "1 min 05 s"), (119.7, "2 min 00 s"), (7260, "2 h 01 min")]
)
def test_durations_are_for_people(duration: float | None, text: str) -> None:
    assert show.seconds(duration) == text


def test_today_is_shown_by_its_time_and_other_days_by_their_date() -> None:
    now = time.time()
    assert show.when(now) == show.moment(now)[11:]
    assert show.when(now - 400 * 86_400) == show.moment(now - 400 * 86_400)[:10]
    assert show.when(None) == ""


def test_a_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show.table(["ID", "TEXT"], [("a" * 36, "b" * 200)])
    assert "b" * 200 in capsys.readouterr().out


def test_an_error_in_a_pipe_is_one_line_and_its_hint_another(capsys: pytest.CaptureFixture[str]) -> None:
    show.failed(InvalidParams("x" * 300, hint="y" * 300))
    assert capsys.readouterr().err == f"Error: {'x' * 300}\n  {'y' * 300}\n"


def test_every_further_problem_is_told_up_to_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [{"input": str(i), "message": f"problem {i}"} for i in range(30)]
    show.failed(InvalidParams("problem 0", problems=problems))
    told = capsys.readouterr().err
    assert told.count("problem 0\n") == 1
    assert "Also: problem 1\n" in told
    assert "… and 19 more." in told


def test_markup_in_a_message_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    show.failed(InvalidParams("[bold]no[/bold] :smile: [/]"))
    assert "[bold]no[/bold] :smile: [/]" in capsys.readouterr().err


def test_a_cancel_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    show.failed(JobCanceled("Job x was canceled."))
    assert capsys.readouterr().err.startswith("Canceled: ")


def test_an_error_for_programs_has_the_keys_of_the_servers_answers(capsys: pytest.CaptureFixture[str]) -> None:
    show.failed_json(InvalidParams("No.", hint="Yes.", problems=[{"input": "a", "message": "No."}]))
    assert json.loads(capsys.readouterr().err) == {
        "code": "invalid_params",
        "detail": "No.",
        "hint": "Yes.",
        "problems": [{"input": "a", "message": "No."}],
    }


def test_the_hint_of_each_further_problem_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [{"message": "first", "hint": "H."}, {"message": "second", "hint": "Did you mean 'b'?"}, {"message": "third", "hint": "H."}]
    show.failed(InvalidParams("first", hint="H.", problems=problems))
    assert capsys.readouterr().err == "Error: first\n  Also: second Did you mean 'b'?\n  Also: third\n  H.\n"


def test_a_report_in_an_error_is_told_instead_of_its_problems(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        {"code": "missing_model", "severity": "error", "message": "No model."},
        {"code": "unreachable", "severity": "warning", "message": "No use."},
    ]
    found = {"ok": False, "summary": "Nothing can run this.", "checked": True, "backends": ["a"], "problems": problems}
    show.failed(DeploymentProblems("Nothing can run this.", hint="--force", problems=problems, details={"report": found}))
    assert capsys.readouterr().err == "Error: Nothing can run this.\n  error    No model.\n  warning  No use.\n  --force\n"


def test_items_are_told_one_a_line_in_a_pipe_and_indented_on_a_terminal() -> None:
    told = {}
    for terminal in (False, True):
        file = io.StringIO()
        console = Console(file=file, force_terminal=terminal, width=30, color_system=None, markup=False, highlight=False)
        show.items([("error", "red", "x " * 20), ("odd", "yellow", "\x1b[2J[bold]")], console)
        told[terminal] = file.getvalue()
    assert told[False] == f"  error  {'x ' * 20}\n  odd    [bold]\n"
    assert all(line.startswith(("  error  x", "         x", "  odd    [bold]")) for line in told[True].splitlines())
