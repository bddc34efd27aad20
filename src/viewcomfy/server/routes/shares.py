"""`/api/deployments/<name>/shares`: links that let people without a key use one deployment in its playground, made by the admin."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.server.bodies import body_of, json_response, read_model
from viewcomfy.server.deps import Admin, base_url, services_of
from viewcomfy.server.present import key_out
from viewcomfy.server.routes.keys import MAX_BODY, limits_of
from viewcomfy.wire.keys import NewShareOut, ShareRequest

router = APIRouter(prefix="/api/deployments", tags=["keys"])


@router.post("/{name}/shares", status_code=201, response_model=NewShareOut, openapi_extra=body_of(ShareRequest))
async def create_share(name: str, _: Admin, request: Request) -> Response:
    """Make a share link. Its URL is in this answer and nowhere else; revoking its key ends it."""
    services = services_of(request)
    wanted = await read_model(request, ShareRequest, MAX_BODY)
    deployment = await services.deployments.get(name)
    key, secret = await services.keys.create(wanted.name, [deployment.name], False, limits=limits_of(wanted), share=True)
    # behind the #, so that no server and no log sees the secret: the page itself trades it for a session
    url = f"{base_url(request)}/play/{quote(deployment.name, safe='')}#share={key.client_id}:{secret}"
    return json_response(NewShareOut(**key_out(key).model_dump(), url=url), 201, {"Cache-Control": "no-store"})
