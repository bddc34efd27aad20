"""Deployments: make a workflow callable, in versions, find them, say which of them answers, take them away."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from viewcomfy.core.deployments import (
    NAME,
    POOL,
    Deployment,
    Released,
    VersionSummary,
    check_environment,
    check_memory,
    check_name,
    check_pool,
    check_priority,
)
from viewcomfy.core.errors import BadInput, Conflict, UnknownDeployment, UnknownVersion
from viewcomfy.core.input_edit import Edit
from viewcomfy.core.inputs import Input
from viewcomfy.core.models import Model, check_models
from viewcomfy.core.scheduling import NORMAL
from viewcomfy.core.workflows import check_workflow
from viewcomfy.store.deployments import DeploymentRows

CACHE_SECONDS = 1.0
"""How long another server process may take to notice a new version; this one notices at once."""
VERSIONS_KEPT = 64
"""How many versions stay in memory; their workflows may be large."""
MAX_VERSION = 2**31 - 1


class DeploymentService:
    """Deploy workflows and find them by name."""

    def __init__(self, rows: DeploymentRows, clock: Callable[[], float] = time.time) -> None:
        self._rows = rows
        self._clock = clock
        self._released: dict[str, tuple[Released, float]] = {}
        self._versions: dict[tuple[str, int], Deployment] = {}
        self._changes = 0

    async def deploy(
        self,
        name: str,
        workflow: Any,
        *,
        time_limit: float = 0.0,
        cancel_on_disconnect: bool = False,
        inputs: tuple[Input, ...] = (),
        edits: tuple[Edit, ...] = (),
        checked: bool = False,
        title: str = "",
        description: str = "",
        app: Mapping[str, Any] | None = None,
        report: Mapping[str, Any] | None = None,
        note: str = "",
        pool: str = POOL,
        priority: int = NORMAL,
        memory: float = 0.0,
        models: tuple[Model, ...] = (),
        environment: str = "",
        warm_up: Mapping[str, Any] | None = None,
        make_current: bool = True,
    ) -> Deployment:
        """Make the next version of a deployment, which becomes the current one and ends a canary unless `make_current` is False.

        The first version of a name becomes the current one in any case. Raises InvalidName, UiWorkflow, InvalidWorkflow.
        """
        workflow = check_workflow(workflow)
        draft = Deployment(
            check_name(name), 0, workflow, self._clock(), time_limit, cancel_on_disconnect, inputs, edits, checked, title, description,
            app, report, note, check_pool(pool), check_priority(priority), check_memory(memory),
            check_models(models), check_environment(environment), warm_up,
        )  # fmt: skip
        return await self.add(draft, make_current=make_current)

    async def add(self, draft: Deployment, *, make_current: bool = True) -> Deployment:
        """Store a draft as the next version of its name, as `deploy` does, and return it."""
        try:
            return await self._rows.add_version(replace(draft, version=0, created_at=self._clock()), make_current=make_current)
        finally:
            self._changed(draft.name)

    async def get(self, name: str) -> Deployment:
        """Return the current version. Raises UnknownDeployment."""
        cached = self._released.get(name)
        if cached and self._clock() - cached[1] < CACHE_SECONDS:
            return cached[0].current
        return (await self._read(name)).current

    async def released(self, name: str) -> Released:
        """Return what answers the calls: the current version, and the canary if there is one. Raises UnknownDeployment."""
        cached = self._released.get(name)
        if cached and self._clock() - cached[1] < CACHE_SECONDS:
            return cached[0]
        return await self._read(name)

    async def version(self, name: str, version: int) -> Deployment:
        """Return one version, whether it answers calls or not. Raises UnknownDeployment, UnknownVersion."""
        released = await self.released(name)
        found = self._versions.get((name, version))
        if found is None and 0 < version <= MAX_VERSION:
            found = await self._rows.get_version(name, version)
        if found is None:
            raise _unknown_version(released.current, version)
        self._keep(found)
        return found

    async def made(self, name: str, version: int) -> Deployment | None:
        """Return a version that was made once, also of a deployment that was taken away; None where it is not known."""
        found = self._versions.get((name, version)) or await self._rows.get_version(name, version)
        if found is not None:
            self._keep(found)
        return found

    async def versions(self, name: str, *, limit: int = 50, before: int | None = None) -> list[VersionSummary]:
        """Return up to `limit` versions that are older than version `before`, newest first. Raises UnknownDeployment."""
        await self.released(name)
        return await self._rows.versions(name, limit=limit, before=None if before is None else min(max(before, 0), MAX_VERSION))

    async def rollback(self, name: str, version: int | None = None) -> Deployment:
        """Make a version the current one, which ends a canary, and return it; None is the newest one before, of those that were current.

        Raises UnknownDeployment, UnknownVersion, Conflict where nothing was current before.
        """
        current = (await self._read(name)).current
        if version is None:
            version = await self._rows.previous(name)
        if version is None:
            raise Conflict(
                f"No version of {name!r} was current before version {current.version}.", hint="Name the version that is to be current."
            )
        target = await self.version(name, version)
        try:
            if not await self._rows.set_current(name, version, self._clock()):
                raise _unknown_deployment(name)
        finally:
            self._changed(name)
        return target

    async def set_canary(self, name: str, version: int | None, percent: float = 0.0) -> Released:
        """Let a version answer `percent` of the calls (over 0, up to 100), or end that (None); return what then answers.

        Raises UnknownDeployment, UnknownVersion, BadInput.
        """
        if version is not None:
            await self._check_canary(name, version, percent)
        try:
            if not await self._rows.set_canary(name, version, percent):
                raise _unknown_deployment(name) if version is None else _is_current(name, version)
        finally:
            self._changed(name)
        return await self._read(name)

    async def list(self) -> list[Deployment]:
        """Return the current version of every deployment, by name."""
        return await self._rows.list()

    async def with_warm_up(self) -> Sequence[Deployment]:
        """Return the current versions that name a warm-up, by name."""
        return await self._rows.with_warm_up()

    async def remove(self, name: str) -> None:
        """Take a deployment away; its jobs stay. Raises UnknownDeployment."""
        await self.get(name)
        try:
            await self._rows.remove(name, now=self._clock())
        finally:
            self._changed(name)

    async def _check_canary(self, name: str, version: int, percent: float) -> None:
        if not 0 < percent <= 100:
            raise BadInput(f"A canary can't take {percent:g} percent of the calls.", hint="Say more than 0 and at most 100.")
        released = await self._read(name)
        await self.version(name, version)
        if version == released.current.version:
            raise _is_current(name, version)

    async def _read(self, name: str) -> Released:
        changes = self._changes
        found = await self._rows.get(name, self._versions) if NAME.fullmatch(name) else None
        if found is None:
            raise _unknown_deployment(name)
        self._keep(found.current)
        if found.canary is not None:
            self._keep(found.canary)
        if changes == self._changes:  # else it may be what was there before the change
            self._released[name] = (found, self._clock())
        return found

    def _keep(self, version: Deployment) -> None:
        key = (version.name, version.version)
        self._versions.pop(key, None)
        self._versions[key] = version
        if len(self._versions) > VERSIONS_KEPT:
            del self._versions[next(iter(self._versions))]

    def _changed(self, name: str) -> None:
        self._changes += 1
        self._released.pop(name, None)


def _unknown_deployment(name: str) -> UnknownDeployment:
    return UnknownDeployment(f"There is no deployment {name[:80]!r}.", hint="`viewcomfy deploy NAME workflow_api.json` makes one.")


def _unknown_version(current: Deployment, version: int) -> UnknownVersion:
    return UnknownVersion(
        f"The deployment {current.name!r} has no version {str(version)[:20]}.", hint=f"Its current one is {current.version}."
    )


def _is_current(name: str, version: int) -> BadInput:
    return BadInput(f"Version {version} of {name!r} is the current one: it answers all calls.", hint="Name another version as the canary.")
