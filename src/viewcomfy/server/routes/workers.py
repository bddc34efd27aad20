"""`/api/workers`: what is there to run jobs, and orders to single backends, for the admin."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from viewcomfy.core.backends import BackendAction
from viewcomfy.server.bodies import json_response
from viewcomfy.server.deps import Admin, services_of
from viewcomfy.wire.workers import BackendLogs, BackendOut, WorkerOut, WorkersOut

router = APIRouter(prefix="/api/workers", tags=["workers"])

LAST_NUMBER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""


@router.get("", response_model=WorkersOut)
async def list_workers(_: Admin, request: Request) -> Response:
    """List the workers with their backends, and count the jobs that wait."""
    workers, queued = await services_of(request).workers.overview()
    return json_response(WorkersOut(workers=[WorkerOut.model_validate(asdict(worker)) for worker in workers], queued=queued))


@router.post("/{worker}/backends/{backend}/{action}", status_code=202, response_model=BackendOut)
async def order_backend(worker: str, backend: str, action: BackendAction, _: Admin, request: Request) -> Response:
    """Start, stop, drain or restart a backend.

    It answers at once with how the backend stands; what takes longer goes on, and `GET /api/workers` shows it.
    """
    return json_response(BackendOut.model_validate(await services_of(request).workers.order(worker, backend, action)), 202)


@router.get("/{worker}/backends/{backend}/logs", response_model=BackendLogs)
async def backend_logs(
    worker: str,
    backend: str,
    _: Admin,
    request: Request,
    after: Annotated[int, Query(ge=0, le=LAST_NUMBER, description="The `next` of the last answer; 0 for all lines that are kept.")] = 0,
) -> Response:
    """Return what a backend has printed lately; the last 1000 lines are kept."""
    return json_response(BackendLogs.model_validate(await services_of(request).workers.logs(worker, backend, after)))
