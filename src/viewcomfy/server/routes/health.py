"""Probes for whoever watches the server: is the process up, can it take jobs, what are its numbers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from viewcomfy.core.errors import NoBackend
from viewcomfy.core.keys import Caller
from viewcomfy.server.auth import authenticate_admin, credentials_of
from viewcomfy.server.deps import services_of
from viewcomfy.server.metrics import Metrics

router = APIRouter(tags=["probes"])

FAILED = "failed"
RETRY_SECONDS = 60.0
"""How long a failed backend counts as broken: were it for ever, nobody would send the job that starts it again."""


class Health(BaseModel):
    """The process is up."""

    status: str = "ok"


class Readiness(BaseModel):
    """Jobs can be taken: the store answers, and there are backends that run or can be started."""

    status: str
    workers: int
    backends: int
    queued: int


@router.get("/healthz")
async def healthz() -> Health:
    """Tell that the process is up; nothing else is asked, so a busy or broken backend does not get it restarted."""
    return Health()


@router.get("/readyz")
async def readyz(request: Request) -> Readiness:
    """Tell whether jobs can be taken; 503 where not. Where workers may join, they can be taken before one has."""
    services = services_of(request)
    await services.jobs.page(Caller(), limit=1)  # the store answers
    workers, queued = await services.workers.overview()
    usable = [backend for worker in workers for backend in worker.backends if _is_usable(backend)]
    if not usable and not services.workers.may_come:
        raise NoBackend("No backend is there to run jobs.", hint="Jobs are accepted and wait. See the server's log.", retry_after=5)
    return Readiness(status="ready", workers=len(workers), backends=len(usable), queued=queued)


def _is_usable(backend: Mapping[str, Any]) -> bool:
    if backend.get("draining"):
        return False
    return backend.get("state") != FAILED or time.time() - float(backend.get("since", 0.0)) > RETRY_SECONDS


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Return numbers for Prometheus: those of jobs by pool, and with the admin token by deployment too."""
    numbers: Metrics = request.app.state.metrics
    services = services_of(request)
    named = credentials_of(request.scope).token is not None
    if named:
        await authenticate_admin(services, request.scope)
    workers, queued = await services.workers.overview()
    jobs = {status.value: number for status, number in (await services.jobs.counts()).items()}
    numbers.take_jobs(await services.job_counts.backlog(), await services.job_counts.ended())
    text = numbers.text(workers, queued, jobs, named=named)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
