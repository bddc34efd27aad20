"""A suggestion is a word that somebody who mistyped one may have meant."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import islice

MAX_WORD = 120
"""Characters of a word that are compared."""
MAX_CANDIDATES = 20_000
ENOUGH = 0.6
"""The likeness, 0 to 1, from which a word is worth suggesting."""
_LOOKED_AT = 24
"""How many of the candidates are compared with care: those that share most pairs of letters with the word."""


def nearest(word: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Return at most `n` of the candidates that the word may stand for, the likeliest first; a millisecond for 1,000 of them.

    Case and the folder of a file name count for little, and a word inside a longer one is found too. The word itself
    is never returned.
    """
    wanted = _folded(word)
    pairs = _pairs(wanted)
    others = (candidate for candidate in islice(candidates, MAX_CANDIDATES) if candidate != word)
    shortlist = heapq.nlargest(_LOOKED_AT, others, key=lambda candidate: _shared(pairs, candidate))
    scored = [(_likeness(wanted, _folded(candidate)), candidate) for candidate in dict.fromkeys(shortlist)]
    scored.sort(key=lambda found: -found[0])  # stable: of equals the first candidate comes first
    return [candidate for score, candidate in scored if score >= ENOUGH][:n]


def did_you_mean(word: str, candidates: Iterable[str], n: int = 3) -> str | None:
    """Return the question `Did you mean 'a' or 'b'?`, or None where nothing is near."""
    return question(nearest(word, candidates, n))


def question(near: Sequence[str]) -> str | None:
    """Return what did_you_mean asks, for words that nearest gave."""
    return f"Did you mean {' or '.join(repr(word) for word in near)}?" if near else None


def _folded(word: str) -> str:
    return word[-MAX_WORD:].replace("\\", "/").casefold()


def _pairs(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def _shared(pairs: set[str], candidate: str) -> float:
    others = _pairs(_folded(candidate))
    return len(pairs & others) / (len(pairs) + len(others))


def _likeness(one: str, other: str) -> float:
    whole = SequenceMatcher(None, one, other, autojunk=False).ratio()
    names = (one.rpartition("/")[2], other.rpartition("/")[2])
    if names == (one, other) or not all(names):
        return max(whole, _inside(one, other))
    # the same file in another folder is nearer than another file in the same folder
    by_name = SequenceMatcher(None, *names, autojunk=False).ratio()
    return max(0.25 * whole + 0.75 * by_name, _inside(one, other))


def _inside(one: str, other: str) -> float:
    short, long = sorted((one, other), key=len)
    return ENOUGH + 0.2 * len(short) / len(long) if len(short) >= 3 and short in long else 0.0
