"""Hints are the names that somebody may have meant, found for many words among the same thousands of names."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from itertools import islice, pairwise
from typing import Any

from viewcomfy.core.suggestions import MAX_CANDIDATES, MAX_WORD, nearest

COMPARED = 24
"""So many names, those that share most with the word, are compared with care: that is the slow part."""

Offers = tuple[Collection[Any], ...]
Names = list[tuple[str, frozenset[str]]]


class Hints:
    """Find near names. What was worked out is kept: use one for all reports on the same catalogs, and drop it with them."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, ...], tuple[Offers, Names]] = {}
        self._found: dict[tuple[str, tuple[int, ...]], tuple[str, ...]] = {}

    def near(self, word: str, offers: Sequence[Collection[Any]]) -> tuple[str, ...]:
        """Return at most three of the names in any of the offers, the likeliest first."""
        distinct = {id(offer): offer for offer in offers}
        key = (word, tuple(distinct))
        if key not in self._found:
            wanted = _pairs(word)
            names = self._names_in(tuple(distinct.values()))
            likely = heapq.nlargest(COMPARED, names, key=lambda name: len(wanted & name[1]) / (len(wanted) + len(name[1])))
            self._found[key] = tuple(nearest(word, [name for name, _ in likely]))
        return self._found[key]

    def _names_in(self, offers: Offers) -> Names:
        key = tuple(id(offer) for offer in offers)
        if key not in self._names:
            names = dict.fromkeys(name for offer in offers for name in offer if isinstance(name, str))
            # the offers are kept with the names: an id is that of one thing only for as long as it lives
            self._names[key] = offers, [(name, _pairs(name)) for name in islice(names, MAX_CANDIDATES)]
        return self._names[key][1]


def _pairs(word: str) -> frozenset[str]:
    text = f" {word[-MAX_WORD:].casefold()} "
    return frozenset(map("".join, pairwise(text)))
