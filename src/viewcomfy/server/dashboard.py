"""The built dashboard: its one page, its assets, and what is said where it has not been built."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

STATIC = Path(__file__).parent / "static"
BUILT = STATIC / "dashboard"
NOT_BUILT = STATIC / "not_built.html"

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cache-Control": "no-cache",
    **SAFE,
}
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding", **SAFE}
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
PROGRAMS = ("/api/", "/d/", "/files/", "/assets/")
"""Where programs look: what is not there is told as JSON, to browsers too."""
LONGEST = 200
"""Characters in the name of an asset: a file system refuses longer ones in its own way."""
_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*", re.ASCII)


class Dashboard:
    """The dashboard as it lies in a folder; it may be built while the server runs."""

    def __init__(self, folder: Path = BUILT) -> None:
        self._folder = folder

    def page(self, status: int = 200) -> Response:
        """Return the page that shows whatever the URL says."""
        try:
            text = (self._folder / "index.html").read_text("utf-8")
        except OSError:
            text = NOT_BUILT.read_text("utf-8")
        return HTMLResponse(text, status, POLICY)

    def asset(self, name: str, accept_encoding: str) -> Response | None:
        """Return a file of the build, compressed where the browser takes that; None where there is no such file."""
        path = self._folder / "assets" / name
        if len(name) > LONGEST or not _NAME.fullmatch(name) or path.suffix not in TYPES or not path.is_file():
            return None
        packed = path.with_name(f"{path.name}.gz")
        headers = dict(IMMUTABLE)
        if takes_gzip(accept_encoding) and packed.is_file():
            path, headers["Content-Encoding"] = packed, "gzip"
        return FileResponse(path, headers=headers, media_type=TYPES[Path(name).suffix])


def add_dashboard(app: FastAPI, dashboard: Dashboard) -> None:
    """Let the app answer people who are lost with the dashboard's page, and programs as before."""
    app.state.dashboard = dashboard
    otherwise = cast(Callable[[Request, Exception], Awaitable[Response]], app.exception_handlers[HTTPException])

    async def missing(request: Request, fault: Exception) -> Response:
        if is_lost_person(request):
            return dashboard_of(request).page(404)
        return await otherwise(request, fault)

    app.add_exception_handler(404, missing)


def dashboard_of(request: Request) -> Dashboard:
    """Return the dashboard of the app."""
    dashboard: Dashboard = request.app.state.dashboard
    return dashboard


def is_lost_person(request: Request) -> bool:
    """Tell whether a browser asks for a page."""
    accepted = request.headers.get("accept", "").lower()
    return request.method in ("GET", "HEAD") and "text/html" in accepted and not request.url.path.startswith(PROGRAMS)


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether `Accept-Encoding` allows gzip."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
