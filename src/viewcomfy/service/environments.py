"""Environments: the documents that deployments name, and where they are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from viewcomfy.core.deployments import check_environment
from viewcomfy.core.errors import UnknownEnvironment
from viewcomfy.engine.base import Engine
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.store.environments import EnvironmentRows


@dataclass(frozen=True, slots=True)
class EnvironmentSummary:
    """An environment: when its document came (Unix time, None: it has not), how many backends have it, which deployments name it."""

    id: str
    created_at: float | None
    backends: int
    deployments: tuple[str, ...]


class EnvironmentService:
    """Keep documents of environments, which are read elsewhere, and tell where environments are."""

    def __init__(
        self, rows: EnvironmentRows, deployments: DeploymentService, engine: Engine, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._rows = rows
        self._deployments = deployments
        self._engine = engine
        self._clock = clock

    async def add(self, environment: str, document: str) -> None:
        """Keep a document under its id; raises BadInput for what is no id."""
        await self._rows.add(check_environment(environment), document, self._clock())

    async def document(self, environment: str) -> str:
        """Return the document of an environment; raise UnknownEnvironment where it has not come."""
        found = await self._rows.document(environment)
        if found is None:
            raise UnknownEnvironment(
                f"The server has no document of the environment {environment[:80]!r}.",
                hint="`viewcomfy deploy --environment FILE` sends one.",
            )
        return found

    async def list(self) -> list[EnvironmentSummary]:
        """Return all of which there are documents, the newest first, then those that backends or current versions alone tell of."""
        kept = await self._rows.list()
        backends = Counter(
            str(backend["environment"])
            for worker in await self._engine.workers()
            for backend in worker.backends
            if backend.get("environment")
        )
        named: dict[str, list[str]] = {}
        for deployment in await self._deployments.list():
            if deployment.environment:
                named.setdefault(deployment.environment, []).append(deployment.name)
        return [
            EnvironmentSummary(one, kept.get(one), backends[one], tuple(named.get(one, ())))
            for one in dict.fromkeys([*kept, *sorted({*backends, *named})])
        ]
