"""Percentiles without sorting."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.spread import Percentiles, Spread, cell_of


def spread(*times: float) -> Percentiles | None:
    made = Spread()
    for time in times:
        made.add(cell_of(time))
    return made.percentiles()


def exact(times: list[float], part: int) -> float:
    return sorted(times)[math.ceil(len(times) * part / 100) - 1]


def test_nothing_has_no_percentiles() -> None:
    assert spread() is None


def test_one_time_is_all_of_its_percentiles() -> None:
    found = spread(12.5)
    assert found is not None
    assert found.p50 == found.p95 == found.p99 == pytest.approx(12.5, rel=0.003)


def test_a_hundred_times_have_the_percentiles_that_one_would_count() -> None:
    found = spread(*(float(number) for number in range(1, 101)))
    assert found is not None
    assert (found.p50, found.p95, found.p99) == pytest.approx((50, 95, 99), rel=0.003)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60))
def test_percentiles_are_those_of_the_sorted_times_but_for_a_rounding(times: list[float]) -> None:
    found = spread(*times)
    assert found is not None
    for part, value in ((50, found.p50), (95, found.p95), (99, found.p99)):
        assert value == pytest.approx(exact(times, part), rel=0.002, abs=0.001)


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_cells_grow_with_time(one: float, other: float) -> None:
    assert (cell_of(one) <= cell_of(other)) or one > other


@pytest.mark.parametrize("time", [0.0, -3.0, 1e-9])
def test_what_took_no_time_or_less_counts_as_next_to_nothing(time: float) -> None:
    found = spread(time)
    assert found is not None
    assert found.p50 == pytest.approx(0.001, abs=0.0005)
