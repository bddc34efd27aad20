"""Our OpenAPI document: FastAPI's, with the credentials and the errors that every route shares."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from viewcomfy.server.session import COOKIE, CSRF_HEADER
from viewcomfy.wire.errors import ErrorBody

DESCRIPTION = "ComfyUI workflows behind an authenticated URL. Every error is JSON with `code`, `detail` and often a `hint`."
SCHEMES = {
    "client_id": {"type": "apiKey", "in": "header", "name": "client_id", "description": "With an underscore."},
    "client_secret": {"type": "apiKey", "in": "header", "name": "client_secret", "description": "With an underscore."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The admin token, or <client_id>:<client_secret>."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"What POST /api/session sets. Requests that change something then need the header {CSRF_HEADER}: 1.",
    },
}
Security = list[dict[str, list[str]]]
SESSION: Security = [{"session": []}]
KEY_OR_ADMIN: Security = [{"client_id": [], "client_secret": []}, {"bearer": []}, *SESSION]
ADMIN: Security = [{"bearer": []}, *SESSION]
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
SHARED_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"content": _ERROR, "description": "What is wrong with the request, or how the run failed."},
    "5XX": {"content": _ERROR, "description": "What is wrong with the run or the server."},
    422: {"content": _ERROR, "description": "Something in the request is wrong."},
}


def document_of(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        components = document.setdefault("components", {})
        components["securitySchemes"] = SCHEMES
        components.setdefault("schemas", {})["ErrorBody"] = ErrorBody.model_json_schema()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if (security := _security(path, method)) is not None:
                    operation["security"] = security
        app.openapi_schema = document
    return app.openapi_schema


def _security(path: str, method: str) -> Security | None:
    if path == "/api/session":
        return [] if method == "post" else SESSION
    if path.startswith(("/d/", "/api/jobs", "/api/batches")):
        return KEY_OR_ADMIN
    return ADMIN if path.startswith("/api/") else None
