"""`/api/deployments`: make workflows callable, in versions, by the admin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from viewcomfy.core.app_export import write_app_file
from viewcomfy.core.compatibility import compare
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import Conflict
from viewcomfy.core.models import Model
from viewcomfy.server.bodies import body_of, json_response, read_model
from viewcomfy.server.deps import Admin, base_url, services_of, settings_of
from viewcomfy.server.present import changes_out, check_out, deployed_out, deployment_detail, deployment_out, version_out
from viewcomfy.service.deployer import Findings, Wanted
from viewcomfy.service.place import Place
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
from viewcomfy.wire.reports import ReportOut, report_out

router = APIRouter(prefix="/api", tags=["deployments"])

Version = Annotated[int | None, Query(description="A version; the current one by default.")]


@router.put("/deployments/{name}", status_code=201, response_model=DeployedOut, openapi_extra=body_of(DeployRequest))
async def deploy(name: str, _: Admin, request: Request) -> Response:
    """Deploy a workflow: version 1 of a new name, or the next version of a known one."""
    asked = await read_model(request, DeployRequest, settings_of(request).max_field)
    wanted = Wanted(
        workflow=asked.workflow_api,
        app_file=asked.app_file,
        changes=asked.inputs,
        title=asked.title,
        description=asked.description,
        note=asked.note,
        time_limit=asked.time_limit,
        cancel_on_disconnect=asked.cancel_on_disconnect,
        place=_place(asked),
        force=asked.force,
        allow_breaking=asked.allow_breaking,
        make_current=asked.make_current,
    )
    return await _deployed(request, await services_of(request).deployer.deploy(name, wanted))


@router.post("/check", response_model=CheckOut, openapi_extra=body_of(CheckRequest))
async def check(_: Admin, request: Request) -> Response:
    """Say what deploying a workflow would come to: its inputs, where it runs, what changes for callers. Nothing is stored."""
    asked = await read_model(request, CheckRequest, settings_of(request).max_field)
    wanted = Wanted(workflow=asked.workflow_api, app_file=asked.app_file, changes=asked.inputs, place=_place(asked))
    return json_response(check_out(await services_of(request).deployer.check(asked.name, wanted)))


@router.get("/deployments", response_model=list[DeploymentOut])
async def list_deployments(_: Admin, request: Request) -> Response:
    """List the deployments by name, each in its current version."""
    deployments, base = services_of(request).deployments, base_url(request)
    return json_response([deployment_out(one, await deployments.released(one.name), base) for one in await deployments.list()])


@router.get("/deployments/{name}", response_model=DeploymentDetail)
async def get_deployment(name: str, _: Admin, request: Request, version: Version = None) -> Response:
    """Return a version with its inputs, its workflow and its params."""
    services = services_of(request)
    found = await _version(request, name, version)
    inputs = await services.infer.inputs(found)
    return json_response(deployment_detail(found, await services.deployments.released(name), inputs, base_url(request)))


@router.delete("/deployments/{name}", status_code=204)
async def remove_deployment(name: str, _: Admin, request: Request) -> None:
    """Take a deployment away; its jobs stay."""
    await services_of(request).deployments.remove(name)


@router.get("/deployments/{name}/versions", response_model=VersionsOut)
async def list_versions(
    name: str, _: Admin, request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50, before: int | None = None
) -> Response:
    """List the versions of a deployment, newest first; `before` leaves out that one and newer ones."""
    deployments = services_of(request).deployments
    released = await deployments.released(name)
    found = await deployments.versions(name, limit=limit, before=before)
    return json_response(VersionsOut(versions=[version_out(one, released) for one in found]))


@router.get("/deployments/{name}/diff", response_model=DiffOut)
async def compare_versions(name: str, _: Admin, request: Request, before: int | None = None, after: Version = None) -> Response:
    """Say what changes for callers from one version to another; by default to the current one from the version before it."""
    new = await _version(request, name, after)
    if before is None and new.version == 1:
        raise Conflict(f"Version 1 of {name!r} has none before it.", hint="Deploy it again, then compare.")
    old = await _version(request, name, new.version - 1 if before is None else before)
    infer = services_of(request).infer
    changes = compare(await infer.inputs(old), await infer.inputs(new))
    breaking = any(change.breaking for change in changes)
    return json_response(DiffOut(before=old.version, after=new.version, breaking=breaking, changes=changes_out(changes)))


@router.patch("/deployments/{name}/inputs", status_code=201, response_model=DeployedOut, openapi_extra=body_of(EditRequest))
async def edit_inputs(name: str, _: Admin, request: Request) -> Response:
    """Change the inputs of the current version, or where its jobs run; that makes the next one, of the same workflow."""
    asked = await read_model(request, EditRequest, settings_of(request).max_field)
    deployer = services_of(request).deployer
    found = await deployer.edit(name, asked.inputs, place=_place(asked), note=asked.note, allow_breaking=asked.allow_breaking)
    return await _deployed(request, found)


@router.post("/deployments/{name}/rollback", response_model=DeploymentOut, openapi_extra=body_of(RollbackRequest))
async def roll_back(name: str, _: Admin, request: Request) -> Response:
    """Make an earlier version the current one; the last that was current before this one where none is named."""
    asked = await read_model(request, RollbackRequest, settings_of(request).max_field)
    deployments = services_of(request).deployments
    found = await deployments.rollback(name, asked.version)
    return json_response(deployment_out(found, await deployments.released(name), base_url(request)))


@router.put("/deployments/{name}/canary", response_model=DeploymentOut, openapi_extra=body_of(CanaryRequest))
async def set_canary(name: str, _: Admin, request: Request) -> Response:
    """Let a version answer a share of the calls that pin none; 0 percent ends that."""
    asked = await read_model(request, CanaryRequest, settings_of(request).max_field)
    released = await services_of(request).deployments.set_canary(name, asked.version if asked.percent else None, asked.percent)
    return json_response(deployment_out(released.current, released, base_url(request)))


@router.get("/deployments/{name}/app", response_class=Response)
async def export_app_file(name: str, _: Admin, request: Request, version: Version = None) -> Response:
    """Return a version as an app file, view_comfy.json."""
    found = await _version(request, name, version)
    inputs = await services_of(request).infer.inputs(found)
    title = found.title if found.app else found.title or name
    file = write_app_file(found.workflow, inputs, found.edits, title=title, description=found.description, source=found.app)
    return json_response(file)


@router.get("/deployments/{name}/report", response_model=ReportOut)
async def report_on(name: str, _: Admin, request: Request, version: Version = None) -> Response:
    """Say where a version can run now, and what keeps it from the other backends."""
    found = await _version(request, name, version)
    return json_response(report_out(await services_of(request).deployer.report(found)))


async def _version(request: Request, name: str, version: int | None) -> Deployment:
    deployments = services_of(request).deployments
    return await deployments.get(name) if version is None else await deployments.version(name, version)


async def _deployed(request: Request, found: Findings) -> Response:
    released = await services_of(request).deployments.released(found.deployment.name)
    return json_response(deployed_out(found, released, base_url(request)), 201)


def _place(asked: DeployRequest | EditRequest | CheckRequest) -> Place:
    return Place(
        pool=asked.pool,
        priority=asked.priority,
        memory=asked.memory,
        models=None if asked.models is None else [Model(**model.model_dump()) for model in asked.models],
        environment=asked.environment,
        warm_up=asked.warm_up,
    )
