"""`/api/doctor`: the health of the whole installation."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.server.bodies import json_response
from viewcomfy.server.deps import Admin, services_of
from viewcomfy.wire.reports import DoctorOut, doctor_out

router = APIRouter(prefix="/api", tags=["deployments"])


@router.get("/doctor", response_model=DoctorOut)
async def examine(_: Admin, request: Request) -> Response:
    """Look at every deployment on every backend, and at disks, memory and clocks. It may start a ComfyUI to ask it."""
    return json_response(doctor_out(await services_of(request).doctor.examine()))
