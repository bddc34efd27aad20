"""A canary is a version that only a percentage of the callers get, until it has shown that it is good."""

from __future__ import annotations

import hashlib


def choose(current: int, canary: int | None, percent: float, token: str) -> int:
    """Return the version that this token gets: the canary for `percent` (0 to 100) of all tokens, else the current one.

    The same token always gets the same answer, and whoever had the canary keeps it when `percent` grows. With a key's id
    as the token a caller stays on one version, with a job's prompt_id every job is a draw of its own. Each canary has
    other tokens go first.
    """
    if canary is None:
        return current
    return canary if _place(f"{canary}:{token}") < percent else current


def _place(text: str) -> float:
    """Return where a text falls, evenly spread over 0 to 100 (excluded)."""
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    return (int.from_bytes(digest[:6], "big") / 2**48) * 100  # 48 bits: exact as a float, so never 100 itself
