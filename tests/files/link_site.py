"""A server that has nothing but links to files, on a real port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace

from fastapi import FastAPI

from tests.server.site_kit import served
from viewcomfy.files.base import Files
from viewcomfy.server.errors import ErrorLayer, add_error_handlers
from viewcomfy.server.routes import files as routes
from viewcomfy.service.links import FileLink, Links, WriteLink


@dataclass
class LinkSite:
    """Where links lead, and who signs them. `max_bytes` is how much one lets in."""

    url: str
    links: Links
    files: Files
    max_bytes: int = 1 << 40

    async def ask(self, key: str, verb: str) -> str:
        """Return a link, as an engine would."""
        if verb == "PUT":
            return f"{self.url}/files/{self.links.sign_write(WriteLink(key, self.max_bytes), 60)}"
        return f"{self.url}/files/{self.links.sign(FileLink(key, 'a', 'image/png'), 60)[0]}"


@asynccontextmanager
async def link_site(files: Files, file_links: str = "server") -> AsyncIterator[LinkSite]:
    """Serve files by links for a while."""
    site = LinkSite("", Links("secret", 60.0), files)
    app = FastAPI()
    app.state.services = SimpleNamespace(links=site.links, files=files)
    app.state.settings = SimpleNamespace(file_links=file_links)
    app.include_router(routes.router)
    add_error_handlers(app)
    app.add_middleware(ErrorLayer)
    async with served(app) as site.url:
        yield site
