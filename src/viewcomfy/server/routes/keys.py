"""`/api/keys`: make, list and revoke keys, by the admin."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.keys import KeyLimits
from viewcomfy.server.bodies import body_of, json_response, read_model
from viewcomfy.server.deps import Admin, services_of
from viewcomfy.server.present import key_out
from viewcomfy.wire.keys import KeyBounds, KeyOut, KeyRequest, NewKeyOut

router = APIRouter(prefix="/api/keys", tags=["keys"])

MAX_BODY = 64 * 1024


@router.post("", status_code=201, response_model=NewKeyOut, openapi_extra=body_of(KeyRequest))
async def create_key(_: Admin, request: Request) -> Response:
    """Make a key. Its client_secret is in this answer and nowhere else."""
    wanted = await read_model(request, KeyRequest, MAX_BODY)
    keys = services_of(request).keys
    key, secret = await keys.create(wanted.name, wanted.deployments, wanted.allow_override, limits=limits_of(wanted))
    return json_response(NewKeyOut(**key_out(key).model_dump(), client_secret=secret), 201, {"Cache-Control": "no-store"})


@router.get("", response_model=list[KeyOut])
async def list_keys(_: Admin, request: Request) -> Response:
    """List the keys, those of share links and revoked ones too."""
    return json_response([key_out(key) for key in await services_of(request).keys.list()])


@router.delete("/{client_id}", response_model=KeyOut)
async def revoke_key(client_id: str, _: Admin, request: Request) -> Response:
    """Revoke a key, for good."""
    return json_response(key_out(await services_of(request).keys.revoke(client_id)))


def limits_of(wanted: KeyBounds) -> KeyLimits:
    """Return what shall bound a key."""
    return KeyLimits(wanted.expires_at, wanted.max_active, wanted.max_per_day, wanted.max_running)
