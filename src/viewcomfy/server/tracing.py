"""A span for each request, which the jobs that it makes belong to."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viewcomfy.core.tracing import Tracer
from viewcomfy.server.errors import route_of

TRACE = "viewcomfy.trace"
"""Where the scope of a request has the traceparent of its span."""


class TracingLayer:
    """ASGI middleware that traces requests, as parts of what their callers trace. No URL is told: links are secrets."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        span = self._tracer.begin(method, Headers(scope=scope).get("traceparent", ""), is_request=True)
        scope[TRACE] = span.traceparent

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                span.set(status=status)
                if status >= 500:
                    span.fail(f"answered {status}")
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            span.rename(f"{method} {route_of(scope)}")
            span.end()
