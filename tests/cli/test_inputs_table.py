"""The table of inputs."""

from __future__ import annotations

import pytest

from tests.wire.inputs_kit import NASTY, POSTER, choices, declared
from viewcomfy.cli.inputs_table import choices_of, inputs_table
from viewcomfy.core.inputs import InputKind


def test_advanced_inputs_stand_below_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    inputs_table(POSTER)
    basic, _, advanced = capsys.readouterr().out.partition("Advanced inputs")
    assert "steps" in basic
    assert "From 1 to 150." in basic
    assert "required" in next(line for line in basic.splitlines() if line.startswith("image "))
    assert "cfg" in advanced
    assert "cfg" not in basic


def test_advanced_inputs_may_be_counted_only(capsys: pytest.CaptureFixture[str]) -> None:
    inputs_table(POSTER, advanced=False, hint="ask for them")
    told = capsys.readouterr().out
    assert "cfg" not in told
    assert "advanced one: ask for them\n" in told
    inputs_table([declared("cfg", InputKind.NUMBER, advanced=True)], advanced=False)
    assert "cfg" in capsys.readouterr().out  # where there is nothing else


def test_what_is_hidden_or_locked_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    inputs_table([declared("a", InputKind.TEXT, hidden=True), declared("b", InputKind.TEXT, locked=True), declared("c", InputKind.TEXT)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert lines == [["NAME", "TYPE", "DEFAULT", "TAKES"], ["a", "text", "hidden"], ["b", "text", "locked"], ["c", "text"]]


@pytest.mark.parametrize("text", NASTY)
def test_words_of_owners_stay_on_their_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    inputs_table([declared("a", InputKind.TEXT, label=text, description=text, default=text)])
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 4
    assert "\x1b" not in told


def test_a_long_list_of_choices_is_begun() -> None:
    assert choices_of(declared("a", InputKind.CHOICE, choices=choices("x"))) == "Only x"
    assert choices_of(declared("a", InputKind.CHOICE, choices=choices(1, 2.5, True))) == "One of 1, 2.5, true"
    told = choices_of(declared("a", InputKind.CHOICE, choices=choices(*range(100))))
    assert told == "One of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (100 in all)"
    assert len(choices_of(declared("a", InputKind.CHOICE, choices=choices(*("x" * 200 for _ in range(9)))))) < 200
