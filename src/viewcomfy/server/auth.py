"""Who is calling: the key pair in headers with underscores, `Authorization: Bearer`, or the session of a browser."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.types import Scope

from viewcomfy.core.errors import AuthError, Forbidden
from viewcomfy.core.keys import Caller
from viewcomfy.server.session import check_csrf, cookie_of
from viewcomfy.server.tracing import TRACE
from viewcomfy.service.services import Services

T = TypeVar("T")

LOOK_SECONDS = 1.0
"""How often it is looked whether who follows a stream may still do so."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with a request. `token` is the admin token; a bearer `<client_id>:<client_secret>` counts as the pair."""

    client_id: str | None = None
    client_secret: str | None = None
    token: str | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether none came."""
        return self.client_id is None and self.client_secret is None and self.token is None


def credentials_of(scope: Scope) -> Credentials:
    """Read the credentials from the raw headers: frameworks would turn the underscores into hyphens."""
    client_id = client_secret = authorization = None
    for name, value in scope["headers"]:
        if name == b"client_id":
            client_id = value.decode("latin-1")
        elif name == b"client_secret":
            client_secret = value.decode("latin-1")
        elif name == b"authorization":
            authorization = value.decode("latin-1")
    if client_id is not None or client_secret is not None or authorization is None:
        return Credentials(client_id, client_secret)
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return Credentials()
    if ":" in token:
        client_id, _, client_secret = token.partition(":")
        return Credentials(client_id, client_secret)
    return Credentials(token=token)


def basic_credentials_of(scope: Scope) -> Credentials:
    """Read the credentials as a browser sends them when it has asked for a name and a password: of a key, or `admin` and the token.

    For pages that only show something: a browser sends them along with what other sites make it ask for.
    """
    for name, value in scope["headers"]:
        scheme, _, encoded = value.partition(b" ")
        if name == b"authorization" and scheme.lower() == b"basic":
            with suppress(ValueError):
                user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
                return Credentials(token=password) if user == "admin" else Credentials(user, password)
    return credentials_of(scope)


async def authenticate(services: Services, scope: Scope, given: Credentials | None = None) -> Caller:
    """Return who calls; the session of the browser counts where no credentials came. Raises AuthError and its kinds, CrossSiteRefused."""
    caller = await _caller(services, scope, given or credentials_of(scope))
    return replace(caller, trace=trace) if (trace := scope.get(TRACE)) else caller


async def authenticate_admin(services: Services, scope: Scope) -> Caller:
    """Return the admin. Raises InvalidAdminToken, NoSession, CrossSiteRefused, and Forbidden for a key."""
    given = credentials_of(scope)
    caller = await _signed_in(services, scope) if given.is_empty else None
    if caller is None:
        if given.client_id is None and given.client_secret is None:
            return await services.keys.authenticate_admin(given.token)
        caller = await services.keys.authenticate(given.client_id, given.client_secret)
    if not caller.is_admin:
        raise Forbidden("This needs the admin token; a key can't do it.", hint="Send `Authorization: Bearer <admin token>`.")
    return caller


async def while_welcome(services: Services, scope: Scope, stream: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield what a stream yields until whoever asked for it would not be let in any more: a key was revoked, a session has ended."""
    looked_at = time.monotonic()
    async with aclosing(stream):
        async for item in stream:
            if time.monotonic() - looked_at > LOOK_SECONDS:
                try:
                    await authenticate(services, scope)
                except AuthError:
                    return
                looked_at = time.monotonic()
            yield item


async def _caller(services: Services, scope: Scope, given: Credentials) -> Caller:
    if given.is_empty and (caller := await _signed_in(services, scope)):
        return caller
    if given.token is not None:
        return await services.keys.authenticate_admin(given.token)
    return await services.keys.authenticate(given.client_id, given.client_secret)


async def _signed_in(services: Services, scope: Scope) -> Caller | None:
    """Return who has signed in with the browser that sends this; None where it has no cookie of ours."""
    value = cookie_of(scope)
    if value is None:
        return None
    check_csrf(scope, scope["app"].state.settings.public_url)
    return (await services.sessions.open(value)).caller
