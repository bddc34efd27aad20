"""`POST /d/<name>/run`: run a deployment with named inputs, and what callers may know of it."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.jobs import Job
from viewcomfy.core.keys import Caller
from viewcomfy.server.answers import PROMPT_ID_HEADER
from viewcomfy.server.bodies import json_response
from viewcomfy.server.calls import opened, reading_call
from viewcomfy.server.deps import base_url, services_of, settings_of
from viewcomfy.server.present import deployment_detail, job_out
from viewcomfy.server.routes.infer import CALL_PARAMETERS, TEXT_FIELDS
from viewcomfy.server.streams import EventStream, with_heartbeat
from viewcomfy.service.jobs import JobService
from viewcomfy.wire.deployments import DeploymentDetail
from viewcomfy.wire.jobs import JobOut
from viewcomfy.wire.run import RunRequest

router = APIRouter(prefix="/d/{name}", tags=["call a deployment"])

LONGEST_WAIT = 600.0
"""Seconds that `Prefer: wait` can ask for at most."""
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9}(?:\.\d+)?)", re.IGNORECASE)
_FIELDS = {name: schema for name, schema in TEXT_FIELDS.items() if name != "logs"} | {
    "inputs": {"type": "string", "description": "The same as params, under the name that JSON calls have for it."}
}
_FORM = {"type": "object", "properties": _FIELDS, "additionalProperties": {"type": "string", "format": "binary"}}
BODY: dict[str, Any] = {
    "parameters": [
        *CALL_PARAMETERS,
        {"name": "Prefer", "in": "header", "schema": {"type": "string"}, "description": "wait=30: answer when the job has ended, or then."},
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": RunRequest.model_json_schema()},
            "multipart/form-data": {"schema": _FORM},
            "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": _FIELDS}},
        },
    },
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": JobOut,
        "description": "The finished job, where `Prefer: wait` asked for it; its events, where `Accept: text/event-stream` did.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.post("/run", status_code=202, response_model=JobOut, responses=ANSWERS, openapi_extra=BODY)
async def run(request: Request) -> Response:
    """Run the deployment: answer at once with the job, wait for its end (`Prefer: wait=30`), or stream its events."""
    services = services_of(request)
    async with reading_call(request, allow_json=True) as call:
        job = await services.infer.submit(call.caller, call.deployment, call.received)
    headers = {PROMPT_ID_HEADER: job.prompt_id, "Location": f"{base_url(request)}/api/jobs/{job.prompt_id}"}
    if "text/event-stream" in request.headers.get("accept", "").lower():
        events = with_heartbeat(services.jobs.follow(job.prompt_id), settings_of(request).heartbeat)
        return EventStream(events, headers)
    seconds = _seconds_to_wait(request)
    if seconds:
        job = await _ended(services.jobs, call.caller, job, seconds)
        headers["Preference-Applied"] = f"wait={seconds:g}"
    shown = job_out(job, services.links, base_url(request), await services.jobs.position(job))
    return json_response(shown, 200 if job.status.is_final else 202, headers)


@router.get("", response_model=DeploymentDetail)
async def describe(name: str, request: Request) -> Response:
    """Return the deployment with the inputs that a call may set."""
    services = services_of(request)
    _, deployment = await opened(request)
    inputs = await services.infer.inputs(deployment)
    return json_response(deployment_detail(deployment, await services.deployments.released(name), inputs, base_url(request)))


def _seconds_to_wait(request: Request) -> float:
    found = _WAIT.search(request.headers.get("prefer", ""))
    return min(float(found[1]), LONGEST_WAIT) if found else 0.0


async def _ended(jobs: JobService, caller: Caller, job: Job, seconds: float) -> Job:
    """Return the job once it has ended, or as it stands when the time is up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await jobs.wait(job.prompt_id)
    return await jobs.get(caller, job.prompt_id)
