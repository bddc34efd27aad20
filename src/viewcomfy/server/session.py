"""The session of a browser in a request: its cookie, and the proof that our own pages sent it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from viewcomfy.core.errors import CrossSiteRefused
from viewcomfy.service.sessions import Session

COOKIE = "viewcomfy_session"
CSRF_HEADER = "X-ViewComfy-CSRF"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_of(scope: Scope) -> str | None:
    """Return the value of our cookie."""
    return HTTPConnection(scope).cookies.get(COOKIE)


def check_csrf(scope: Scope, public_url: str | None) -> None:
    """Let a request that counts on the cookie pass if it comes from our own pages, or changes nothing. Raises CrossSiteRefused."""
    if scope["method"] in SAFE:
        _check_use(scope)
        return
    if not Headers(scope=scope).get(CSRF_HEADER):
        raise CrossSiteRefused(
            "A request that counts on a browser's session needs one more header.", hint=f"Send `{CSRF_HEADER}: 1`, or a key in headers."
        )
    check_origin(scope, public_url)


def check_origin(scope: Scope, public_url: str | None) -> None:
    """Let a request pass unless it says that it comes from another site. Raises CrossSiteRefused."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or (origin == "null" and headers.get("sec-fetch-site") == "same-origin"):
        return  # some browsers tell no origin where the page has asked for no referrers; the other header no page can set
    ours = {headers.get("host"), urlsplit(public_url).netloc if public_url else None}
    if _host_of(origin) not in {host.lower() for host in ours if host}:
        raise CrossSiteRefused(
            "The request comes from a page of another site.",
            hint="Where a proxy changes the Host header, set VIEWCOMFY_PUBLIC_URL to the address in the browser.",
        )


def _check_use(scope: Scope) -> None:
    """Let a request pass unless a page of another site makes it a part of itself; a page of another port here can't either."""
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site") in ("same-site", "cross-site") and headers.get("sec-fetch-mode") != "navigate":
        raise CrossSiteRefused("The request comes from a page of another site.", hint="Send a key in headers.")


def set_cookie(response: Response, value: str, session: Session, *, secure: bool) -> None:
    """Hand a session to the browser."""
    response.set_cookie(COOKIE, value, max_age=max(0, int(session.expires_at - time.time())), **_attributes(secure=secure))


def remove_cookie(response: Response, *, secure: bool) -> None:
    """Take the session back from the browser."""
    response.delete_cookie(COOKIE, **_attributes(secure=secure))


def is_secure(scope: Scope, public_url: str | None) -> bool:
    """Tell whether the browser speaks https with us, so that the cookie must never go another way."""
    return scope["scheme"] == "https" or (public_url or "").lower().startswith("https:")


def _attributes(*, secure: bool) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "samesite": "strict", "secure": secure}


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
