"""What many jobs come to."""

from __future__ import annotations

from typing import Any

import pytest

from viewcomfy.core.durations import DAY, HOUR
from viewcomfy.core.errors import BadInput
from viewcomfy.core.spread import Percentiles
from viewcomfy.core.usage import BucketSize, Figures, Grouping, Ledger, UsageRow, Window

NOW = 1_800_000_900.0
NOTHING = Figures(0, 0, 0, 0, 0.0, 0, None, None, None, None)


def done(at: float = 10.0, **changes: Any) -> UsageRow:
    """Return a job that waited 2 seconds, ran 5 and took 8 in all."""
    row = UsageRow(at, at + 2, at + 8, 5.0, None, "succeeded", "cats", "key", None)
    return row._replace(**changes)


def failed(at: float = 10.0, code: str = "workflow_failed", **changes: Any) -> UsageRow:
    return done(at, status="failed", error_code=code, execution_time=1.0, **changes)


def waiting(at: float = 10.0) -> UsageRow:
    return done(at, status="queued", started_at=None, finished_at=None, execution_time=None)


def ledger(*rows: UsageRow, by: Grouping = Grouping.NONE, window: Window | None = None) -> Ledger:
    made = Ledger(window or Window(0.0, 10 * HOUR, HOUR), by)
    made.add(rows)
    return made


def about(seconds: float) -> Any:
    return pytest.approx(Percentiles(seconds, seconds, seconds).p50, rel=0.003)


def test_no_jobs_come_to_nothing() -> None:
    empty = ledger()
    assert empty.figures() == NOTHING
    assert (list(empty.buckets()), list(empty.groups()), empty.errors()) == ([], [], [])


def test_jobs_are_counted_by_how_they_ended_and_those_that_have_not_only_as_jobs() -> None:
    canceled = done(status="canceled", started_at=None, execution_time=None)
    figures = ledger(done(), done(), failed(), canceled, waiting()).figures()
    assert (figures.jobs, figures.succeeded, figures.failed, figures.canceled) == (5, 2, 1, 1)
    assert figures.gpu_seconds == 11.0


def test_times_are_told_apart_by_what_was_waited_for() -> None:
    figures = ledger(done(cold_start=1.5)).figures()
    assert figures.cold_starts == 1
    found = (figures.queue, figures.cold_start, figures.run, figures.total)
    assert [one and one.p95 for one in found] == [about(2), about(1.5), about(5), about(8)]


def test_a_running_comfyui_is_no_cold_start() -> None:
    figures = ledger(done()).figures()
    assert (figures.cold_starts, figures.cold_start) == (0, None)


def test_what_broke_off_says_nothing_of_how_long_a_run_takes() -> None:
    figures = ledger(failed(), done(status="canceled")).figures()
    assert (figures.run, figures.total) == (None, None)
    assert figures.queue is not None


def test_buckets_count_from_the_beginning_of_the_window_and_empty_ones_are_left_out() -> None:
    window = Window(1800.0, 1800.0 + 10 * HOUR, HOUR)
    rows = (done(1800.0), done(1800.0 + HOUR - 0.1), done(1800.0 + HOUR), waiting(1800.0 + 5 * HOUR))
    found = [(at, group, figures.jobs, figures.succeeded) for at, group, figures in ledger(*rows, window=window).buckets()]
    assert found == [(1800.0, "", 2, 2), (1800.0 + HOUR, "", 1, 1), (1800.0 + 5 * HOUR, "", 1, 0)]


def test_what_lies_outside_the_window_does_not_count() -> None:
    assert ledger(done(-0.1), done(10 * HOUR)).figures() == NOTHING


def test_jobs_can_be_told_apart_by_deployment() -> None:
    made = ledger(done(), done(deployment="dogs"), done(HOUR, deployment="dogs"), by=Grouping.DEPLOYMENT)
    assert [(group, figures.jobs) for group, figures in made.groups()] == [("dogs", 2), ("cats", 1)]
    assert [(at, group, figures.jobs) for at, group, figures in made.buckets()] == [(0, "cats", 1), (0, "dogs", 1), (HOUR, "dogs", 1)]
    assert made.figures().jobs == 3


def test_the_visitors_of_a_share_link_count_as_its_key() -> None:
    made = ledger(done(key_id="a~1"), done(key_id="a~2"), done(key_id="a"), done(key_id="b"), by=Grouping.KEY)
    assert [(group, figures.jobs) for group, figures in made.groups()] == [("a", 3), ("b", 1)]


def test_the_most_frequent_error_comes_first() -> None:
    made = ledger(failed(code="out_of_memory"), failed(), failed(), done())
    assert made.errors() == [("workflow_failed", 2), ("out_of_memory", 1)]


def test_by_default_the_last_day_is_looked_at_by_the_hour_from_a_full_one_on() -> None:
    window = Window.of(None, None, BucketSize.AUTO, now=NOW)
    assert window == Window(NOW - 900 - DAY, NOW, HOUR)


@pytest.mark.parametrize(
    ("size", "days", "seconds"),
    [
        (BucketSize.AUTO, 4, HOUR),
        (BucketSize.AUTO, 4.5, DAY),
        (BucketSize.HOUR, 30, HOUR),
        (BucketSize.DAY, 0.5, DAY),
        (BucketSize.DAY, 900, DAY),
    ],
)
def test_buckets_are_as_long_as_was_asked_for(size: BucketSize, days: float, seconds: int) -> None:
    assert Window.of(NOW - days * DAY, NOW, size, now=NOW).bucket_seconds == seconds


@pytest.mark.parametrize(
    ("since", "until", "size"),
    [(NOW, NOW, BucketSize.AUTO), (NOW + 1, None, BucketSize.AUTO), (0.0, NOW, BucketSize.HOUR), (-1e300, 1e300, BucketSize.DAY)],
)
def test_a_window_that_makes_no_sense_is_refused(since: float, until: float | None, size: BucketSize) -> None:
    with pytest.raises(BadInput):
        Window.of(since, until, size, now=NOW)
