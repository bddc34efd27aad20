"""Watching a job."""

from __future__ import annotations

import io

from rich.console import Console

from viewcomfy.cli.watch import JobView
from viewcomfy.core.events import Event, EventKind, log_event

BAR = " 42%|████▏     | 5/12 [00:00<00:00, 10.22it/s]"


def view(*events: Event, terminal: bool, logs: bool = True) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=80, color_system=None, markup=False, highlight=False)
    with JobView(console, logs=logs) as shown:
        for event in events:
            shown.show(event)
    return file.getvalue()


def test_log_lines_are_shown_whole() -> None:
    assert view(log_event("x" * 200, 0.0), terminal=False) == "x" * 200 + "\n"


def test_quiet_leaves_them_out() -> None:
    assert view(log_event("got prompt", 0.0), terminal=False, logs=False) == ""


def test_a_bar_made_of_text_is_shown_in_a_pipe_and_replaced_by_ours_in_a_terminal() -> None:
    assert "42%" in view(log_event(BAR, 0.0), terminal=False)
    assert "5/12" not in view(log_event(BAR, 0.0), terminal=True)


def test_a_terminal_shows_the_node_that_runs_and_how_far_the_job_is() -> None:
    shown = view(
        Event(EventKind.STATUS, {"status": "queued"}),
        Event(EventKind.STATUS, {"status": "running", "attempt": 1}),
        Event(EventKind.PROGRESS, {"node_id": "3", "title": "[Sampler]", "fraction": 0.5}),
        terminal=True,
    )
    assert "[Sampler]" in shown
    assert "50%" in shown


def test_control_characters_of_a_node_do_not_reach_the_terminal() -> None:
    assert "\x1b[2J" not in view(log_event("a\x1b[2Jb", 0.0), terminal=True)


def test_a_preview_is_not_shown() -> None:
    assert view(Event(EventKind.PREVIEW, {"node_id": "3", "data": "AAAA"}), terminal=False) == ""
