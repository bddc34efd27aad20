"""The rules of Range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import RangeNotSatisfiable
from viewcomfy.server.ranges import parse_range, range_applies


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=5-99", (5, 10)),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=٣-", None),
    ],
)
def test_a_range_is_part_of_the_file_and_nonsense_is_the_whole(header: str | None, wanted: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == wanted


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=11-12", 10), ("bytes=-0", 10), ("bytes=0-0", 0)])
def test_a_range_beyond_the_file_is_refused(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, size)


def test_a_range_of_another_version_is_not_used() -> None:
    assert range_applies(None, '"a"')
    assert range_applies('"a"', '"a"')
    assert not range_applies('"b"', '"a"')
    assert not range_applies("Wed, 21 Oct 2015 07:28:00 GMT", '"a"')


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True), st.integers(0, 10**12))
def test_any_header_gives_bytes_that_are_there(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size
