"""`/files/<token>`: files by signed links, without any header: read whole or in part, or written once."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from viewcomfy.core.errors import InvalidUpload, RangeNotSatisfiable
from viewcomfy.files.base import Files
from viewcomfy.server.bodies import json_response
from viewcomfy.server.deps import services_of
from viewcomfy.server.errors import error_response
from viewcomfy.server.ranges import parse_range, range_applies
from viewcomfy.server.streams import LiveResponse, Sender
from viewcomfy.service.arrivals import take_in
from viewcomfy.service.links import FileLink
from viewcomfy.wire.files import StoredFile

router = APIRouter(prefix="/files", tags=["files"])

SHOWN = ("image/", "video/", "audio/")
SHOWN_TOO = frozenset({"text/plain", "application/json", "application/pdf"})
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The part that Range asked for."},
    304: {"description": "The client has it already."},
    307: {"description": "The file's place in the cloud, where the server's setting says that links lead there."},
}
BODY = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
STORED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The same file has arrived before.", "model": StoredFile},
    201: {"description": "The file is stored.", "model": StoredFile},
}
REDIRECT_SECONDS = 3600.0
"""How long the place in the cloud may be read: a player that jumps about asks there again and again."""


@router.head("/{token}", include_in_schema=False)
@router.get("/{token}", response_class=Response, responses=ANSWERS)
async def get_file(token: str, request: Request) -> Response:
    """Return a file; Range works."""
    services = services_of(request)
    link = services.links.open(token)
    if request.method == "GET" and request.app.state.settings.file_links == "store":
        elsewhere = await services.files.sign(link.file_key, "GET", REDIRECT_SECONDS)
        if elsewhere is not None:
            return Response(status_code=307, headers={"Location": elsewhere, "Cache-Control": "no-store"})
    size = await services.files.size(link.file_key)
    etag = f'"{hashlib.sha256(f"{link.file_key} {size}".encode()).hexdigest()[:32]}"'
    headers = {**_headers(link), "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    try:
        part = parse_range(request.headers.get("range"), size) if range_applies(request.headers.get("if-range"), etag) else None
    except RangeNotSatisfiable as error:
        return error_response(error, headers={"Content-Range": f"bytes */{size}"})
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return FileAnswer(services.files, link.file_key, (start, end), status, headers)


@router.put("/{token}", status_code=201, responses=STORED, openapi_extra=BODY)
async def put_file(token: str, request: Request) -> Response:
    """Store the body under the key that the link is for: how a worker without access to the store hands in what a job made."""
    services = services_of(request)
    link = services.links.open_write(token)
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
    try:
        size, is_new = await take_in(services.files, link, announced, request.stream())
    except ClientDisconnect as gone:
        raise InvalidUpload("The body stopped half way.", hint="Send it again.") from gone
    return json_response(StoredFile(size=size), 201 if is_new else 200)


class FileAnswer(LiveResponse):
    """A part of a file."""

    def __init__(self, files: Files, file_key: str, part: tuple[int, int], status: int, headers: dict[str, str]) -> None:
        super().__init__(status, headers)
        self.files = files
        self.file_key = file_key
        self.part = part

    async def answer(self, out: Sender) -> None:
        """Send the bytes."""
        await out.pour(self.files.read(self.file_key, *self.part))


def _headers(link: FileLink) -> dict[str, str]:
    shown = link.content_type != "image/svg+xml" and (link.content_type.startswith(SHOWN) or link.content_type in SHOWN_TOO)
    headers = {
        "Content-Type": link.content_type + ("; charset=utf-8" if link.content_type.startswith("text/") else ""),
        "Content-Disposition": content_disposition("inline" if shown else "attachment", link.filename),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }
    return headers if shown else {**headers, "Content-Security-Policy": "sandbox; default-src 'none'"}


def content_disposition(kind: str, filename: str) -> str:
    """Return the header value with the name in ASCII for old clients and whole by RFC 5987."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in filename)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
