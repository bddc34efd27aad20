"""Every request about one deployment, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter

from viewcomfy.client._batch import Grid, Items, batch_body
from viewcomfy.client._calls import body_of
from viewcomfy.client._core import Call
from viewcomfy.client._form import Form, json_text, load_app_file, load_workflow, workflow_source
from viewcomfy.core.deployments import check_name
from viewcomfy.core.errors import BadInput
from viewcomfy.wire.batches import BatchDetail
from viewcomfy.wire.conversions import ConvertedOut
from viewcomfy.wire.deployments import (
    CanaryRequest,
    CheckOut,
    CheckRequest,
    DeployedOut,
    DeploymentDetail,
    DeploymentOut,
    DeployRequest,
    DiffOut,
    EditRequest,
    RollbackRequest,
    VersionsOut,
)
from viewcomfy.wire.jobs import JobOut
from viewcomfy.wire.reports import DoctorOut, ReportOut

Json = dict[str, Any]
Edits = Mapping[str, Mapping[str, Any]]
T = TypeVar("T")

CHECK_SECONDS = 900.0
"""What is checked against ComfyUI waits for its start, which takes minutes on a slow machine."""
ANY_OBJECT = TypeAdapter(Json)


# --- with a key -------------------------------------------------------------------------------------------------------
def run(name: str, version: int | None, form: Form) -> Call[JobOut]:
    """Submit a run; the form carries the prompt_id, so that sending it again makes no second job."""
    query, again = _pinned(version), form.repeatable
    return Call(method="POST", path=f"/d/{name}/run", query=query, form=form, repeatable=again, read=JobOut.model_validate)


def describe(name: str, version: int | None) -> Call[DeploymentDetail]:
    """Fetch a deployment with its inputs and its workflow."""
    return Call(method="GET", path=f"/d/{name}", query=_pinned(version), read=DeploymentDetail.model_validate)


def openapi(name: str, version: int | None) -> Call[Json]:
    """Fetch the OpenAPI document of a deployment."""
    return Call(method="GET", path=f"/d/{name}/openapi.json", query=_pinned(version), read=ANY_OBJECT.validate_python)


def batch(
    name: str,
    version: int | None,
    *,
    items: Items | None,
    grid: Grid | None,
    inputs: Mapping[str, Any] | None,
    batch_id: str | None,
) -> Call[BatchDetail]:
    """Submit a batch; it carries its batch_id, so that sending it again makes no second one."""
    body, files = batch_body(items, grid, inputs, batch_id)
    form = Form({"batch": json_text(body)}, files) if files else None
    return Call(
        method="POST",
        path=f"/d/{name}/batch",
        query=_pinned(version),
        json=None if form else body,
        form=form,
        repeatable=form is None or form.repeatable,
        read=BatchDetail.model_validate,
    )


# --- with the admin token ---------------------------------------------------------------------------------------------
def deploy(name: str, workflow: Any, app_file: Any, inputs: Edits | None, **options: Any) -> Call[DeployedOut]:
    """Deploy a workflow; each sending makes a version. `options` are the other fields of DeployRequest."""
    body = body_of(DeployRequest, **_source(workflow, app_file), **_edits(inputs), **options)
    return Call(
        method="PUT",
        path=f"/api/deployments/{check_name(name)}",
        json=body,
        admin=True,
        repeatable=False,
        timeout=CHECK_SECONDS,
        read=DeployedOut.model_validate,
    )


def check(workflow: Any, app_file: Any, name: str | None, inputs: Edits | None, **place: Any) -> Call[CheckOut]:
    """Ask what deploying a workflow would do. `place` are the other fields of CheckRequest."""
    if name is not None:
        check_name(name)
    body = body_of(CheckRequest, **_source(workflow, app_file), **_edits(inputs), name=name, **place)
    return Call(method="POST", path="/api/check", json=body, admin=True, timeout=CHECK_SECONDS, read=CheckOut.model_validate)


def convert(workflow: Any) -> Call[ConvertedOut]:
    """Ask for a workflow in the API format; only the workflow is sent of the file that carries it."""
    found = workflow_source(workflow)

    def read(answer: Any) -> ConvertedOut:
        converted = ConvertedOut.model_validate(answer)
        return converted.model_copy(update={"source": found.origin}) if found.origin.startswith("carried") else converted

    return Call(method="POST", path="/api/convert", json=found.workflow, admin=True, timeout=CHECK_SECONDS, read=read)


def doctor() -> Call[DoctorOut]:
    """Fetch the health of the installation."""
    return Call(method="GET", path="/api/doctor", admin=True, timeout=CHECK_SECONDS, read=DoctorOut.model_validate)


def deployments() -> Call[list[DeploymentOut]]:
    """Fetch all deployments."""
    return Call(method="GET", path="/api/deployments", admin=True, read=TypeAdapter(list[DeploymentOut]).validate_python)


def remove(name: str) -> Call[None]:
    """Remove a deployment."""
    return Call(method="DELETE", path=f"/api/deployments/{check_name(name)}", admin=True, read=lambda _: None)


def versions(name: str, limit: int, before: int | None) -> Call[VersionsOut]:
    """Fetch versions below `before`, newest first."""
    query = _given(limit=limit, before=before)
    return Call(method="GET", path=f"/api/deployments/{name}/versions", query=query, admin=True, read=VersionsOut.model_validate)


def diff(name: str, before: int | None, after: int | None) -> Call[DiffOut]:
    """Compare the inputs of two versions."""
    query = _given(before=before, after=after)
    return Call(method="GET", path=f"/api/deployments/{name}/diff", query=query, admin=True, read=DiffOut.model_validate)


def edit(name: str, inputs: Edits, **options: Any) -> Call[DeployedOut]:
    """Change inputs; each sending makes a version."""
    return Call(
        method="PATCH",
        path=f"/api/deployments/{name}/inputs",
        json=body_of(EditRequest, **_edits(inputs), **options),
        admin=True,
        repeatable=False,
        timeout=CHECK_SECONDS,
        read=DeployedOut.model_validate,
    )


def rollback(name: str, version: int | None) -> Call[DeploymentOut]:
    """Make a version the current one; without one, sending it again would go back one more."""
    return Call(
        method="POST",
        path=f"/api/deployments/{name}/rollback",
        json=body_of(RollbackRequest, version=version),
        admin=True,
        repeatable=version is not None,
        read=DeploymentOut.model_validate,
    )


def canary(name: str, version: int, percent: float) -> Call[DeploymentOut]:
    """Give a version a share of the calls."""
    body = body_of(CanaryRequest, version=version, percent=percent)
    return Call(method="PUT", path=f"/api/deployments/{name}/canary", json=body, admin=True, read=DeploymentOut.model_validate)


def app_file(name: str, version: int | None) -> Call[Json]:
    """Fetch a deployment as a view_comfy.json."""
    path = f"/api/deployments/{name}/app"
    return Call(method="GET", path=path, query=_pinned(version), admin=True, read=ANY_OBJECT.validate_python)


def report(name: str, version: int | None) -> Call[ReportOut]:
    """Fetch where a deployment can run now."""
    return Call(
        method="GET",
        path=f"/api/deployments/{name}/report",
        query=_pinned(version),
        admin=True,
        timeout=CHECK_SECONDS,
        read=ReportOut.model_validate,
    )


def _pinned(version: int | None) -> dict[str, Any]:
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
        raise BadInput(f"{version!r} is not a version.", hint="Versions are 1, 2, 3, …; None is the current one.")
    return _given(version=version)


def _given(**query: Any) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _source(workflow: Any, app: Any) -> Json:
    if (workflow is None) == (app is None):
        raise BadInput("Give either a workflow or an app file.", hint="For example workflow.json, as ComfyUI saves it.")
    return {"app_file": load_app_file(app)} if workflow is None else {"workflow_api": load_workflow(workflow)}


def _edits(inputs: Edits | None) -> Json:
    return {"inputs": {name: dict(change) for name, change in (inputs or {}).items()}}
