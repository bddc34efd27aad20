"""A checker knows what the backends can do, and keeps from the queue what none of them could run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from viewcomfy.core.declare import declare
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import InvalidParams, InvalidWorkflow, MissingModel, UnknownNodeClass, WorkflowRejected
from viewcomfy.core.input_edits import apply_edits
from viewcomfy.core.inputs import Input
from viewcomfy.core.report import Report, report
from viewcomfy.core.sent_files import SentFile
from viewcomfy.core.validation import Checked, check, missing_on_backends
from viewcomfy.service.catalogs import CatalogService

REFRESH_PATIENCE = 60.0
"""Seconds that a call waits to hear whether a model that is not known was added just now."""
KEPT = 64
SMALL = 100
"""Nodes of a workflow that is looked over in a few milliseconds."""
P = ParamSpec("P")
T = TypeVar("T")
_ERRORS: Mapping[str, type[InvalidWorkflow]] = {"unknown_node_class": UnknownNodeClass, "missing_model": MissingModel}


class Checker:
    """Checks calls, and workflows as they are about to run."""

    def __init__(self, catalogs: CatalogService) -> None:
        self._catalogs = catalogs
        self._typed: dict[tuple[str, int], tuple[str, tuple[Input, ...]]] = {}

    async def inputs(self, deployment: Deployment) -> tuple[Input, ...]:
        """Return the declared inputs, typed as well as is possible: what was deployed while no backend was known is typed later."""
        if deployment.checked:
            return deployment.inputs
        catalog = await self._catalogs.merged(deployment.environment)
        revision = catalog.revision if catalog else ""
        kept = self._typed.get((deployment.name, deployment.version))
        if kept is None or kept[0] != revision:
            declared = await _aside(deployment.workflow, declare, deployment.workflow, catalog)
            kept = (revision, apply_edits(declared, deployment.edits)[0])
            self._typed[deployment.name, deployment.version] = kept
            if len(self._typed) > KEPT:
                del self._typed[next(iter(self._typed))]
        return kept[1]

    async def inputs_of_override(self, workflow: Mapping[str, Any], environment: str = "") -> tuple[Input, ...]:
        """Return the inputs of a workflow that came with a call."""
        return await _aside(workflow, declare, workflow, await self._catalogs.merged(environment))

    async def check(
        self,
        workflow: Mapping[str, Any],
        inputs: Sequence[Input],
        params: Mapping[str, Any],
        sent: Mapping[str, SentFile],
        *,
        overridden: bool,
        guest: bool = False,
        environment: str = "",
    ) -> Checked:
        """Check a whole call; what a backend must have is looked for on those that take jobs with this environment, empty for any.

        Raises InvalidParams or InvalidUpload with every problem, EmptyParams.
        """
        chosen = [declared for declared in inputs if declared.on_backend and (declared.name in params or declared.key in params)]
        live = await self._catalogs.live_choices(workflow, chosen, environment=environment) if chosen else {}
        try:
            return await _aside(workflow, check, workflow, inputs, params, sent, live=live, overridden=overridden, guest=guest)
        except InvalidParams as fault:
            if not missing_on_backends(fault):
                raise
        await self._catalogs.refresh(REFRESH_PATIENCE)
        live = await self._catalogs.live_choices(workflow, chosen, certain=True, environment=environment)
        return await _aside(workflow, check, workflow, inputs, params, sent, live=live, overridden=overridden, guest=guest)

    async def refuse_unfit(self, workflow: Mapping[str, Any], environment: str = "") -> None:
        """Raise UnknownNodeClass, MissingModel or WorkflowRejected, with all that is wrong, for what no backend could run.

        While some backend is unknown, only what is wrong wherever it runs is refused.
        """
        if not (await self._report(workflow, environment)).ok:
            await self._catalogs.refresh(REFRESH_PATIENCE)
            found = await self._report(workflow, environment)
            if not found.ok and (any(not problem.backends for problem in found.errors) or not await self._catalogs.unknown(environment)):
                raise refusal(found)

    async def _report(self, workflow: Mapping[str, Any], environment: str) -> Report:
        return await _aside(workflow, report, workflow, await self._catalogs.by_backend(environment))


async def _aside(workflow: Mapping[str, Any], work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Do what takes long for a large workflow on a thread, so that others are answered meanwhile."""
    if len(workflow) <= SMALL:
        return work(*args, **options)
    return await asyncio.to_thread(work, *args, **options)


def refusal(found: Report) -> InvalidWorkflow:
    """Return the error of a report that says that nothing can run a workflow."""
    first = found.errors[0]
    kind = _ERRORS.get(first.code, WorkflowRejected)
    return kind(first.message, details={"node_id": first.node_id}, problems=[problem.as_dict() for problem in found.errors])
