"""How aiohttp words an answer, which is what ComfyUI is served by."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response


class Json(Response):
    """A JSON answer with aiohttp's spacing and content type."""

    def __init__(self, content: Any, status: int = 200) -> None:
        super().__init__(json.dumps(content), status, {"Content-Type": "application/json; charset=utf-8"})


def empty(status: int = 200) -> Response:
    """Return an answer without a body and without a content type."""
    return Response(status_code=status)


def plain(status: int) -> Response:
    """Return the text that aiohttp answers a failed request with."""
    text = f"{status}: {HTTPStatus(status).phrase}"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        text = "500 Internal Server Error\n\nServer got itself in trouble"
    return Response(text, status, {"Content-Type": "text/plain; charset=utf-8"})
