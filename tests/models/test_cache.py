"""Which models go to make room for another."""

from __future__ import annotations

import pytest

from viewcomfy.models.cache import to_remove
from viewcomfy.models.record import Entry


def entry(name: str, size: int = 10, used_at: float = 0.0, *, cached: bool = True, added_at: float = 0.0) -> Entry:
    return Entry("loras", name, size, 0, added_at=added_at, used_at=used_at, cached=cached)


HELD = [entry("old", used_at=1), entry("new", used_at=9), entry("hand", 1000, cached=False), entry("fresh", added_at=5)]


@pytest.mark.parametrize(
    ("needed", "limit", "short", "keep", "gone"),
    [
        (5, 0, 0, set(), []),
        (10, 40, 0, set(), []),
        (10, 39, 0, set(), ["old"]),
        (10, 25, 0, set(), ["old", "fresh"]),
        (10, 25, 0, {("loras", "old")}, ["fresh", "new"]),
        (10, 25, 0, {("", "old"), ("", "fresh")}, None),
        (10, 25, 0, {("checkpoints", "old")}, ["old", "fresh"]),
        (26, 25, 0, set(), None),
        (0, 100, 15, set(), ["old", "fresh"]),
        (0, 100, 31, set(), None),
    ],
)
def test_the_longest_unused_make_room_if_that_is_enough(
    needed: int, limit: int, short: int, keep: set[tuple[str, str]], gone: list[str] | None
) -> None:
    found = to_remove(HELD, needed, limit=limit, keep=keep, short=short)
    assert (None if found is None else [one.file for one in found]) == gone
