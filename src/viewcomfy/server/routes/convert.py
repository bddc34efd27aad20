"""`POST /api/convert`: any file with a workflow in it becomes a workflow in the API format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from viewcomfy.core.errors import InvalidForm, TooLarge
from viewcomfy.server.bodies import json_response
from viewcomfy.server.calls import SPOOL_FOLDER
from viewcomfy.server.deps import Admin, services_of, settings_of
from viewcomfy.server.spool import SpoolFile
from viewcomfy.wire.conversions import ConvertedOut
from viewcomfy.wire.deployments import ModelIO

router = APIRouter(prefix="/api", tags=["deployments"])

_LARGER = "The server's setting is VIEWCOMFY_MAX_UPLOAD."
_ANY_FILE = {"schema": {"type": "string", "format": "binary"}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: JSON in ComfyUI's API format or its editor's, or a picture, video or sound that carries one.",
        "content": {"application/json": {"schema": {"type": "object"}}, "application/octet-stream": _ANY_FILE},
    }
}


@router.post("/convert", response_model=ConvertedOut, openapi_extra=BODY)
async def convert(_: Admin, request: Request) -> Response:
    """Return the workflow of a file in the API format, converted with what the backends say of their node classes."""
    async with _received(request) as path:
        found = await services_of(request).deployer.convert(path, "The file")
    models = [ModelIO(**model.as_dict()) for model in found.converted.models]
    return json_response(ConvertedOut(workflow_api=found.converted.workflow_api, source=found.origin, models=models))


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[Path]:
    """Yield the path of a temporary file with the body. Raises TooLarge, DiskFull, InvalidForm."""
    settings = settings_of(request)
    spool = SpoolFile(settings.data_dir / SPOOL_FOLDER)
    try:
        async for chunk in request.stream():
            if spool.size + len(chunk) > settings.max_upload:
                raise TooLarge(f"The file is larger than {settings.max_upload} bytes.", hint=_LARGER)
            spool.append(chunk)
            await spool.drain()
        spool.finish()
        yield spool.path
    except ClientDisconnect as fault:
        raise InvalidForm("The body stopped half way.", hint="Send the request again.") from fault
    finally:
        spool.discard()
