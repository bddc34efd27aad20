"""A percentage of the callers gets the canary, always the same ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.canary import choose

TOKENS = [f"vc_{number:016x}" for number in range(20_000)]
PERCENT = st.floats(0, 100)


def test_without_a_canary_everybody_gets_the_current_version() -> None:
    assert {choose(3, None, 50, token) for token in TOKENS[:100]} == {3}


def test_0_percent_is_nobody_and_100_percent_is_everybody() -> None:
    assert {choose(3, 4, 0, token) for token in TOKENS} == {3}
    assert {choose(3, 4, 100, token) for token in TOKENS} == {4}


@pytest.mark.parametrize("percent", [0.5, 1, 5, 25, 50, 90])
def test_the_share_of_the_canary_is_what_was_asked_for(percent: float) -> None:
    share = 100 * sum(choose(3, 4, percent, token) == 4 for token in TOKENS) / len(TOKENS)
    spread = 100 * (percent / 100 * (1 - percent / 100) / len(TOKENS)) ** 0.5
    assert abs(share - percent) < 4 * spread


@given(st.text(), PERCENT, PERCENT)
def test_whoever_had_the_canary_keeps_it_when_the_percentage_grows(token: str, one: float, two: float) -> None:
    smaller, larger = sorted((one, two))
    if choose(3, 4, smaller, token) == 4:
        assert choose(3, 4, larger, token) == 4


@given(st.text(), PERCENT)
def test_a_token_always_gets_the_same_answer(token: str, percent: float) -> None:
    assert choose(3, 4, percent, token) == choose(3, 4, percent, token)


def test_the_next_canary_has_other_callers_go_first() -> None:
    fourth = {token for token in TOKENS if choose(3, 4, 10, token) == 4}
    fifth = {token for token in TOKENS if choose(4, 5, 10, token) == 5}
    assert len(fourth & fifth) < len(fourth) / 5


def test_a_percentage_that_is_no_number_is_nobody() -> None:
    assert choose(3, 4, float("nan"), "token") == 3
