"""Spans: the parts of a file that are fetched side by side, and how far each has come."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Span:
    """The bytes from `start` up to `end` (None: to the end of the file, wherever that is); those before `at` are there."""

    start: int
    end: int | None
    at: int

    @property
    def received(self) -> int:
        """How many bytes are there."""
        return self.at - self.start

    @property
    def is_done(self) -> bool:
        """Tell whether all of it is there; never for one whose end is not known."""
        return self.end is not None and self.at >= self.end

    def as_list(self) -> list[int | None]:
        """Return it as JSON values."""
        return [self.start, self.end, self.at]


def divide(size: int, parts: int, least: int) -> list[Span]:
    """Return at most so many spans of nearly equal length, each of at least so many bytes, that make up a file."""
    count = max(1, min(parts, size // max(1, least)))
    bounds = [size * number // count for number in range(count + 1)]
    return [Span(start, end, start) for start, end in itertools.pairwise(bounds)]


def read_spans(value: object, size: int) -> list[Span] | None:
    """Return spans that were written down if they make up a file of this size, else None."""
    if not isinstance(value, list) or not all(_is_span(item) for item in value):
        return None
    spans = [Span(*item) for item in value]
    whole = [0, *(span.end for span in spans)] == [*(span.start for span in spans), size]
    return spans if whole and all(span.start <= span.at <= (span.end or 0) for span in spans) else None


def received(spans: Iterable[Span]) -> int:
    """Return how many bytes of a file are there."""
    return sum(span.received for span in spans)


def missing(spans: Sequence[Span]) -> int:
    """Return how many bytes are not there, as far as that is known."""
    return sum(span.end - span.at for span in spans if span.end is not None)


def _is_span(item: object) -> bool:
    return isinstance(item, list) and len(item) == 3 and all(type(number) is int for number in item)
