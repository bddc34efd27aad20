"""A process that works until it is told to stop: its loop, its signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Told:
    """Whether the process was told to stop: `once`, and once more because it took too long."""

    once: asyncio.Event = field(default_factory=asyncio.Event)
    twice: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self) -> None:
        """Take in a signal."""
        (self.twice if self.once.is_set() else self.once).set()


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end on the loop that the server is made for."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


@contextmanager
def told_by_signals() -> Iterator[Told]:
    """Listen to SIGINT and SIGTERM."""
    told, loop = Told(), asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, told.hear)
    try:
        yield told
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Wait for the first to end, and end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
