"""Patience with what does not answer just now: files that are kept elsewhere, on a network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from viewcomfy.core.errors import ServerUnavailable

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds for which something is tried again: what a job has made is worth more than the wait."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0

log = structlog.get_logger(__name__)


async def patiently(work: Callable[[], Awaitable[T]], seconds: float = PATIENCE) -> T:
    """Return what work returns; where something does not answer, it is done again for a while. Raises ServerUnavailable in the end."""
    give_up_at, pause = time.monotonic() + seconds, FIRST_PAUSE
    while True:
        try:
            return await work()
        except ServerUnavailable as fault:
            if time.monotonic() + pause > give_up_at:
                raise
            log.warning("files do not answer, and are asked again", reason=str(fault))
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
