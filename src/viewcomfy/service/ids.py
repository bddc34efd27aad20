"""The ids of jobs and batches: callers may choose them, so that the same request sent again finds the same thing."""

from __future__ import annotations

import uuid

from viewcomfy.core.errors import InvalidName


def given_or_new(what: str, wanted: str | None) -> str:
    """Return the UUID that a caller chose, in its usual form, or a new one; raise InvalidName for anything else."""
    if not wanted:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(wanted))
    except ValueError as fault:
        raise InvalidName(f"{what} {wanted[:80]!r} is not a UUID.", hint="Send a random UUID, or none.") from fault
