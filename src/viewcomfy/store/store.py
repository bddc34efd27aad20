"""The store: a database and what it holds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from viewcomfy.store.accepted import AcceptedRows
from viewcomfy.store.batches import BatchRows
from viewcomfy.store.database import Database
from viewcomfy.store.deployments import DeploymentRows
from viewcomfy.store.dialect import make_engine, sqlite_url
from viewcomfy.store.events import EventRows
from viewcomfy.store.faults import meaning
from viewcomfy.store.jobs import JobRows
from viewcomfy.store.keys import KeyRows
from viewcomfy.store.meta import MetaRows
from viewcomfy.store.migrate import migrate
from viewcomfy.store.queue import QueueRows
from viewcomfy.store.recent import RecentJobs
from viewcomfy.store.usage import UsageRows

RECENT = 128
"""How many jobs are kept in memory; their workflows may be large."""


class Store:
    """Everything that is kept, by what it is about."""

    def __init__(self, database: Database) -> None:
        self._database = database
        recent = RecentJobs(RECENT if database.is_ours_alone else 0)
        self.jobs = JobRows(database, recent)
        self.queue = QueueRows(database, recent)
        self.deployments = DeploymentRows(database)
        self.batches = BatchRows(database)
        self.accepted = AcceptedRows(database)
        self.keys = KeyRows(database)
        self.events = EventRows(database)
        self.usage = UsageRows(database)
        self.meta = MetaRows(database)

    @classmethod
    async def open(cls, url: str | Path) -> Self:
        """Open a database by its URL, or a SQLite file by its path; one that is missing is made, an older one brought up to date.

        Raises Conflict for a database that a newer viewcomfy has written, ServerUnavailable when it can't be reached.
        """
        text = sqlite_url(url) if isinstance(url, Path) else url
        try:
            return cls(Database(await asyncio.to_thread(_open, text)))
        except SQLAlchemyError as fault:
            raise meaning(fault) from fault

    async def close(self) -> None:
        """Finish what has been asked for and close the database."""
        await self._database.close()


def _open(url: str) -> Engine:
    engine = make_engine(url)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine
