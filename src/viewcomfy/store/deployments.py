"""The rows of deployments: a name, its current version, maybe a canary, and every version there was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, select, text, update
from sqlalchemy.sql.dml import Update

from viewcomfy.core.deployments import Deployment, Released, VersionSummary
from viewcomfy.core.input_edit import Edit
from viewcomfy.core.input_json import input_as_dict, input_from_dict
from viewcomfy.core.models import Model
from viewcomfy.store.database import Database
from viewcomfy.store.rows import AnyRow
from viewcomfy.store.tables import deployments, versions

Known = Mapping[tuple[str, int], Deployment]
"""Versions that are at hand, by name and version: they never change, so they need not be read again."""

_VERSION = tuple(
    versions.c[name]
    for name in (
        "name", "version", "workflow", "created_at", "time_limit", "cancel_on_disconnect", "inputs", "edits", "checked", "title",
        "description", "app", "report", "note", "pool", "priority", "memory",
        "models", "environment", "warm_up",
    )
)  # fmt: skip
_LIVE = deployments.c.removed_at.is_(None)
_NAMED = deployments.c.name == bindparam("wanted")
_THIS = (versions.c.name == bindparam("wanted"), versions.c.version == bindparam("wanted_version"))
_EXISTS = select(versions.c.version).where(*_THIS).exists()

_LIST = (
    select(*_VERSION)
    .join_from(deployments, versions, and_(versions.c.name == deployments.c.name, versions.c.version == deployments.c.version, _LIVE))
    .order_by(versions.c.name)
)
_MODELS = select(versions.c.models).join_from(deployments, versions, and_(versions.c.name == deployments.c.name, _LIVE))
_WARM = _LIST.where(versions.c.warm_up.is_not(None))
_RELEASED = select(deployments.c.version, deployments.c.canary_version, deployments.c.canary_percent).where(_NAMED, _LIVE)
_ONE = select(*_VERSION).where(*_THIS)
_LOCKED = select(deployments.c.removed_at).where(_NAMED).with_for_update()
# a name that is new has no row that could be locked: of several servers, one makes it and the others wait for that one
_ADD_NAME = text("INSERT INTO deployments (name, version) VALUES (:wanted, 0) ON CONFLICT (name) DO NOTHING")
_LATEST = select(func.coalesce(func.max(versions.c.version), 0)).where(versions.c.name == bindparam("wanted"))
_PREVIOUS = (
    select(func.max(versions.c.version))
    .join_from(deployments, versions, versions.c.name == deployments.c.name)
    .where(_NAMED, _LIVE, versions.c.version < deployments.c.version, versions.c.released_at.is_not(None))
)
_SUMMARIES = (
    select(versions.c.version, versions.c.created_at, versions.c.released_at, versions.c.nodes, versions.c.note)
    .where(versions.c.name == bindparam("wanted"), versions.c.version < bindparam("before"))
    .order_by(versions.c.version.desc())
    .limit(bindparam("at_most"))
)
_RELEASE = (
    update(deployments)
    .where(_NAMED, _EXISTS)
    .values(version=bindparam("wanted_version"), removed_at=None, canary_version=None, canary_percent=0.0)
)
_ROLL_BACK = _RELEASE.where(_LIVE)
_MARK_RELEASED = update(versions).where(*_THIS).values(released_at=bindparam("now"))
_SET_CANARY = (
    update(deployments)
    .where(_NAMED, _LIVE, _EXISTS, deployments.c.version != bindparam("wanted_version"))
    .values(canary_version=bindparam("wanted_version"), canary_percent=bindparam("percent"))
)
_END_CANARY = update(deployments).where(_NAMED, _LIVE).values(canary_version=None, canary_percent=0.0)
_REMOVE = update(deployments).where(_NAMED, _LIVE).values(removed_at=bindparam("now"), canary_version=None, canary_percent=0.0)

_NEWER_THAN_ALL = 2**31 - 1


class DeploymentRows:
    """Add versions, say which ones answer, and find them; a removed deployment keeps its versions, for the jobs that ran them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_version(self, draft: Deployment, *, make_current: bool = True) -> Deployment:
        """Store a draft as the next version of its name, and return it; versions count from 1, also across a removal.

        A version that becomes the current one ends a canary. A name without a current version gets this one in any case.
        """

        def work(connection: Connection) -> Deployment:
            at = {"wanted": draft.name}
            connection.execute(_ADD_NAME, at)
            known = connection.execute(_LOCKED, at).one()
            added = replace(draft, version=connection.execute(_LATEST, at).scalar_one() + 1)
            connection.execute(insert(versions), _row_of(added))
            if make_current or added.version == 1 or known.removed_at is not None:
                _release(connection, _RELEASE, added.name, added.version, added.created_at)
            return added

        return await self._database.run(work)

    async def get(self, name: str, known: Known | None = None) -> Released | None:
        """Return what answers the calls of a deployment, with those versions that are `known` as they are there."""

        def work(connection: Connection) -> Released | None:
            row = connection.execute(_RELEASED, {"wanted": name}).one_or_none()
            if row is None:
                return None
            current, canary = (_find(connection, name, version, known or {}) for version in (row.version, row.canary_version))
            return None if current is None else Released(current, canary, row.canary_percent)

        return await self._database.read(work)

    async def get_version(self, name: str, version: int) -> Deployment | None:
        """Return one version of a deployment, those of a removed one included."""
        return await self._database.read(lambda connection: _find(connection, name, version, {}))

    async def versions(self, name: str, *, limit: int = 50, before: int | None = None) -> list[VersionSummary]:
        """Return up to `limit` versions that are older than version `before`, newest first, those of a removed deployment included."""
        values = {"wanted": name, "before": _NEWER_THAN_ALL if before is None else before, "at_most": limit}
        rows = await self._database.read(lambda connection: connection.execute(_SUMMARIES, values).all())
        return [VersionSummary(row.version, row.created_at, row.released_at, row.nodes, row.note) for row in rows]

    async def previous(self, name: str) -> int | None:
        """Return the newest version older than the current one that has been current itself."""
        return await self._database.read(lambda connection: connection.execute(_PREVIOUS, {"wanted": name}).scalar_one())

    async def set_current(self, name: str, version: int, now: float) -> bool:
        """Let a version answer from now on, which ends a canary; tell whether the deployment is there and has that version."""
        return await self._database.run(lambda connection: _release(connection, _ROLL_BACK, name, version, now))

    async def set_canary(self, name: str, version: int | None, percent: float = 0.0) -> bool:
        """Let a version answer `percent` of the calls, or end that (None).

        Tell whether the deployment is there and has that version as one that is not its current one.
        """
        query: Update = _END_CANARY if version is None else _SET_CANARY
        values = {"wanted": name} if version is None else {"wanted": name, "wanted_version": version, "percent": percent}
        return await self._database.run(lambda connection: connection.execute(query, values).rowcount == 1)

    async def list(self) -> list[Deployment]:
        """Return the current version of every deployment, by name."""
        rows = await self._database.read(lambda connection: connection.execute(_LIST).all())
        return [_deployment_of(row) for row in rows]

    async def with_warm_up(self) -> Sequence[Deployment]:
        """Return the current versions that name a warm-up, by name."""
        rows = await self._database.read(lambda connection: connection.execute(_WARM).all())
        return [_deployment_of(row) for row in rows]

    async def named_models(self) -> set[Model]:
        """Return the models that any version of a deployment names; those of removed deployments are left out."""
        rows = await self._database.read(lambda connection: connection.execute(_MODELS).all())
        return {Model.from_dict(model) for row in rows for model in row.models or ()}

    async def remove(self, name: str, now: float) -> bool:
        """Take a deployment away; tell whether it was there."""
        return await self._database.run(lambda connection: connection.execute(_REMOVE, {"wanted": name, "now": now}).rowcount == 1)


