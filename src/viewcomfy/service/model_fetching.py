"""Model fetching: the workers of a pool are asked for models, and told which ones they must not remove for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from viewcomfy.core.deployments import check_pool
from viewcomfy.core.errors import BadInput, NoBackend, UnknownBackend, UnknownWorker, ViewComfyError
from viewcomfy.core.models import Model, check_models
from viewcomfy.core.workflows import model_files
from viewcomfy.engine.base import Engine
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.store.deployments import DeploymentRows

FETCH = "fetch"
ANY_FOLDER = ""
PATIENCE = 15.0
OLD = "The worker is older than the server and can't fetch models. Update viewcomfy there."

State = Mapping[str, Any]


class ModelFetching:
    """Asks workers through the engine to have models."""

    def __init__(self, engine: Engine, deployments: DeploymentService, rows: DeploymentRows) -> None:
        self._engine = engine
        self._deployments = deployments
        self._rows = rows

    async def fetch(
        self, models: Sequence[Model], pool: str, *, retry: bool = False, allow_pickle: bool = False
    ) -> dict[str, Sequence[State]]:
        """Have every worker of a pool fetch what it does not have; return how far each is, by the workers' names.

        It returns at once; asked again, it tells how far they are. Raises BadInput, and NoBackend where the pool has no worker.
        """
        wanted = check_models(models)
        if not wanted:
            raise BadInput(
                "No models were named.", hint='For example {"folder": "checkpoints", "file": "x.safetensors", "url": "https://…"}.'
            )
        workers = [worker.name for worker in await self._engine.workers(check_pool(pool)) if worker.backends]
        if not workers:
            raise NoBackend(f"No worker of the pool {pool!r} is there to fetch models.", hint="Start one, or name another pool.")
        order = {
            "do": FETCH,
            "models": [model.as_dict() for model in wanted],
            "keep": [list(pair) for pair in sorted(await self.named())],
            "retry": retry,
            "allow_pickle": allow_pickle,
        }
        answers = await asyncio.gather(*(self._ask(worker, order, wanted) for worker in workers))
        return {worker: answer for worker, answer in zip(workers, answers, strict=True) if answer is not None}

    async def named(self) -> set[tuple[str, str]]:
        """Return the models that any deployment names, as (folder, file): in any version's list, or in a workflow that answers calls.

        Of a workflow it is not known in which folder its files lie: theirs is empty.
        """
        found = {(model.folder, model.file) for model in await self._rows.named_models()}
        for current in await self._deployments.list():
            released = await self._deployments.released(current.name)
            for version in (released.current, released.canary):
                found |= {(ANY_FOLDER, file) for file in model_files(version.workflow)} if version else set()
        return found

    async def _ask(self, worker: str, order: Mapping[str, Any], models: Sequence[Model]) -> Sequence[State] | None:
        """Return how far a worker is, None for one that has just gone."""
        try:
            answer = await self._engine.ask(worker, order, patience=PATIENCE)
        except UnknownWorker:
            return None
        except UnknownBackend:  # it looks for a backend in every order that it does not know
            reason = OLD
        except ViewComfyError as fault:
            reason = str(fault)
        else:
            return list(answer.get("models") or [])
        return [{"folder": model.folder, "file": model.file, "state": "failed", "error": reason} for model in models]
