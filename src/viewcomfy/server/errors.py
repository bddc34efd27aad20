"""Errors over HTTP: every error on every path is the JSON of `ErrorBody`."""

from __future__ import annotations

import errno
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viewcomfy.core.errors import AuthError, BadInput, DiskFull, InternalError, MethodNotAllowed, NotFound, ViewComfyError
from viewcomfy.wire.errors import ErrorBody

log = structlog.get_logger(__name__)


def error_response(error: ViewComfyError, prompt_id: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer for an error; `prompt_id` is that of the job, where one was accepted."""
    body = ErrorBody(
        code=error.code, detail=error.message, hint=error.hint, problems=error.problems, details=error.details, prompt_id=prompt_id
    )
    more = dict(headers or {})
    if error.retry_after is not None:
        more["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, AuthError):
        more.setdefault("WWW-Authenticate", "Bearer")
    # json.dumps escapes to ASCII, so that a message quoting half of a surrogate pair can be sent too
    content = json.dumps(body.model_dump(exclude_defaults=True), default=str)
    return Response(content, error.status, more, "application/json")


def bad_input(faults: Sequence[Mapping[str, Any]], what: str) -> BadInput:
    """Turn pydantic's faults into one error that names them all."""
    problems = [{"input": ".".join(str(step) for step in fault["loc"]), "message": str(fault["msg"])} for fault in faults[:50]]
    first = problems[0]
    return BadInput(f"{what} is wrong at {first['input'] or 'its top'}: {first['message']}.", problems=problems)


def internal_error(fault: Exception, scope: Scope) -> ViewComfyError:
    """Log a fault that nobody expected, and return what the caller is told: nothing but a word to find it in the log."""
    if isinstance(fault, ViewComfyError):
        return fault
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The server's disk is full.", hint="The owner of the server must make room.")
    trace_id = secrets.token_hex(6)
    log.error("a request failed", trace_id=trace_id, method=scope["method"], route=route_of(scope), exc_info=fault)
    return InternalError("Something went wrong inside the server.", hint=f"Its log has the details under trace_id {trace_id}.")


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that a request went to, never the URL itself: links are secrets."""
    return getattr(scope.get("route"), "path", "unmatched")


class ErrorLayer:
    """ASGI middleware that answers what no handler has: the caller gets JSON, the log gets the trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer if it fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception as fault:  # the last line of defence must catch everything
            error = internal_error(fault, scope)
            if not started:
                await error_response(error)(scope, receive, send)
            else:  # returning without an end makes the server cut the connection, so the client sees that it is not whole
                log.warning("an answer broke off", route=route_of(scope), reason=str(error))


def add_error_handlers(app: FastAPI) -> None:
    """Let the app answer the errors that are part of its job."""
    app.add_exception_handler(ViewComfyError, _on_own)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)


async def _on_own(_: Request, fault: Exception) -> Response:
    return error_response(cast(ViewComfyError, fault))


async def _on_http(request: Request, fault: Exception) -> Response:
    http = cast(HTTPException, fault)
    path = request.url.path[:200]
    if http.status_code == 404:
        return error_response(NotFound(f"There is nothing at {path!r}.", hint="/docs lists the URLs."))
    if http.status_code == 405:
        return error_response(
            MethodNotAllowed(f"{path!r} does not take {request.method}.", hint="/docs lists the URLs."), headers=http.headers
        )
    return error_response(BadInput(str(http.detail)))


async def _on_validation(_: Request, fault: Exception) -> Response:
    return error_response(bad_input(cast(RequestValidationError, fault).errors(), "The request"))
