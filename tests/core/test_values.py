"""Values: brought to the kind of their input, or refused."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.declared import an_input
from viewcomfy.core.inputs import InputKind
from viewcomfy.core.params import MAX_SEED, RANDOM_SEED
from viewcomfy.core.values import Around, Fault, fit, pick_seed, same, shown
from viewcomfy.core.workflows import is_link

values = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
LIMITS: dict[str, Any] = {"minimum": 1, "maximum": 100}
CHOICES = ["euler", "ddim", 8, 1.5, True]


def fitted(kind: str, value: Any, current: Any = None, live: list[Any] | None = None, **facts: Any) -> Any:
    """Return what a value becomes, or the Fault."""
    if kind == "choice":
        facts.setdefault("choices", CHOICES)
    fault, result = fit(an_input(kind=InputKind(kind), **facts), value, Around(current, live, random.Random(1)))
    return fault or result


def refused(kind: str, value: Any, **more: Any) -> Fault:
    fault = fitted(kind, value, **more)
    assert isinstance(fault, Fault), fault
    return fault


@pytest.mark.parametrize(
    ("kind", "sent", "expected"),
    [
        ("text", "a dog", "a dog"), ("text", "", ""), ("text", 5, "5"), ("text", 7.5, "7.5"), ("text", True, "true"),
        ("integer", 20, 20), ("integer", "20", 20), ("integer", 20.0, 20), ("integer", "20.0", 20), ("integer", " 2e1 ", 20),
        ("integer", "-3", -3),
        ("number", 8, 8), ("number", "7.5", 7.5), ("number", "7", 7), ("number", ".5", 0.5), ("number", "1e-3", 0.001),
        ("number", -0.25, -0.25),
        ("seed", "18446744073709551615", 2**64 - 1), ("seed", "-1", -1), ("seed", 7, 7),
        ("boolean", True, True), ("boolean", "true", True), ("boolean", "OFF", False), ("boolean", 1, True), ("boolean", "0", False),
        ("choice", "ddim", "ddim"), ("choice", "8", 8), ("choice", 8.0, 8), ("choice", "1.5", 1.5), ("choice", "true", True),
        ("choice", True, True),
        ("image", "other.png", "other.png"), ("image", "clipspace/a b.png [input]", "clipspace/a b.png [input]"), ("file", "x", "x"),
        ("video", "a..b.mp4", "a..b.mp4"), ("any", "x", "x"), ("any", 5, 5), ("any", False, False),
        ("any", [1, ["a", 2.5]], {"__value__": [1, ["a", 2.5]]}), ("any", {"__value__": [1]}, {"__value__": [1]}),
    ],
)  # fmt: skip
def test_a_value_takes_the_kind_of_the_input(kind: str, sent: Any, expected: Any) -> None:
    got = fitted(kind, sent)
    assert (got, type(got)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("text", ["a"]), ("text", {"a": 1}), ("text", float("nan")), ("text", 10**500),
        ("integer", "many"), ("integer", ""), ("integer", 7.5), ("integer", "7.5"), ("integer", True), ("integer", "1_000"),
        ("integer", "٣"),
        ("integer", 1e300), ("integer", "1" * 5000), ("integer", [1]), ("number", "nan"), ("number", "inf"), ("number", "1e999"),
        ("number", float("inf")), ("number", False), ("number", "7,5"), ("seed", "random"), ("seed", 10**50), ("seed", 1.5),
        ("boolean", "maybe"), ("boolean", 2), ("boolean", ""), ("boolean", [True]), ("choice", "eulr"), ("choice", ["euler"]),
        ("choice", 1),
        ("any", ["9", 0]), ("any", {"a": 1}), ("any", {"__value__": 1}), ("any", [[float("nan")]]), ("any", [{}]),
        ("image", 5), ("image", True), ("image", ["a.png"]), ("image", ""), ("image", " "), ("image", "x" * 5000),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind: str, sent: Any) -> None:
    assert len(refused(kind, sent).says) < 300


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../x.png", "a/../../x.png", "..", "a\\b.png", "C:/x.png", "~/x.png", "x\0.png", "../x.png [output]", "..x[output]",
        "a/..x[temp]", "data:image/png;base64,AAAA", "https://example.com/x.png", " HTTP://example.com", "file:///x.png",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["image", "file"])
def test_the_name_of_a_file_leads_nowhere_else(kind: str, name: str) -> None:
    fault = refused(kind, name)
    assert fault.kind == "file"
    assert "multipart" in (fault.hint or "")


# --- limits and choices -----------------------------------------------------------------------------------------------
def test_limits_are_inclusive_and_named() -> None:
    assert [fitted("integer", value, **LIMITS) for value in (1, "100")] == [1, 100]
    assert refused("integer", 101, **LIMITS).says == "must be between 1 and 100, not 101"
    assert refused("number", "0.5", minimum=1).says == "must be at least 1, not 0.5"
    assert refused("any", 5, maximum=4).kind == "range"
    assert "5e-324" in (refused("seed", -1, minimum=0).hint or "")


def test_choices_on_a_backend_are_those_it_has_now() -> None:
    facts: dict[str, Any] = {"choices": ["old.ckpt"], "on_backend": True}
    assert fitted("choice", "new.ckpt", live=["old.ckpt", "new.ckpt"], **facts) == "new.ckpt"
    assert fitted("choice", "new.ckpt", **facts) == "new.ckpt"
    assert refused("choice", "gone.ckpt", live=["new.ckpt"], **facts).kind == "choice_on_backend"
    assert refused("choice", "gone.ckpt", live=[], **facts).kind == "choice_on_backend"
    assert refused("choice", "other").kind == "choice"


def test_several_choices_at_once_are_a_list_where_the_workflow_has_one() -> None:
    current: Any
    for current in ([], {"__value__": ["ddim"]}):
        assert fitted("choice", ["euler", "8"], current) == {"__value__": ["euler", 8]}
        assert refused("choice", ["euler", "eulr"], current=current).kind == "choice"
        assert refused("choice", [["euler"]], current=current).kind == "type"
    assert fitted("choice", ["euler", 0], ["a", "b", "c"], choices=["euler", 0]) != {"__value__": ["euler", 0]}


# --- seeds ------------------------------------------------------------------------------------------------------------
def test_the_smallest_number_of_javascript_picks_a_seed() -> None:
    for kind, sent in (("seed", RANDOM_SEED), ("seed", "5e-324"), ("integer", json.loads("5e-324")), ("any", RANDOM_SEED)):
        picked = fitted(kind, sent, key="3-inputs-noise_seed")
        assert isinstance(picked, int)
        assert 0 <= picked <= MAX_SEED
    assert fitted("number", RANDOM_SEED) == RANDOM_SEED


@given(st.none() | st.integers(-(2**70), 2**70), st.none() | st.integers(-(2**70), 2**70), st.integers())
def test_a_picked_seed_is_within_the_limits(low: int | None, high: int | None, number: int) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    seed = pick_seed(an_input(kind=InputKind.SEED, minimum=low, maximum=high), random.Random(number))
    assert low is None or seed >= low
    assert high is None or seed <= high


# --- whatever comes ---------------------------------------------------------------------------------------------------
@given(st.sampled_from(InputKind), anything, st.booleans())
def test_whatever_is_sent_fits_and_can_be_written_as_json_or_is_refused(kind: InputKind, value: Any, limited: bool) -> None:
    fault, result = fit(an_input(kind=kind, **(LIMITS if limited else {})), value, Around(None, None, random.Random(1)))
    if value is not None and fault is None:
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert not is_link(result)


@given(st.text(), anything)
def test_what_is_shown_is_short_and_can_be_written_as_json(name: str, value: Any) -> None:
    assert len(json.dumps(shown(name, value), allow_nan=False)) < 2500


def test_what_is_shown_holds_no_secret_and_no_file() -> None:
    assert shown("api_key", "abc") == shown("password", 123) == "(not shown)"
    assert shown("max_tokens", 5) == 5
    assert shown("image", "data:image/png;base64," + "A" * 999) == "data:image/png;base64,…"
    assert shown("image", "https://me:secret@example.com/a.png?sig=secret") == "https://example.com/a.png"
    assert len(shown("text", "x" * 5000)) < 200


def test_true_is_not_one() -> None:
    assert same(1, 1.0)
    assert same(["4", 0], ["4", 0])
    assert not same(1, True)
    assert not same("1", 1)
