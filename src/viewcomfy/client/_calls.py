"""Every request that the clients make, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from viewcomfy.client._core import Call
from viewcomfy.client._form import Form, load_workflow
from viewcomfy.core.deployments import check_name
from viewcomfy.core.errors import BadInput
from viewcomfy.wire.deployments import DeploymentDetail, DeploymentOut, DeployRequest
from viewcomfy.wire.jobs import CancelOut, JobDetail, JobOut, JobPage
from viewcomfy.wire.keys import KeyOut, KeyRequest, NewKeyOut
from viewcomfy.wire.workers import WorkersOut


def run(name: str, form: Form) -> Call[JobOut]:
    """Submit a run; the form carries the prompt_id, so that sending it again makes no second job."""
    return Call(method="POST", path=f"/d/{name}/run", form=form, repeatable=form.repeatable, read=JobOut.model_validate)


def job(prompt_id: str) -> Call[JobDetail]:
    """Fetch a job."""
    return Call(method="GET", path=job_path(prompt_id), read=JobDetail.model_validate)


def job_path(prompt_id: str) -> str:
    """Return the path of a job."""
    return f"/api/jobs/{quote(prompt_id, safe='')}"


def cancel(prompt_id: str) -> Call[CancelOut]:
    """Cancel a job; one that has ended stays as it is."""
    return Call(method="POST", path=f"{job_path(prompt_id)}/cancel", read=CancelOut.model_validate)


def jobs(query: Mapping[str, Any]) -> Call[JobPage]:
    """Fetch a page of jobs, newest first."""
    given = {name: value for name, value in query.items() if value is not None}
    return Call(method="GET", path="/api/jobs", query=given, read=JobPage.model_validate)


def describe(name: str) -> Call[DeploymentDetail]:
    """Fetch a deployment with its params."""
    return Call(method="GET", path=f"/d/{name}", read=DeploymentDetail.model_validate)


def deploy(name: str, workflow: Any, *, time_limit: float, cancel_on_disconnect: bool) -> Call[DeploymentOut]:
    """Deploy a workflow; each sending makes a version."""
    body = _body(DeployRequest, workflow_api=load_workflow(workflow), time_limit=time_limit, cancel_on_disconnect=cancel_on_disconnect)
    return Call(
        method="PUT",
        path=f"/api/deployments/{check_name(name)}",
        json=body,
        admin=True,
        repeatable=False,
        read=DeploymentOut.model_validate,
    )


def deployments() -> Call[list[DeploymentOut]]:
    """Fetch all deployments."""
    return Call(method="GET", path="/api/deployments", admin=True, read=TypeAdapter(list[DeploymentOut]).validate_python)


def remove_deployment(name: str) -> Call[None]:
    """Remove a deployment."""
    return Call(method="DELETE", path=f"/api/deployments/{check_name(name)}", admin=True, read=_nothing)


def create_key(name: str, deployments: Sequence[str] | None, allow_override: bool | None) -> Call[NewKeyOut]:
    """Make a key."""
    limited = None if deployments is None else list(deployments)
    body = _body(KeyRequest, name=name, deployments=limited, allow_override=allow_override)
    return Call(method="POST", path="/api/keys", json=body, admin=True, repeatable=False, read=NewKeyOut.model_validate)


def keys() -> Call[list[KeyOut]]:
    """Fetch all keys."""
    return Call(method="GET", path="/api/keys", admin=True, read=TypeAdapter(list[KeyOut]).validate_python)


def revoke_key(client_id: str) -> Call[KeyOut]:
    """Revoke a key."""
    return Call(method="DELETE", path=f"/api/keys/{quote(client_id, safe='')}", admin=True, read=KeyOut.model_validate)


def workers() -> Call[WorkersOut]:
    """Fetch the workers that are there."""
    return Call(method="GET", path="/api/workers", admin=True, read=WorkersOut.model_validate)


def _body(model: type[BaseModel], **fields: Any) -> dict[str, Any]:
    """Check a request's body before it is sent; raise BadInput."""
    try:
        return model(**fields).model_dump()
    except ValidationError as fault:
        first = fault.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from fault


def _nothing(_: Any) -> None:
    return None
