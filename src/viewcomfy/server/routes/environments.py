"""`/api/environments`: documents that say what a ComfyUI consists of, kept and told by the admin."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from starlette.responses import Response

from viewcomfy.core.errors import BadInput
from viewcomfy.environments.document import Document
from viewcomfy.environments.toml import LARGEST, read_toml, write_toml
from viewcomfy.server.bodies import json_response, read_body
from viewcomfy.server.deps import Admin, services_of
from viewcomfy.wire.environments import EnvironmentAdded, EnvironmentOut

router = APIRouter(prefix="/api/environments", tags=["environments"])

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The document, as `viewcomfy env freeze` writes it.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.put("", response_model=EnvironmentAdded, openapi_extra=BODY)
async def add_environment(_: Admin, request: Request) -> Response:
    """Keep the document of an environment, and return its id, which is made of what is in it."""
    document = await asyncio.to_thread(_read, await read_body(request, LARGEST))
    await services_of(request).environments.add(document.id, write_toml(document))
    return json_response(EnvironmentAdded(id=document.id))


@router.get("", response_model=list[EnvironmentOut])
async def list_environments(_: Admin, request: Request) -> Response:
    """List the environments, with how many backends have each and which deployments name it."""
    found = await services_of(request).environments.list()
    return json_response([EnvironmentOut.model_validate(asdict(one)) for one in found])


@router.get("/{environment}", response_class=PlainTextResponse)
async def get_environment(environment: str, _: Admin, request: Request) -> Response:
    """Return the document of an environment, as TOML."""
    return PlainTextResponse(await services_of(request).environments.document(environment))


def _read(body: bytes) -> Document:
    try:
        return read_toml(body.decode(), "The document")
    except UnicodeDecodeError as fault:
        raise BadInput("The document is not text in UTF-8.", hint="`viewcomfy env freeze` writes such a file.") from fault
