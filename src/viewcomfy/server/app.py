"""The HTTP app, put together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from viewcomfy.core.tracing import Tracer
from viewcomfy.server.dashboard import Dashboard, add_dashboard
from viewcomfy.server.errors import ErrorLayer, add_error_handlers
from viewcomfy.server.metrics import Metrics, MetricsLayer
from viewcomfy.server.openapi import SHARED_ERRORS, document_of
from viewcomfy.server.routes import (
    batches,
    convert,
    deployments,
    doctor,
    documents,
    environments,
    files,
    health,
    infer,
    jobs,
    keys,
    models,
    pages,
    run,
    scale,
    session,
    shares,
    usage,
    workers,
)
from viewcomfy.server.routes import settings as settings_routes
from viewcomfy.server.tracing import TracingLayer
from viewcomfy.service.services import Services
from viewcomfy.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

ROUTES = (
    *(infer, run, batches, documents, jobs, files, deployments, doctor, session, keys, shares, workers, scale, usage, settings_routes),
    *(models, environments, convert, health, pages),
)
VERSION = "1"
EXPOSED = ("X-Prompt-Id", "Retry-After", "Preference-Applied", "Location", "Content-Disposition", "Content-Range", "ETag", "Accept-Ranges")


def create_app(services: Services, settings: Settings, lifespan: Lifespan | None = None, tracer: Tracer | None = None) -> FastAPI:
    """Return the app. `lifespan` starts and stops what the services need; routes answer in between. `tracer` is told of every request."""
    app = FastAPI(
        title="viewcomfy",
        version=VERSION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=SHARED_ERRORS,
    )
    app.state.services = services
    app.state.settings = settings
    app.state.metrics = Metrics()
    for routes in ROUTES:
        app.include_router(routes.router)
    add_error_handlers(app)
    add_dashboard(app, Dashboard())
    _add_layers(app, tracer)
    app.openapi = partial(document_of, app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _add_layers(app: FastAPI, tracer: Tracer | None) -> None:
    """Wrap the app; the last one added is the outermost. Any origin may call with a key; none gets a browser's cookie along."""
    app.add_middleware(ErrorLayer)
    app.add_middleware(MetricsLayer, metrics=app.state.metrics)
    if tracer is not None:
        app.add_middleware(TracingLayer, tracer=tracer)
    layer: dict[str, Any] = {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"], "expose_headers": EXPOSED}
    app.add_middleware(CORSMiddleware, **layer, allow_private_network=True, max_age=86_400)
