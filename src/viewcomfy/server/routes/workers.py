"""`/api/workers`: what is there to run jobs, for the admin."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request

from viewcomfy.server.deps import Admin, services_of
from viewcomfy.wire.workers import WorkerOut, WorkersOut

router = APIRouter(prefix="/api/workers", tags=["workers"])


@router.get("")
async def list_workers(_: Admin, request: Request) -> WorkersOut:
    """List the workers with their backends, and count the jobs that wait."""
    workers, queued = await services_of(request).workers.overview()
    return WorkersOut(workers=[WorkerOut(**asdict(worker)) for worker in workers], queued=queued)
