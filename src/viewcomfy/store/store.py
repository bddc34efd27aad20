"""The store: a database and what it holds."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError
from viewcomfy.store.about import About
from viewcomfy.store.accepted import AcceptedRows
from viewcomfy.store.backlog import BacklogRows
from viewcomfy.store.batches import BatchRows
from viewcomfy.store.database import Database
from viewcomfy.store.deployments import DeploymentRows
from viewcomfy.store.dialect import make_engine, sqlite_url
from viewcomfy.store.environments import EnvironmentRows
from viewcomfy.store.events import EventRows
from viewcomfy.store.faults import meaning
from viewcomfy.store.jobs import JobRows
from viewcomfy.store.keys import KeyRows
from viewcomfy.store.meta import MetaRows
from viewcomfy.store.migrate import migrate
from viewcomfy.store.needs import NeedsRows
from viewcomfy.store.postgres import watch_of
from viewcomfy.store.queue import QueueRows
from viewcomfy.store.recent import RecentJobs
from viewcomfy.store.scale import ScaleRows
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
        self.about = About(database)
        self.accepted = AcceptedRows(database)
        self.turns = database.turns
        self.backlog = BacklogRows(database)
        self.keys = KeyRows(database)
        self.events = EventRows(database)
        self.usage = UsageRows(database)
        self.scale = ScaleRows(database)
        self.meta = MetaRows(database)
        self.needs = NeedsRows(database)
        self.environments = EnvironmentRows(database)

    @classmethod
    async def open(cls, url: str | Path) -> Self:
        """Open a database by its URL, or a SQLite file by its path; one that is missing is made, an older one brought up to date.

        Raises Conflict for a database that a newer viewcomfy has changed so that this one can't use it, ServerUnavailable when it can't be
        reached, BadInput for a URL that is none, MissingExtra where the driver is not installed.
        """
        text = sqlite_url(url) if isinstance(url, Path) else url
        try:
            return cls(Database(await asyncio.to_thread(_open, text)))
        except SQLAlchemyError as fault:
            raise _with_reason(meaning(fault), fault) from fault

    def hold_alone(self) -> AbstractAsyncContextManager[None]:
        """Be the only server on this database meanwhile. Raises Conflict where another is, at once or when it came to be that.

        For the local engine, which takes every running job for its own.
        """
        return self.turns.alone("local engine")

    async def close(self) -> None:
        """Finish what has been asked for and close the database."""
        await self._database.close()


def _open(url: str) -> Engine:
    engine = make_engine(url)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        if watch := watch_of(engine):
            watch.close()
        raise
    return engine


def _with_reason(error: ViewComfyError, fault: SQLAlchemyError) -> ViewComfyError:
    """Say why the database can't be reached to whoever starts the server; callers need not know."""
    if isinstance(error, ServerUnavailable) and isinstance(fault, DBAPIError):
        error = ServerUnavailable(f"{error.message} {str(fault.orig).strip()}", hint="Check the URL of the store, and that it runs.")
    return error
