"""Pages for people: the dashboard, and the API's documentation."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from viewcomfy.server.dashboard import dashboard_of
from viewcomfy.server.docs_page import docs_page

router = APIRouter(include_in_schema=False)

POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


PAGES = (
    *("/", "/sign-in", "/deploy", "/deployments", "/deployments/{rest:path}", "/jobs", "/jobs/{rest:path}"),
    *("/backends", "/keys", "/usage", "/settings", "/play/{rest:path}"),
)


async def page(request: Request) -> Response:
    """Return the dashboard: one page that shows what its URL says."""
    return dashboard_of(request).page()


for _path in PAGES:
    router.add_api_route(_path, page, methods=["GET", "HEAD"])


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"])
async def asset(name: str, request: Request) -> Response:
    """Return a file of the dashboard; its name changes with what is in it."""
    found = dashboard_of(request).asset(name, request.headers.get("accept-encoding", ""))
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return the documentation of the API."""
    return HTMLResponse(docs_page(request.app.openapi()), headers=POLICY)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return JSONResponse(request.app.openapi())
