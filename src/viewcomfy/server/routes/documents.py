"""`/d/<name>/openapi.json` and `/d/<name>/docs`: the API of one deployment, for programs and for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from viewcomfy.core.errors import AuthError
from viewcomfy.server.auth import authenticate, basic_credentials_of
from viewcomfy.server.bodies import json_response
from viewcomfy.server.calls import pinned_version
from viewcomfy.server.deps import base_url, services_of
from viewcomfy.server.docs_page import docs_page
from viewcomfy.server.errors import error_response
from viewcomfy.server.routes.infer import CALL_PARAMETERS
from viewcomfy.server.routes.pages import POLICY
from viewcomfy.wire.deployment_api import deployment_openapi
from viewcomfy.wire.inputs import input_out

router = APIRouter(prefix="/d/{name}", tags=["call a deployment"])

ASK = {"WWW-Authenticate": 'Basic realm="viewcomfy: client_id and client_secret, or admin and the admin token", charset="UTF-8"'}
ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


@router.get("/openapi.json", response_class=Response, responses=ANSWERS, openapi_extra={"parameters": CALL_PARAMETERS})
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document of this one deployment: its inputs typed, and examples that work when pasted."""
    return json_response(await _document(request))


@router.get("/docs", response_class=HTMLResponse, openapi_extra={"parameters": CALL_PARAMETERS})
async def docs(request: Request) -> Response:
    """Return the same as a page; a browser asks for a key: client_id and client_secret."""
    try:
        document = await _document(request)
    except AuthError as fault:
        return error_response(fault, headers=ASK)
    page = docs_page(document, home="../../")
    return HTMLResponse(page.encode("utf-8", "replace"), headers=POLICY)  # a title may hold half of a surrogate pair


async def _document(request: Request) -> dict[str, Any]:
    services = services_of(request)
    caller = await authenticate(services, request.scope, basic_credentials_of(request.scope))
    found = await services.infer.look_at(caller, request.path_params["name"], pinned_version(request))
    return deployment_openapi(
        found.name,
        version=found.version,
        inputs=[input_out(one) for one in await services.infer.inputs(found)],
        server_url=base_url(request),
        title=found.title,
        description=found.description,
    )
