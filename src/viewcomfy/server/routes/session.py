"""`/api/session`: a browser signs in and out; what it holds in between is a cookie that scripts can't read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.errors import BadInput, NoSession
from viewcomfy.core.keys import Caller
from viewcomfy.server.bodies import body_of, json_response, read_model
from viewcomfy.server.deps import services_of, settings_of
from viewcomfy.server.session import check_csrf, check_origin, cookie_of, is_secure, remove_cookie, set_cookie
from viewcomfy.service.sessions import Session
from viewcomfy.wire.session import SessionOut, SessionRequest

router = APIRouter(prefix="/api/session", tags=["session"])

MAX_BODY = 64 * 1024
PRIVATE = {"Cache-Control": "no-store"}


@router.post("", status_code=201, response_model=SessionOut, openapi_extra=body_of(SessionRequest))
async def sign_in(request: Request) -> Response:
    """Sign a browser in, with the admin token or a key; the answer sets its cookie."""
    public_url = settings_of(request).public_url
    check_origin(request.scope, public_url)
    asked = await read_model(request, SessionRequest, MAX_BODY)
    value, session = await services_of(request).sessions.begin(await _caller(request, asked), cookie_of(request.scope))
    response = json_response(_shown(session), 201, PRIVATE)
    set_cookie(response, value, session, secure=is_secure(request.scope, public_url))
    return response


@router.get("", response_model=SessionOut)
async def get_session(request: Request) -> Response:
    """Say who is signed in with this browser; 401 where nobody is."""
    return json_response(_shown(await services_of(request).sessions.open(_cookie(request))), headers=PRIVATE)


@router.delete("", status_code=204, response_class=Response)
async def sign_out(request: Request) -> Response:
    """Sign this browser out; 401 where nobody is signed in."""
    public_url = settings_of(request).public_url
    await services_of(request).sessions.open(_cookie(request))
    check_csrf(request.scope, public_url)
    response = Response(status_code=204, headers=PRIVATE)
    remove_cookie(response, secure=is_secure(request.scope, public_url))
    return response


def _cookie(request: Request) -> str:
    value = cookie_of(request.scope)
    if value is None:
        raise NoSession("Nobody is signed in with this browser.", hint="Sign in with the admin token, a key or a share link.")
    return value


async def _caller(request: Request, asked: SessionRequest) -> Caller:
    keys = services_of(request).keys
    with_key = asked.client_id is not None or asked.client_secret is not None
    if with_key == (asked.token is not None):
        raise BadInput("Sign in with token, or with client_id and client_secret.", hint="Send one of the two.")
    if asked.token is not None:
        return await keys.authenticate_admin(asked.token)
    return await keys.authenticate(asked.client_id, asked.client_secret)


def _shown(session: Session) -> SessionOut:
    key = session.caller.key
    return SessionOut(
        role=session.role,
        key_id=session.caller.key_id,
        name=key.name if key else "admin",
        deployments=None if key is None or key.deployments is None else list(key.deployments),
        expires_at=session.expires_at,
    )
