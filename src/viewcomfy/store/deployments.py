"""The rows of deployments: a name, its current version, and every version there was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from viewcomfy.core.deployments import Deployment
from viewcomfy.store.database import Database
from viewcomfy.store.rows import AnyRow
from viewcomfy.store.tables import deployments, versions

_VERSION = (
    versions.c.name, versions.c.version, versions.c.workflow, versions.c.created_at, versions.c.time_limit, versions.c.cancel_on_disconnect,
)  # fmt: skip
_IS_CURRENT = (versions.c.name == deployments.c.name) & (versions.c.version == deployments.c.version) & deployments.c.removed_at.is_(None)
_LIST = select(*_VERSION).join_from(deployments, versions, _IS_CURRENT).order_by(versions.c.name)
_CURRENT = _LIST.where(versions.c.name == bindparam("wanted"))
_ONE = select(*_VERSION).where(versions.c.name == bindparam("wanted"), versions.c.version == bindparam("wanted_version"))
_NAMED = select(deployments.c.name).where(deployments.c.name == bindparam("wanted")).with_for_update()
_LATEST = select(func.coalesce(func.max(versions.c.version), 0)).where(versions.c.name == bindparam("wanted"))


class DeploymentRows:
    """Add versions and find them; a removed deployment keeps its versions, for the jobs that ran them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_version(
        self, name: str, workflow: Mapping[str, Any], *, time_limit: float, cancel_on_disconnect: bool, now: float
    ) -> Deployment:
        """Store the next version of a deployment and make it the current one; versions count from 1, also across a removal."""

        def work(connection: Connection) -> Deployment:
            if connection.execute(_NAMED, {"wanted": name}).one_or_none() is None:
                connection.execute(insert(deployments), {"name": name, "version": 0})
            version = connection.execute(_LATEST, {"wanted": name}).scalar_one() + 1
            added = Deployment(name, version, workflow, now, time_limit, cancel_on_disconnect)
            row = {
                "name": name, "version": version, "workflow": workflow, "created_at": now,
                "time_limit": time_limit, "cancel_on_disconnect": cancel_on_disconnect,
            }  # fmt: skip
            connection.execute(insert(versions), row)
            connection.execute(update(deployments).where(deployments.c.name == name).values(version=version, removed_at=None))
            return added

        return await self._database.run(work)

    async def get(self, name: str) -> Deployment | None:
        """Return the current version of a deployment."""
        return await self._one(_CURRENT, {"wanted": name})

    async def get_version(self, name: str, version: int) -> Deployment | None:
        """Return one version of a deployment, removed ones included."""
        return await self._one(_ONE, {"wanted": name, "wanted_version": version})

    async def list(self) -> list[Deployment]:
        """Return the current version of every deployment, by name."""
        rows = await self._database.read(lambda connection: connection.execute(_LIST).all())
        return [_deployment_of(row) for row in rows]

    async def remove(self, name: str, now: float) -> bool:
        """Take a deployment away; tell whether it was there."""
        query = update(deployments).where(deployments.c.name == name, deployments.c.removed_at.is_(None)).values(removed_at=now)
        return await self._database.run(lambda connection: connection.execute(query).rowcount == 1)

    async def _one(self, query: Select[Any], values: Mapping[str, Any]) -> Deployment | None:
        row = await self._database.read(lambda connection: connection.execute(query, values).one_or_none())
        return _deployment_of(row) if row else None


def _deployment_of(row: AnyRow) -> Deployment:
    return Deployment(row.name, row.version, row.workflow, row.created_at, row.time_limit, row.cancel_on_disconnect)
