"""Log lines: nothing of the terminal's business in them, and progress bars that can be followed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.comfy.logs import CUT, MAX_LINE, LineSplitter


def lines(*pieces: bytes, every: float = 0.1) -> list[str]:
    splitter = LineSplitter(redraw_every=every)
    return [line for i, piece in enumerate(pieces) for line in splitter.feed(piece, i / 100)] + splitter.close()


def test_lines_are_cut_at_each_kind_of_line_end() -> None:
    assert lines(b"one\ntwo\r\nth", b"ree\n\n  \nfour") == ["one", "two", "three", "four"]


def test_colours_and_cursor_moves_are_dropped() -> None:
    assert lines(b"\x1b[1;31mred\x1b[0m \x1b[2K\x1b]0;title\x07plain\x07\n\x1b[A\n") == ["red plain"]


def test_broken_characters_are_replaced_and_split_ones_are_not() -> None:
    assert lines("ä".encode()[:1], "ä".encode()[1:] + b"\xff\n") == ["ä\ufffd"]


def test_a_progress_bar_shows_at_once_is_thinned_and_ends_with_its_last_state() -> None:
    drawn = [f"\r{step:3}% |".encode() for step in range(0, 101, 10)]
    assert lines(*drawn, b"\n") == ["  0% |", "100% |"]
    assert lines(*drawn, b"\n", every=0.05) == ["  0% |", " 50% |", "100% |"]


def test_a_bar_that_pauses_still_shows_where_it_is() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"\r 10%", 0) == [" 10%"]
    assert splitter.feed(b"\r 20%", 0.01) == []
    assert splitter.is_holding
    assert splitter.tick(0.05) == []
    assert splitter.tick(0.11) == [" 20%"]
    assert not splitter.is_holding
    assert splitter.feed(b"\n", 5) == []


def test_a_very_long_line_is_cut() -> None:
    [line] = lines(*[b"x" * 3000] * 5, b"\n")
    assert line == "x" * MAX_LINE + CUT


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_no_line_is_empty_or_holds_control_characters(pieces: list[bytes]) -> None:
    for line in lines(*pieces):
        assert line.strip()
        assert not any(character < " " or character == "\x7f" for character in line if character != "\t")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))).filter(bool), max_size=8), st.integers(1, 9))
def test_however_output_is_cut_the_lines_are_the_same(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode()
    assert lines(*[data[i : i + size] for i in range(0, len(data), size)]) == texts
