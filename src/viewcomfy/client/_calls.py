"""Every request about jobs, batches, keys and workers, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from viewcomfy.client._core import Call
from viewcomfy.core.backends import BackendAction
from viewcomfy.core.errors import BadInput
from viewcomfy.wire.batches import BatchDetail, BatchPage
from viewcomfy.wire.environments import EnvironmentAdded, EnvironmentOut
from viewcomfy.wire.jobs import CancelOut, JobDetail, JobOut, JobPage
from viewcomfy.wire.keys import KeyOut, KeyRequest, NewKeyOut, NewShareOut, ShareRequest
from viewcomfy.wire.models import FetchOut, FetchRequest
from viewcomfy.wire.scale import ScaleOut
from viewcomfy.wire.usage import UsageOut
from viewcomfy.wire.workers import BackendLogs, BackendOut, WorkersOut


def job(prompt_id: str) -> Call[JobDetail]:
    """Fetch a job."""
    return Call(method="GET", path=job_path(prompt_id), read=JobDetail.model_validate)


def job_path(prompt_id: str) -> str:
    """Return the path of a job."""
    return f"/api/jobs/{quote(prompt_id, safe='')}"


def cancel(prompt_id: str) -> Call[CancelOut]:
    """Cancel a job; one that has ended stays as it is."""
    return Call(method="POST", path=f"{job_path(prompt_id)}/cancel", read=CancelOut.model_validate)


def retry(prompt_id: str) -> Call[JobOut]:
    """Run a job again."""
    return Call(method="POST", path=f"{job_path(prompt_id)}/retry", repeatable=False, read=JobOut.model_validate)


def delete(prompt_id: str) -> Call[None]:
    """Delete a job that has ended."""
    return Call(method="DELETE", path=job_path(prompt_id), read=lambda _: None)


def jobs(query: Mapping[str, Any]) -> Call[JobPage]:
    """Fetch a page of jobs, newest first."""
    given = {name: value for name, value in query.items() if value is not None}
    return Call(method="GET", path="/api/jobs", query=given, read=JobPage.model_validate)


def batch(batch_id: str) -> Call[BatchDetail]:
    """Fetch a batch with its jobs."""
    return Call(method="GET", path=batch_path(batch_id), read=BatchDetail.model_validate)


def batch_path(batch_id: str) -> str:
    """Return the path of a batch."""
    return f"/api/batches/{quote(batch_id, safe='')}"


def cancel_batch(batch_id: str) -> Call[BatchDetail]:
    """Cancel the jobs of a batch that have not ended."""
    return Call(method="POST", path=f"{batch_path(batch_id)}/cancel", read=BatchDetail.model_validate)


def batches(limit: int, cursor: str | None) -> Call[BatchPage]:
    """Fetch a page of batches, newest first."""
    more = {} if cursor is None else {"cursor": cursor}
    return Call(method="GET", path="/api/batches", query={"limit": limit, **more}, read=BatchPage.model_validate)


def create_key(name: str, deployments: Sequence[str] | None, allow_override: bool | None, bounds: Mapping[str, Any]) -> Call[NewKeyOut]:
    """Make a key."""
    limited = None if deployments is None else list(deployments)
    body = body_of(KeyRequest, name=name, deployments=limited, allow_override=allow_override, **bounds)
    return Call(method="POST", path="/api/keys", json=body, admin=True, repeatable=False, read=NewKeyOut.model_validate)


def share(deployment: str, name: str, bounds: Mapping[str, Any]) -> Call[NewShareOut]:
    """Make a share link."""
    body, path = body_of(ShareRequest, name=name, **bounds), f"/api/deployments/{quote(deployment, safe='')}/shares"
    return Call(method="POST", path=path, json=body, admin=True, repeatable=False, read=NewShareOut.model_validate)


def keys() -> Call[list[KeyOut]]:
    """Fetch all keys."""
    return Call(method="GET", path="/api/keys", admin=True, read=TypeAdapter(list[KeyOut]).validate_python)


def revoke_key(client_id: str) -> Call[KeyOut]:
    """Revoke a key."""
    return Call(method="DELETE", path=f"/api/keys/{quote(client_id, safe='')}", admin=True, read=KeyOut.model_validate)


def workers() -> Call[WorkersOut]:
    """Fetch the workers that are there."""
    return Call(method="GET", path="/api/workers", admin=True, read=WorkersOut.model_validate)


def scale(pool: str, query: Mapping[str, Any]) -> Call[ScaleOut]:
    """Fetch how many workers a pool wants."""
    given = {name: value for name, value in query.items() if value is not None}
    return Call(method="GET", path=f"/api/scale/{quote(pool, safe='')}", query=given, admin=True, read=ScaleOut.model_validate)


def fetch_models(models: Sequence[Mapping[str, str]], pool: str, *, retry: bool, allow_pickle: bool) -> Call[FetchOut]:
    """Have workers fetch models, and say how far they are; sent twice it does no more than sent once."""
    body = body_of(FetchRequest, models=list(models), pool=pool, retry=retry, allow_pickle=allow_pickle)
    return Call(method="POST", path="/api/models/fetch", json=body, admin=True, read=FetchOut.model_validate)


def usage(query: Mapping[str, Any]) -> Call[UsageOut]:
    """Fetch what the jobs of a while come to."""
    given = {name: value for name, value in query.items() if value is not None}
    return Call(method="GET", path="/api/usage", query=given, admin=True, read=UsageOut.model_validate)


def order_backend(worker: str, backend: str, action: BackendAction | str) -> Call[BackendOut]:
    """Give a backend an order."""
    try:
        wanted = BackendAction(action)
    except ValueError as fault:
        raise BadInput(f"{action!r} is no order to a backend.", hint=f"Use one of: {', '.join(BackendAction)}.") from fault
    harmless = wanted in (BackendAction.START, BackendAction.DRAIN)
    path = f"{backend_path(worker, backend)}/{wanted}"
    return Call(method="POST", path=path, admin=True, repeatable=harmless, read=BackendOut.model_validate)


def backend_logs(worker: str, backend: str, after: int) -> Call[BackendLogs]:
    """Fetch what a backend has printed."""
    path = f"{backend_path(worker, backend)}/logs"
    return Call(method="GET", path=path, query={"after": after}, admin=True, read=BackendLogs.model_validate)


def add_environment(document: str) -> Call[str]:
    """Have the server keep the document of an environment."""
    return Call(method="PUT", path="/api/environments", text=document, admin=True, read=lambda answer: EnvironmentAdded(**answer).id)


def environments() -> Call[list[EnvironmentOut]]:
    """Fetch the environments that there are."""
    return Call(method="GET", path="/api/environments", admin=True, read=TypeAdapter(list[EnvironmentOut]).validate_python)


def environment(environment_id: str) -> Call[str]:
    """Fetch the document of an environment."""
    return Call(method="GET", path=f"/api/environments/{quote(environment_id, safe='')}", admin=True, plain=True, read=str)


def backend_path(worker: str, backend: str) -> str:
    """Return the path of a backend."""
    return f"/api/workers/{quote(worker, safe='')}/backends/{quote(backend, safe='')}"


def body_of(model: type[BaseModel], **fields: Any) -> dict[str, Any]:
    """Return a request's body with what is not as it would be anyway, checked before it is sent; raise BadInput."""
    try:
        return model(**fields).model_dump(exclude_defaults=True)
    except ValidationError as fault:
        first = fault.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from fault
