"""The async client."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from inspect import isawaitable
from types import TracebackType
from typing import Any, Self

import httpx2

from viewcomfy.client import _calls
from viewcomfy.client._async_http import AsyncHttp
from viewcomfy.client._core import Credentials, endpoint, server_url
from viewcomfy.client._follow import Patience
from viewcomfy.client._form import run_form
from viewcomfy.client.async_job import AsyncJobHandle
from viewcomfy.client.async_result import AsyncResult
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import JobStatus
from viewcomfy.wire.deployments import DeploymentDetail, DeploymentOut
from viewcomfy.wire.jobs import JobOut
from viewcomfy.wire.keys import KeyOut, NewKeyOut
from viewcomfy.wire.workers import WorkersOut


class AsyncClient:
    """An async client of a viewcomfy server, to be shared by the tasks of one event loop: it keeps its connections.

    Call it with a key (`client_id`, `client_secret`); the methods that manage the server want the `admin_token`.
    `timeout` bounds each step of a request (to connect, to send or receive something), `patience` how long a wait bears a
    server that cannot be reached, both in seconds. A request is tried up to `tries` times where that is safe. `streams`
    False waits by polls alone.
    """

    def __init__(
        self,
        server: str = "http://127.0.0.1:8000",
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        admin_token: str | None = None,
        timeout: float = 30.0,
        tries: int = 4,
        idle: float = 20.0,
        patience: float = 60.0,
        streams: bool = True,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = server_url(server)
        credentials = Credentials(client_id=client_id, client_secret=client_secret, admin_token=admin_token)
        self._http = AsyncHttp(credentials, Patience(idle=idle, lost=patience, streams=streams), timeout, tries, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    # --- jobs ---------------------------------------------------------------------------------------------------------
    async def infer(
        self, deployment: str, params: Mapping[str, Any], *, workflow_api: Any = None, timeout: float | None = None
    ) -> AsyncResult:
        """Run a deployment, given by its name or by the URL of its endpoint, and return the result.

        A value of `params` that is a path, bytes or a binary file is sent as a file. `workflow_api`, a dict or the path of
        its JSON file, replaces the deployed workflow for this call. Raises what the job failed with, or StillRunning
        after `timeout` seconds of waiting: the job then goes on, and the error's `details` hold its prompt_id.
        """
        job = await self.run(deployment, params, workflow_api=workflow_api)
        return await job.result(timeout=timeout)

    async def infer_with_logs(
        self,
        deployment: str,
        params: Mapping[str, Any],
        *,
        on_log: Callable[[str], Any] = print,
        on_event: Callable[[Event], Any] | None = None,
        workflow_api: Any = None,
        timeout: float | None = None,
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

        job = await self.run(deployment, params, workflow_api=workflow_api)
        return await job._watched(tell, timeout, news=True)

    async def run(
        self, deployment: str, params: Mapping[str, Any], *, workflow_api: Any = None, prompt_id: str | None = None
    ) -> AsyncJobHandle:
        """Submit a run and return its job without waiting for it.

        The same `prompt_id` (a UUID 4 of yours) submitted again gives the same job; one is made when you give none.
        """
        where = endpoint(deployment, self._base)
        form = run_form(params, workflow_api, prompt_id or str(uuid.uuid4()))
        job = await self._http.call(where.base, _calls.run(where.name, form))
        return AsyncJobHandle(self._http, where.base, job.prompt_id)

    def job(self, prompt_id: str) -> AsyncJobHandle:
        """Return a handle on a job that was submitted before; nothing is sent."""
        return AsyncJobHandle(self._http, self._base, prompt_id)

    async def jobs(
        self,
        *,
        deployment: str | None = None,
        status: JobStatus | str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        page_size: int = 50,
    ) -> AsyncIterator[JobOut]:
        """Yield the jobs, newest first, fetched page by page; times are Unix seconds."""
        query: dict[str, Any] = {
            "deployment": deployment, "status": status and JobStatus(status).value, "limit": page_size,
            "created_after": created_after, "created_before": created_before,
        }  # fmt: skip
        while True:
            page = await self._http.call(self._base, _calls.jobs(query))
            for job in page.jobs:
                yield job
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    async def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job and return its status: one that has ended stays as it is."""
        return await self.job(prompt_id).cancel()

    async def params(self, deployment: str) -> dict[str, Any]:
        """Return the params of a deployment with the values that its workflow has; keys with `_` in front are comments."""
        return (await self.deployment(deployment)).params

    async def deployment(self, deployment: str) -> DeploymentDetail:
        """Return a deployment with its workflow and its params."""
        where = endpoint(deployment, self._base)
        return await self._http.call(where.base, _calls.describe(where.name))

    # --- management, with the admin token -----------------------------------------------------------------------------
    async def deploy(self, name: str, workflow: Any, *, time_limit: float = 0.0, cancel_on_disconnect: bool = False) -> DeploymentOut:
        """Deploy a workflow (a dict, or the path of its JSON file) and return its new version and its URL.

        A job may run for `time_limit` seconds, 0 for ever.
        """
        call = _calls.deploy(name, workflow, time_limit=time_limit, cancel_on_disconnect=cancel_on_disconnect)
        return await self._http.call(self._base, call)

    async def deployments(self) -> list[DeploymentOut]:
        """Return all deployments."""
        return await self._http.call(self._base, _calls.deployments())

    async def remove_deployment(self, name: str) -> None:
        """Remove a deployment; its jobs stay."""
        await self._http.call(self._base, _calls.remove_deployment(name))

    async def create_key(
        self, name: str = "", *, deployments: Sequence[str] | None = None, allow_override: bool | None = None
    ) -> NewKeyOut:
        """Make a key, for all deployments or for the named ones; its secret is never shown again."""
        return await self._http.call(self._base, _calls.create_key(name, deployments, allow_override))

    async def keys(self) -> list[KeyOut]:
        """Return all keys, revoked ones too, without their secrets."""
        return await self._http.call(self._base, _calls.keys())

    async def revoke_key(self, client_id: str) -> KeyOut:
        """Revoke a key for good."""
        return await self._http.call(self._base, _calls.revoke_key(client_id))

    async def workers(self) -> WorkersOut:
        """Return the workers that are there and how many jobs wait for them."""
        return await self._http.call(self._base, _calls.workers())
