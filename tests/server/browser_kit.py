"""A browser of its own, with its own cookies, in front of a site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.server.site_kit import Site
from viewcomfy.server.session import COOKIE, CSRF_HEADER


@asynccontextmanager
async def browser(site: Site, body: dict[str, Any] | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a browser as our pages use it, signed in with `body` where there is one."""
    async with httpx2.AsyncClient(base_url=site.url, trust_env=False, timeout=20, headers={CSRF_HEADER: "1"}) as opened:
        if body is not None:
            answer = await opened.post("/api/session", json=body)
            assert answer.status_code == 201, answer.text
        yield opened


def admin_of(site: Site) -> dict[str, str]:
    """Return what signs the admin in."""
    return {"token": site.admin["authorization"].removeprefix("Bearer ")}


async def share_of(site: Site, name: str = "picture", **options: Any) -> dict[str, Any]:
    """Make a share link."""
    answer = await site.http.post(f"/api/deployments/{name}/shares", json=options, headers=site.admin)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def pair_of(share: dict[str, Any]) -> dict[str, str]:
    """Return what the playground takes out of the URL of a share link."""
    client_id, _, client_secret = str(share["url"]).partition("#share=")[2].partition(":")
    return {"client_id": client_id, "client_secret": client_secret}


def cookie_of(opened: httpx2.AsyncClient) -> str:
    """Return the value of the session's cookie."""
    return str(opened.cookies[COOKIE])
