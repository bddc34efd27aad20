"""The sync client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import httpx2

from viewcomfy.client import _calls, _deployment_calls
from viewcomfy.client._core import Credentials, endpoint, server_url
from viewcomfy.client._follow import Patience
from viewcomfy.client._http import Http
from viewcomfy.client.batch import BatchHandle
from viewcomfy.client.deployment import DeploymentHandle
from viewcomfy.client.job import JobHandle
from viewcomfy.client.result import Result
from viewcomfy.core.backends import BackendAction
from viewcomfy.core.events import Event
from viewcomfy.core.jobs import JobStatus
from viewcomfy.core.usage import BucketSize, Grouping
from viewcomfy.wire.batches import BatchOut
from viewcomfy.wire.conversions import ConvertedOut
from viewcomfy.wire.deployments import CheckOut, DeployedOut, DeploymentOut
from viewcomfy.wire.environments import EnvironmentOut
from viewcomfy.wire.jobs import JobOut
from viewcomfy.wire.keys import KeyOut, NewKeyOut, NewShareOut
from viewcomfy.wire.models import FetchOut
from viewcomfy.wire.reports import DoctorOut
from viewcomfy.wire.scale import ScaleOut
from viewcomfy.wire.usage import UsageOut
from viewcomfy.wire.workers import BackendLogs, BackendOut, WorkersOut


class Client:
    """A client of a viewcomfy server, to be shared: it is safe in threads and keeps its connections.

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
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._base = server_url(server)
        credentials = Credentials(client_id=client_id, client_secret=client_secret, admin_token=admin_token)
        self._http = Http(credentials, Patience(idle=idle, lost=patience, streams=streams), timeout, tries, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    # --- jobs ---------------------------------------------------------------------------------------------------------
    def deployment(self, deployment: str, *, version: int | None = None) -> DeploymentHandle:
        """Return a handle on a deployment, given by its name or by the URL of its endpoint; nothing is sent.

        `client.deployment("poster").run(prompt="a cat")` takes named inputs as keyword arguments. `version` pins one.
        """
        where = endpoint(deployment, self._base)
        return DeploymentHandle(self._http, where.base, where.name, version)

    def infer(
        self,
        deployment: str,
        params: Mapping[str, Any],
        *,
        version: int | None = None,
        workflow_api: Any = None,
        timeout: float | None = None,
    ) -> Result:
        """Run a deployment, given by its name or by the URL of its endpoint, and return the result.

        `params` has the inputs by name or param key; a value that is a path, bytes or a binary file is sent as a file.
        `version` pins one. `workflow_api`, a dict or the path of any file with a workflow, replaces the deployed one for this call.
        Raises what the job failed with, or StillRunning after `timeout` seconds of waiting: the job then goes on, and the
        error's `details` hold its prompt_id.
        """
        return self.deployment(deployment, version=version).infer(params, workflow_api=workflow_api, timeout=timeout)

    def infer_with_logs(
        self,
        deployment: str,
        params: Mapping[str, Any],
        *,
        on_log: Callable[[str], Any] = print,
        on_event: Callable[[Event], Any] | None = None,
        version: int | None = None,
        workflow_api: Any = None,
        timeout: float | None = None,
    ) -> Result:
        """Do as `infer` does, and call `on_log` with each log line and `on_event` with every event, live."""
        where = self.deployment(deployment, version=version)
        return where.infer_with_logs(params, on_log=on_log, on_event=on_event, workflow_api=workflow_api, timeout=timeout)

    def run(
        self,
        deployment: str,
        params: Mapping[str, Any],
        *,
        version: int | None = None,
        workflow_api: Any = None,
        prompt_id: str | None = None,
    ) -> JobHandle:
        """Submit a run and return its job without waiting for it.

        The same `prompt_id` (a UUID 4 of yours) submitted again gives the same job; one is made when you give none.
        """
        return self.deployment(deployment, version=version).run(params, workflow_api=workflow_api, prompt_id=prompt_id)

    def job(self, prompt_id: str) -> JobHandle:
        """Return a handle on a job that was submitted before; nothing is sent."""
        return JobHandle(self._http, self._base, prompt_id)

    def jobs(
        self,
        *,
        deployment: str | None = None,
        status: JobStatus | str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        page_size: int = 50,
    ) -> Iterator[JobOut]:
        """Yield the jobs, newest first, fetched page by page; times are Unix seconds."""
        query: dict[str, Any] = {
            "deployment": deployment, "status": status and JobStatus(status).value, "limit": page_size,
            "created_after": created_after, "created_before": created_before,
        }  # fmt: skip
        while True:
            page = self._http.call(self._base, _calls.jobs(query))
            yield from page.jobs
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job and return its status: one that has ended stays as it is."""
        return self.job(prompt_id).cancel()

    def params(self, deployment: str) -> dict[str, Any]:
        """Return the params of a deployment with the values that its workflow has; keys with `_` in front are comments."""
        return self.deployment(deployment).describe().params

    def batch(self, batch_id: str) -> BatchHandle:
        """Return a handle on a batch that was submitted before; nothing is sent."""
        return BatchHandle(self._http, self._base, batch_id)

    def batches(self, *, page_size: int = 50) -> Iterator[BatchOut]:
        """Yield the batches, newest first, fetched page by page."""
        cursor: str | None = None
        while True:
            page = self._http.call(self._base, _calls.batches(page_size, cursor))
            yield from page.batches
            if (cursor := page.next_cursor) is None:
                return

    # --- management, with the admin token -----------------------------------------------------------------------------
    def deploy(
        self,
        name: str,
        workflow: Any = None,
        *,
        app_file: Any = None,
        inputs: Mapping[str, Mapping[str, Any]] | None = None,
        title: str | None = None,
        description: str | None = None,
        note: str = "",
        time_limit: float = 0.0,
        cancel_on_disconnect: bool = False,
        pool: str | None = None,
        priority: int | None = None,
        memory: float | None = None,
        models: Sequence[Mapping[str, str]] | None = None,
        environment: str | None = None,
        warm_up: Mapping[str, Any] | Literal[False] | None = None,
        force: bool = False,
        allow_breaking: bool = False,
        make_current: bool = True,
    ) -> DeployedOut:
        """Deploy a workflow, or the one of an app file, and return its new version, its URL and the report about it.

        Both are a dict, or the path of a file: JSON, or a picture or video that ComfyUI made.
        `inputs` changes declared inputs, by name or param key:
        `{"seed": {"hidden": True}}`. A job may run for `time_limit` seconds, 0 for ever, on workers of
        `pool` by `priority` (0: urgent, 1: normal, 2: low), on a GPU with `memory` GiB at least, in the
        `environment` with that id (empty: in any). `models` are those that it needs, each a dict of folder, file, url and sha256,
        `warm_up` the inputs of a call that backends run when they have started (False: none). None keeps what the version
        before says. The server checks the workflow
        against ComfyUI, and may have to start it for that, which can take minutes. Raises DeploymentProblems for a workflow that
        cannot run (`force` deploys it all the same) and BreakingChange where calls that work today would fail
        (`allow_breaking`). `make_current` False keeps the current version: this one can be pinned, or get a share of the calls.
        """
        call = _deployment_calls.deploy(
            name,
            workflow,
            app_file,
            inputs,
            title=title,
            description=description,
            note=note,
            time_limit=time_limit,
            cancel_on_disconnect=cancel_on_disconnect,
            pool=pool,
            priority=priority,
            memory=memory,
            models=models,
            environment=environment,
            warm_up=warm_up,
            force=force,
            allow_breaking=allow_breaking,
            make_current=make_current,
        )
        return self._http.call(self._base, call)

    def check(
        self,
        workflow: Any = None,
        *,
        app_file: Any = None,
        name: str | None = None,
        inputs: Mapping[str, Mapping[str, Any]] | None = None,
        pool: str | None = None,
        memory: float | None = None,
        models: Sequence[Mapping[str, str]] | None = None,
        environment: str | None = None,
        warm_up: Mapping[str, Any] | Literal[False] | None = None,
    ) -> CheckOut:
        """Return what deploying this would do, and do nothing; with a `name`, what would change for that deployment's callers."""
        place = {"pool": pool, "memory": memory, "models": models, "environment": environment, "warm_up": warm_up}
        return self._http.call(self._base, _deployment_calls.check(workflow, app_file, name, inputs, **place))

    def convert(self, workflow: Any) -> ConvertedOut:
        """Return a workflow in the API format, and the models that it names; `source` says what it came from.

        It is a dict, the path of a file, its bytes or the file itself, open: workflow.json or workflow_api.json, or a picture, video
        or sound that ComfyUI made. Raises UiWorkflow where no ComfyUI is known to convert it with, InvalidWorkflow for what can't be.
        """
        return self._http.call(self._base, _deployment_calls.convert(workflow))

    def doctor(self) -> DoctorOut:
        """Return the health of the installation: disk, memory, clocks, and the report of every deployment."""
        return self._http.call(self._base, _deployment_calls.doctor())

    def deployments(self) -> list[DeploymentOut]:
        """Return all deployments."""
        return self._http.call(self._base, _deployment_calls.deployments())

    def remove_deployment(self, name: str) -> None:
        """Remove a deployment; its jobs stay."""
        self._http.call(self._base, _deployment_calls.remove(name))

    def create_key(
        self,
        name: str = "",
        *,
        deployments: Sequence[str] | None = None,
        allow_override: bool | None = None,
        expires_at: float | None = None,
        max_active: int | None = None,
        max_per_day: int | None = None,
        max_running: int | None = None,
    ) -> NewKeyOut:
        """Make a key, for all deployments or for the named ones; its secret is never shown again.

        `expires_at` is a Unix time. At most `max_active` of its jobs wait or run at once, `max_per_day` are accepted in 24
        hours, and `max_running` run at once, while the rest of them waits.
        """
        bounds = {"expires_at": expires_at, "max_active": max_active, "max_per_day": max_per_day, "max_running": max_running}
        return self._http.call(self._base, _calls.create_key(name, deployments, allow_override, bounds))

    def share(
        self,
        deployment: str,
        name: str = "",
        *,
        expires_at: float | None = None,
        max_active: int | None = None,
        max_per_day: int | None = None,
        max_running: int | None = None,
    ) -> NewShareOut:
        """Make a link to the playground of a deployment, bounded as keys are; its `url` is never shown again.

        Whoever has it can run the deployment and sees nothing else. `revoke_key` ends it.
        """
        bounds = {"expires_at": expires_at, "max_active": max_active, "max_per_day": max_per_day, "max_running": max_running}
        return self._http.call(self._base, _calls.share(deployment, name, bounds))

    def keys(self) -> list[KeyOut]:
        """Return all keys, revoked ones too, without their secrets."""
        return self._http.call(self._base, _calls.keys())

    def revoke_key(self, client_id: str) -> KeyOut:
        """Revoke a key for good."""
        return self._http.call(self._base, _calls.revoke_key(client_id))

    def usage(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        bucket: BucketSize | str | None = None,
        deployment: str | None = None,
        key_id: str | None = None,
        by: Grouping | str | None = None,
    ) -> UsageOut:
        """Return what the jobs that were accepted from `since` to `until` (Unix times) come to; by default the last 24 hours.

        `bucket` is "auto", "hour" or "day"; `by` groups by "deployment" or "key". `deployment` and `key_id` choose some jobs.
        """
        query = {"since": since, "until": until, "bucket": bucket, "deployment": deployment, "key_id": key_id, "by": by}
        return self._http.call(self._base, _calls.usage(query))

    def add_environment(self, document: str) -> str:
        """Have the server keep the document of an environment, the text of environment.toml; return the id for deployments to name."""
        return self._http.call(self._base, _calls.add_environment(document))

    def environments(self) -> list[EnvironmentOut]:
        """Return the environments, with how many backends have each and which deployments name it."""
        return self._http.call(self._base, _calls.environments())

    def environment(self, environment_id: str) -> str:
        """Return the document of an environment, as TOML."""
        return self._http.call(self._base, _calls.environment(environment_id))

    def workers(self) -> WorkersOut:
        """Return the workers that are there and how many jobs wait for them."""
        return self._http.call(self._base, _calls.workers())

    def fetch_models(
        self, models: Sequence[Mapping[str, str]], *, pool: str = "default", retry: bool = False, allow_pickle: bool = False
    ) -> FetchOut:
        """Have the workers of a pool fetch models that they don't have, each a dict of folder, file, url and sha256; say how far they are.

        It goes on by itself: call it again until the answer is `done`. `retry` tries those again that have failed, `allow_pickle`
        fetches formats that can run code, too.
        """
        return self._http.call(self._base, _calls.fetch_models(models, pool, retry=retry, allow_pickle=allow_pickle))

    def scale(
        self,
        pool: str = "default",
        *,
        minimum: int | None = None,
        maximum: int | None = None,
        backends: int | None = None,
        wait: float | None = None,
        idle: float | None = None,
        boot: float | None = None,
    ) -> ScaleOut:
        """Return how many workers a pool wants, `minimum` to `maximum` of them, and why.

        Jobs shall start within `wait` seconds; a worker of so many `backends` needs `boot` seconds to be there, and is wanted until
        it has not been needed for `idle` seconds.
        """
        query = {"min": minimum, "max": maximum, "backends": backends, "wait": wait, "idle": idle, "boot": boot}
        return self._http.call(self._base, _calls.scale(pool, query))

    def order_backend(self, worker: str, backend: str, action: BackendAction | str) -> BackendOut:
        """Start, stop, drain or restart a backend; return how it stands. What takes longer goes on: `workers` shows it."""
        return self._http.call(self._base, _calls.order_backend(worker, backend, action))

    def backend_logs(self, worker: str, backend: str, after: int = 0) -> BackendLogs:
        """Return what a backend has printed lately; the answer's `next` as `after` returns what comes later."""
        return self._http.call(self._base, _calls.backend_logs(worker, backend, after))
