"""The last lines of a backend."""

from __future__ import annotations

from viewcomfy.comfy.log_tail import KEPT, MOST_CHARACTERS, LogTail


def numbers(tail: LogTail, after: int) -> tuple[list[int], int]:
    lines, following = tail.since(after)
    return [line.number for line in lines], following


def test_lines_have_numbers_and_times() -> None:
    tail = LogTail(clock=lambda: 12.5)
    tail.add(["a", "b"])
    lines, following = tail.since(0)
    assert [(line.number, line.at, line.text) for line in lines] == [(1, 12.5, "a"), (2, 12.5, "b")]
    assert following == 2


def test_only_what_came_later_is_returned() -> None:
    tail = LogTail()
    assert numbers(tail, 0) == ([], 0)
    tail.add(["a", "b", "c"])
    assert numbers(tail, 2) == ([3], 3)
    assert numbers(tail, 3) == ([], 3)


def test_the_oldest_lines_go_first() -> None:
    tail = LogTail()
    tail.add(map(str, range(KEPT + 5)))
    found, following = numbers(tail, 0)
    assert (found[0], len(found), following) == (6, KEPT, KEPT + 5)


def test_a_number_of_an_earlier_worker_returns_everything() -> None:
    tail = LogTail()
    tail.add(["a", "b"])
    assert numbers(tail, 700) == ([1, 2], 2)


def test_very_long_lines_come_in_more_than_one_answer() -> None:
    tail = LogTail()
    tail.add(["x" * (MOST_CHARACTERS // 3)] * 8)
    found: list[int] = []
    following = 0
    for _ in range(3):
        more, following = numbers(tail, following)
        found += more
    assert found == list(range(1, 9))
