"""`/files/<token>`: an output by its signed link, whole or in part, without any header."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.errors import RangeNotSatisfiable
from viewcomfy.files.base import Files
from viewcomfy.server.deps import services_of
from viewcomfy.server.errors import error_response
from viewcomfy.server.ranges import parse_range, range_applies
from viewcomfy.server.streams import LiveResponse, Sender
from viewcomfy.service.links import FileLink

router = APIRouter(prefix="/files", tags=["files"])

SHOWN = ("image/", "video/", "audio/")
SHOWN_TOO = frozenset({"text/plain", "application/json", "application/pdf"})
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The part that Range asked for."},
    304: {"description": "The client has it already."},
}


@router.head("/{token}", include_in_schema=False)
@router.get("/{token}", response_class=Response, responses=ANSWERS)
async def get_file(token: str, request: Request) -> Response:
    """Return an output; Range works."""
    services = services_of(request)
    link = services.links.open(token)
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
