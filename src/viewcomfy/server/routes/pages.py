"""Pages for people: what this is, and the API's documentation."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from viewcomfy.server.docs_page import docs_page

router = APIRouter(include_in_schema=False)

POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@router.get("/")
async def start() -> Response:
    """Return the page that says what this is."""
    return HTMLResponse(files("viewcomfy.server").joinpath("static/index.html").read_text("utf-8"), headers=POLICY)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return the documentation of the API."""
    return HTMLResponse(docs_page(request.app.openapi()), headers=POLICY)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return JSONResponse(request.app.openapi())
