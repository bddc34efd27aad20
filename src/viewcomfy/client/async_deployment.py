"""A handle on one deployment, for the async client."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from inspect import isawaitable
from typing import Any, Literal, TypeVar

from viewcomfy.client import _deployment_calls as _calls
from viewcomfy.client._async_http import AsyncHttp
from viewcomfy.client._core import Call
from viewcomfy.client._form import given, run_form
from viewcomfy.client.async_batch import AsyncBatchHandle
from viewcomfy.client.async_job import AsyncJobHandle
from viewcomfy.client.async_result import AsyncResult
from viewcomfy.core.events import Event, EventKind
from viewcomfy.wire.deployments import DeployedOut, DeploymentDetail, DeploymentOut, DiffOut, VersionOut
from viewcomfy.wire.inputs import InputOut
from viewcomfy.wire.reports import ReportOut

T = TypeVar("T")


class AsyncDeploymentHandle:
    """A deployment on its server, known by its `name`; with a `version` every call gets that one, otherwise the current one.

    Inputs are keyword arguments: `run(prompt="a cat", image=Path("x.png"))`. A path, bytes or a binary file is sent as a
    file; text stays text, so for a file input it is a data URL, an https URL, or the name of a file that ComfyUI has. Param
    keys, and inputs that are called like an option of the method, go into a dict in front: `run({"6-inputs-text": "a cat"})`.
    """

    def __init__(self, http: AsyncHttp, base: str, name: str, version: int | None = None) -> None:
        self.name = name
        self.version = version
        self._http = http
        self._base = base

    def __repr__(self) -> str:
        return f"AsyncDeploymentHandle({self.name!r}{f', version={self.version}' if self.version is not None else ''})"

    # --- running ------------------------------------------------------------------------------------------------------
    async def run(
        self, params: Mapping[str, Any] | None = None, /, *, workflow_api: Any = None, prompt_id: str | None = None, **inputs: Any
    ) -> AsyncJobHandle:
        """Submit a run and return its job without waiting for it.

        The same `prompt_id` (a UUID 4 of yours) submitted again gives the same job; one is made when you give none.
        `workflow_api`, a dict or the path of any file with a workflow, replaces the deployed one for this call.
        """
        form = run_form(given(params, inputs), workflow_api, prompt_id or str(uuid.uuid4()))
        return AsyncJobHandle(self._http, self._base, (await self._call(_calls.run(self.name, self.version, form))).prompt_id)

    async def infer(
        self,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        workflow_api: Any = None,
        prompt_id: str | None = None,
        timeout: float | None = None,
        **inputs: Any,
    ) -> AsyncResult:
        """Run, wait for the end and return the result.

        Raises what the job failed with, or StillRunning after `timeout` seconds of waiting: the job then goes on, and the
        error's `details` hold its prompt_id. The other options are those of `run`.
        """
        job = await self.run(params, workflow_api=workflow_api, prompt_id=prompt_id, **inputs)
        return await job.result(timeout=timeout)

    async def infer_with_logs(
        self,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        on_log: Callable[[str], Any] = print,
        on_event: Callable[[Event], Any] | None = None,
        workflow_api: Any = None,
        prompt_id: str | None = None,
        timeout: float | None = None,
        **inputs: Any,
    ) -> AsyncResult:
        """Do as `infer` does, and call `on_log` with each log line and `on_event` with every event, live;
        each may be a function or a coroutine function."""

        async def tell(event: Event) -> None:
            told = on_log(str(event.data.get("text", ""))) if event.kind is EventKind.LOG else None
            if isawaitable(told):
                await told
            told = on_event(event) if on_event is not None else None
            if isawaitable(told):
                await told

        job = await self.run(params, workflow_api=workflow_api, prompt_id=prompt_id, **inputs)
        return await job._watched(tell, timeout, news=True)

    async def batch(
        self,
        list: Iterable[Mapping[str, Any]] | None = None,
        *,
        grid: Mapping[str, Iterable[Any]] | None = None,
        inputs: Mapping[str, Any] | None = None,
        batch_id: str | None = None,
    ) -> AsyncBatchHandle:
        """Submit many runs at once, and return them as one batch without waiting for it.

        There is one for each of the `list`'s dicts of inputs, or for each combination of the `grid`'s values, the last input
        varying fastest; `inputs` are what all have in common. Files in `inputs` are streamed; those in a list or a grid go as
        text in the body, which is kept in memory. The same `batch_id` (a UUID 4 of yours) again gives the same batch.
        """
        made = await self._call(_calls.batch(self.name, self.version, items=list, grid=grid, inputs=inputs, batch_id=batch_id))
        return AsyncBatchHandle(self._http, self._base, made.batch_id)

    # --- what it is ---------------------------------------------------------------------------------------------------
    async def describe(self) -> DeploymentDetail:
        """Return the deployment with its inputs, its workflow and its params."""
        return await self._call(_calls.describe(self.name, self.version))

    async def inputs(self) -> list[InputOut]:
        """Return what callers may set: names, kinds, defaults, limits and choices; locked and hidden ones are told of too."""
        return (await self.describe()).inputs

    async def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of this one deployment."""
        return await self._call(_calls.openapi(self.name, self.version))

    # --- management, with the admin token -----------------------------------------------------------------------------
    async def versions(self, *, page_size: int = 50) -> AsyncIterator[VersionOut]:
        """Yield the versions, newest first, fetched page by page."""
        before: int | None = None
        while page := (await self._call(_calls.versions(self.name, page_size, before))).versions:
            for version in page:
                yield version
            before = page[-1].version
            if before == 1 or len(page) < page_size:
                return

    async def diff(self, before: int | None = None, after: int | None = None) -> DiffOut:
        """Return what changes for callers between two versions: by default from the one before the current one to that."""
        return await self._call(_calls.diff(self.name, before, after))

    async def rollback(self, version: int | None = None) -> DeploymentOut:
        """Make a version the current one, and return it; by default the one that was current before this one."""
        return await self._call(_calls.rollback(self.name, version))

    async def canary(self, version: int, percent: float) -> DeploymentOut:
        """Give a version that share of the calls that pin none; 0 ends that."""
        return await self._call(_calls.canary(self.name, version, percent))

    async def edit(
        self,
        inputs: Mapping[str, Mapping[str, Any]],
        *,
        pool: str | None = None,
        priority: int | None = None,
        memory: float | None = None,
        models: Sequence[Mapping[str, str]] | None = None,
        environment: str | None = None,
        warm_up: Mapping[str, Any] | Literal[False] | None = None,
        note: str = "",
        allow_breaking: bool = False,
    ) -> DeployedOut:
        """Change inputs, by name or param key: `{"seed": {"hidden": True}}`. Return the new version that this makes.

        A change to None is taken back. `pool`, `priority` (0: urgent, 1: normal, 2: low), `memory` (GiB of GPU memory), `models`,
        `environment` and `warm_up` change where, when and with what its jobs run, as in `Client.deploy`. Raises BreakingChange where
        calls that work today would fail, unless you allow it.
        """
        place = {"pool": pool, "priority": priority, "memory": memory}
        needs = {"models": models, "environment": environment, "warm_up": warm_up}
        return await self._call(_calls.edit(self.name, inputs, **place, **needs, note=note, allow_breaking=allow_breaking))

    async def app_file(self) -> dict[str, Any]:
        """Return the deployment as an app file, for `view_comfy.json`."""
        return await self._call(_calls.app_file(self.name, self.version))

    async def report(self) -> ReportOut:
        """Return where the deployment can run now, and what keeps it from running elsewhere."""
        return await self._call(_calls.report(self.name, self.version))

    async def _call(self, call: Call[T]) -> T:
        return await self._http.call(self._base, call)
