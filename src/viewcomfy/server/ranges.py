"""The rules of `Range`: which bytes of a file a request is for."""

from __future__ import annotations

import re

from viewcomfy.core.errors import RangeNotSatisfiable

ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (start, end) with the end excluded; None where the whole file is to be sent.

    Several ranges, other units and nonsense count as no range, as the standard allows. Raises RangeNotSatisfiable.
    """
    found = ONE_RANGE.fullmatch(header) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return None
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= size:
        raise RangeNotSatisfiable(f"The file has {size} bytes; the range asks for bytes beyond them.")
    return start, end


def range_applies(if_range: str | None, etag: str) -> bool:
    """Tell whether the range may be used: If-Range names the version that the client has a part of."""
    return if_range is None or if_range == etag
