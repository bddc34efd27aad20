"""Deployments: make a workflow callable, find it, take it away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from viewcomfy.core.deployments import NAME, Deployment, check_name
from viewcomfy.core.errors import UnknownDeployment
from viewcomfy.core.workflows import check_workflow
from viewcomfy.store.deployments import DeploymentRows

CACHE_SECONDS = 1.0
"""How long another server process may take to notice a new version; this one notices at once."""


class DeploymentService:
    """Deploy workflows and find them by name."""

    def __init__(self, rows: DeploymentRows, clock: Callable[[], float] = time.time) -> None:
        self._rows = rows
        self._clock = clock
        self._cache: dict[str, tuple[Deployment, float]] = {}

    async def deploy(self, name: str, workflow: Any, *, time_limit: float = 0.0, cancel_on_disconnect: bool = False) -> Deployment:
        """Make the next version of a deployment and make it current. Raises InvalidName, UiWorkflow, InvalidWorkflow."""
        checked = check_workflow(workflow)
        deployment = await self._rows.add_version(
            check_name(name), checked, time_limit=time_limit, cancel_on_disconnect=cancel_on_disconnect, now=self._clock()
        )
        self._cache.pop(name, None)
        return deployment

    async def get(self, name: str) -> Deployment:
        """Return the current version. Raises UnknownDeployment."""
        cached = self._cache.get(name)
        if cached and self._clock() - cached[1] < CACHE_SECONDS:
            return cached[0]
        found = await self._rows.get(name) if NAME.fullmatch(name) else None
        if found is None:
            raise UnknownDeployment(f"There is no deployment {name[:80]!r}.", hint="`viewcomfy deploy NAME workflow_api.json` makes one.")
        self._cache[name] = (found, self._clock())
        return found

    async def list(self) -> list[Deployment]:
        """Return the current version of every deployment, by name."""
        return await self._rows.list()

    async def remove(self, name: str) -> None:
        """Take a deployment away; its jobs stay. Raises UnknownDeployment."""
        await self.get(name)
        self._cache.pop(name, None)
        await self._rows.remove(name, now=self._clock())
        self._cache.pop(name, None)
