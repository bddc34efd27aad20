"""What metrics are made of: the backlog, and the jobs that have ended since they were last asked for."""

from __future__ import annotations

from collections import deque

from viewcomfy.core.backlog import Backlog
from viewcomfy.core.jobs import Job
from viewcomfy.store.backlog import BacklogRows
from viewcomfy.store.jobs import JobRows
from viewcomfy.store.queue import QueueRows

MOST = 20_000
"""How many ends are remembered where nobody asks."""
AT_ONCE = 500


class JobCounts:
    """Hears of every job that ends in this process; the rows say the rest. Each of them is told of once, to whoever asks first."""

    def __init__(self, rows: JobRows, backlog: BacklogRows, queue: QueueRows) -> None:
        self._rows = rows
        self._backlog = backlog
        self._ended: deque[str] = deque(maxlen=MOST)
        queue.tell_ends(self._ended.append)

    async def backlog(self) -> list[Backlog]:
        """Return what waits and runs, by pool and deployment."""
        return await self._backlog.read()

    async def ended(self) -> list[Job]:
        """Return the jobs that have ended since the last call, without their workflows."""
        taken = list(self._ended)
        self._ended.clear()  # before anything is waited for: whoever asks meanwhile must not count them again
        found: list[Job] = []
        try:
            for start in range(0, len(taken), AT_ONCE):
                found += await self._rows.several(taken[start : start + AT_ONCE])
        except BaseException:
            self._ended.extendleft(reversed(taken))
            raise
        return found
