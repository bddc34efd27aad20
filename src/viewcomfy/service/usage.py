"""Usage: add up the jobs of a while, without keeping others from being served meanwhile."""

from __future__ import annotations

import asyncio

from viewcomfy.core.usage import Grouping, Ledger, Window
from viewcomfy.store.usage import UsageRows


class UsageService:
    """Adds up what jobs come to."""

    def __init__(self, rows: UsageRows) -> None:
        self._rows = rows

    async def look(self, window: Window, by: Grouping, *, deployment: str | None = None, key_id: str | None = None) -> Ledger:
        """Return what the jobs of a window come to; a share link's `key_id` counts all of its visitors."""
        ledger = Ledger(window, by)
        async for rows in self._rows.pages(window.since, window.until, deployment=deployment, key_id=key_id):
            ledger.add(rows)
            await asyncio.sleep(0)  # a page takes some ten milliseconds
        return ledger
