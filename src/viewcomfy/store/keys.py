"""The rows of keys."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from viewcomfy.core.errors import Conflict
from viewcomfy.core.keys import Key, KeyLimits
from viewcomfy.store.database import Database
from viewcomfy.store.rows import AnyRow
from viewcomfy.store.tables import keys

_GET = select(keys).where(keys.c.client_id == bindparam("wanted"))
_LIST = select(keys).order_by(keys.c.created_at, keys.c.client_id)
_TOUCH = (
    update(keys)
    .where(keys.c.client_id == bindparam("wanted"), func.coalesce(keys.c.last_used_at, 0.0) < bindparam("used_at"))
    .values(last_used_at=bindparam("used_at"))
)

RUNNING_LIMITS = select(keys.c.client_id, keys.c.max_running).where(keys.c.max_running.is_not(None))
"""The keys that may run only so many jobs at once. One that was revoked is no exception: the jobs that it has left still wait."""


class KeyRows:
    """Add, find and revoke keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: Key) -> None:
        """Store a new key; raise Conflict when its client_id is taken."""
        row = {
            "client_id": key.client_id, "secret_hash": key.secret_hash, "name": key.name, "created_at": key.created_at,
            "deployments": None if key.deployments is None else list(key.deployments), "allow_override": key.allow_override,
            "revoked_at": key.revoked_at, "last_used_at": key.last_used_at, "share": key.share,
            "expires_at": key.limits.expires_at, "max_active": key.limits.max_active, "max_per_day": key.limits.max_per_day,
            "max_running": key.limits.max_running,
        }  # fmt: skip

        def work(connection: Connection) -> None:
            try:
                connection.execute(insert(keys), row)
            except IntegrityError as fault:
                raise Conflict(f"There is a key {key.client_id} already.") from fault

        await self._database.run(work)

    async def get(self, client_id: str) -> Key | None:
        """Return a key, a revoked one too."""
        row = await self._database.read(lambda connection: connection.execute(_GET, {"wanted": client_id}).one_or_none())
        return _key_of(row) if row else None

    async def list(self) -> list[Key]:
        """Return every key, revoked ones too, oldest first."""
        return [_key_of(row) for row in await self._database.read(lambda connection: connection.execute(_LIST).all())]

    async def revoke(self, client_id: str, now: float) -> Key | None:
        """Revoke a key and return it as it then is; one that was revoked before keeps its time. None when it is unknown."""

        def work(connection: Connection) -> Key | None:
            connection.execute(update(keys).where(keys.c.client_id == client_id, keys.c.revoked_at.is_(None)).values(revoked_at=now))
            row = connection.execute(_GET, {"wanted": client_id}).one_or_none()
            return _key_of(row) if row else None

        return await self._database.run(work)

    async def touch(self, used: Mapping[str, float]) -> None:
        """Note when keys (by client_id) were last used, many at once; a time never goes back."""
        values = [{"wanted": client_id, "used_at": at} for client_id, at in sorted(used.items())]
        if values:
            await self._database.run(lambda connection: connection.execute(_TOUCH, values))


def _key_of(row: AnyRow) -> Key:
    deployments = None if row.deployments is None else tuple(row.deployments)
    return Key(
        row.client_id, row.secret_hash, row.name, row.created_at, deployments, row.allow_override, row.revoked_at, row.last_used_at,
        limits=KeyLimits(row.expires_at, row.max_active, row.max_per_day, row.max_running), share=row.share,
    )  # fmt: skip
