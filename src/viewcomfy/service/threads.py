"""Work in a thread that is waited for also by whoever is canceled, so that nothing is made behind their back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
    """Return what the work returns; a cancel calls `stop` and waits until the thread has ended."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        await asyncio.wait({doing})
        doing.exception()  # which nobody is there to hear of
        raise