def _release(connection: Connection, query: Update, name: str, version: int, now: float) -> bool:
    at = {"wanted": name, "wanted_version": version}
    if connection.execute(query, at).rowcount != 1:
        return False
    connection.execute(_MARK_RELEASED, {**at, "now": now})
    return True


def _find(connection: Connection, name: str, version: int | None, known: Known) -> Deployment | None:
    if version is None:
        return None
    if found := known.get((name, version)):
        return found
    row = connection.execute(_ONE, {"wanted": name, "wanted_version": version}).one_or_none()
    return _deployment_of(row) if row else None


def _row_of(deployment: Deployment) -> dict[str, Any]:
    return {
        "name": deployment.name, "version": deployment.version, "workflow": dict(deployment.workflow), "created_at": deployment.created_at,
        "time_limit": deployment.time_limit, "cancel_on_disconnect": deployment.cancel_on_disconnect,
        "inputs": [input_as_dict(declared) for declared in deployment.inputs], "edits": [edit.as_dict() for edit in deployment.edits],
        "checked": deployment.checked, "title": deployment.title, "description": deployment.description,
        "app": None if deployment.app is None else dict(deployment.app),
        "report": None if deployment.report is None else dict(deployment.report),
        "note": deployment.note, "nodes": len(deployment.workflow),
        "pool": deployment.pool, "priority": deployment.priority, "memory": deployment.memory,
        "models": [model.as_dict() for model in deployment.models], "environment": deployment.environment,
        "warm_up": None if deployment.warm_up is None else dict(deployment.warm_up),
    }  # fmt: skip


def _deployment_of(row: AnyRow) -> Deployment:
    return Deployment(
        row.name, row.version, row.workflow, row.created_at, row.time_limit, row.cancel_on_disconnect,
        inputs=tuple(input_from_dict(declared) for declared in row.inputs), edits=tuple(Edit.from_dict(edit) for edit in row.edits),
        checked=row.checked, title=row.title, description=row.description, app=row.app, report=row.report, note=row.note,
        pool=row.pool, priority=row.priority, memory=row.memory,
        models=tuple(Model.from_dict(model) for model in row.models or ()), environment=row.environment, warm_up=row.warm_up,
    )  # fmt: skip
