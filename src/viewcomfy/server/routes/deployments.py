"""`/api/deployments`: make workflows callable, by the admin."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.server.bodies import body_of, json_response, read_model
from viewcomfy.server.deps import Admin, base_url, services_of, settings_of
from viewcomfy.server.present import deployment_detail, deployment_out
from viewcomfy.wire.deployments import DeploymentDetail, DeploymentOut, DeployRequest

router = APIRouter(prefix="/api/deployments", tags=["deployments"])


@router.put("/{name}", status_code=201, response_model=DeploymentOut, openapi_extra=body_of(DeployRequest))
async def deploy(name: str, _: Admin, request: Request) -> Response:
    """Deploy a workflow: version 1 of a new name, or the next version of a known one."""
    wanted = await read_model(request, DeployRequest, settings_of(request).max_field)
    deployment = await services_of(request).deployments.deploy(
        name, wanted.workflow_api, time_limit=wanted.time_limit, cancel_on_disconnect=wanted.cancel_on_disconnect
    )
    return json_response(deployment_out(deployment, base_url(request)), 201)


@router.get("")
async def list_deployments(_: Admin, request: Request) -> list[DeploymentOut]:
    """List the deployments by name."""
    return [deployment_out(deployment, base_url(request)) for deployment in await services_of(request).deployments.list()]


@router.get("/{name}", response_model=DeploymentDetail)
async def get_deployment(name: str, _: Admin, request: Request) -> Response:
    """Return a deployment with its workflow and its params."""
    return json_response(deployment_detail(await services_of(request).deployments.get(name), base_url(request)))


@router.delete("/{name}", status_code=204)
async def remove_deployment(name: str, _: Admin, request: Request) -> None:
    """Take a deployment away; its jobs stay."""
    await services_of(request).deployments.remove(name)
