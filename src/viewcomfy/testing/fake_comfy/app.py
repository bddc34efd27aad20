"""The application: ComfyUI's routes, each also under `/api`, behind what ComfyUI does to every request."""

from __future__ import annotations

import ipaddress
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message, Receive
from starlette.websockets import WebSocket

from viewcomfy.testing.fake_comfy import file_routes, info_routes, job_routes
from viewcomfy.testing.fake_comfy.answers import empty, plain

if TYPE_CHECKING:
    from viewcomfy.testing.fake_comfy.fake import FakeComfy

Handler = Callable[["FakeComfy", Request], Awaitable[Response]]


def make_app(fake: FakeComfy) -> Starlette:
    """Return the application of this fake."""
    table = {**job_routes.ROUTES, **file_routes.ROUTES, **info_routes.ROUTES}
    routes: list[BaseRoute] = []
    for name, handler in table.items():
        method, path = name.split(" ")
        for prefix in ("",) if path.startswith("/internal") else ("", "/api"):
            routes.append(Route(prefix + path, _guarded(fake, name, handler), methods=[method]))
    routes += [WebSocketRoute(path, _socket(fake)) for path in ("/ws", "/api/ws")]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with fake.running():
            yield

    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _unrouted})


def _guarded(fake: FakeComfy, name: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        failure = await fake.admit(name)
        if failure is not None:
            return plain(failure)
        if _is_foreign(request):
            return empty(403)
        try:
            return await handler(fake, Request(request.scope, _limited(request, fake.max_upload_bytes)))
        except _TooLong:
            return plain(413)
        except Exception:  # noqa: BLE001, RUF100 - aiohttp answers any fault of a handler with a bare 500
            fake.console.log(f"Error handling request\n{traceback.format_exc()}")
            return plain(500)

    return answer


class _TooLong(Exception):
    """A body went over the limit."""


def _limited(request: Request, limit: int) -> Receive:
    """Return what receives a request's body, up to so many bytes."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _TooLong
        return message

    return receive


def _socket(fake: FakeComfy) -> Callable[[WebSocket], Awaitable[None]]:
    async def serve(socket: WebSocket) -> None:
        if await fake.admit("GET /ws") is not None:
            await socket.close()
            return
        hub, executor, jobs = fake.hub, fake.executor, fake.jobs

        async def greet(sid: str) -> None:
            await hub.send_now("status", {"status": {"exec_info": {"queue_remaining": jobs.remaining}}, "sid": sid}, sid)
            if executor.client_id == sid and executor.last_node_id is not None:
                await hub.send_now("executing", {"node": executor.last_node_id}, sid)

        await hub.serve(socket, greet)

    return serve


async def _unrouted(request: Request, error: Exception) -> Response:
    if request.method == "OPTIONS":
        return empty()
    return plain(error.status_code if isinstance(error, HTTPException) else 500)


def _is_foreign(request: Request) -> bool:
    """Say whether a page of another site calls a ComfyUI on this machine."""
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if origin is None or host is None:
        return False
    ours, theirs = urlsplit(f"//{host.lower()}"), urlsplit(origin.lower())
    if not _is_loopback(ours.hostname or ""):
        return False
    if ours.port is None or theirs.port is None:
        return ours.hostname != theirs.hostname
    return ours.netloc != theirs.netloc


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
