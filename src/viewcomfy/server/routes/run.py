"""`POST /d/<name>/run`: run a deployment with named inputs, and what callers may know of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.jobs import Job
from viewcomfy.server.answers import PROMPT_ID_HEADER, Accepted
from viewcomfy.server.auth import authenticate, while_welcome
from viewcomfy.server.bodies import json_response
from viewcomfy.server.calls import pinned_version, reading_call
from viewcomfy.server.deps import base_url, services_of, settings_of
from viewcomfy.server.present import deployment_detail, job_out
from viewcomfy.server.routes.infer import CALL_PARAMETERS, TEXT_FIELDS
from viewcomfy.server.streams import EventStream, while_connected, with_heartbeat
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
    accepted = Accepted(services, call.caller, job, call.deployment.cancel_on_disconnect, settings_of(request).heartbeat)
    headers = {PROMPT_ID_HEADER: job.prompt_id, "Location": f"{base_url(request)}/api/jobs/{job.prompt_id}"}
    if "text/event-stream" in request.headers.get("accept", "").lower():
        return RunEvents(request, accepted, headers)
    seconds = _seconds_to_wait(request)
    if seconds:
        job = await _ended(request, accepted, seconds)
        headers["Preference-Applied"] = f"wait={seconds:g}"
    shown = job_out(job, services.links, base_url(request), await services.jobs.position(job))
    return json_response(shown, 200 if job.status.is_final else 202, headers)


@router.get("", response_model=DeploymentDetail)
async def describe(name: str, request: Request) -> Response:
    """Return the deployment with the inputs that a call may set."""
    services = services_of(request)
    caller = await authenticate(services, request.scope)
    deployment = await services.infer.look_at(caller, name, pinned_version(request))
    inputs = await services.infer.inputs(deployment)
    released = await services.deployments.released(name)
    return json_response(deployment_detail(deployment, released, inputs, base_url(request), guest=caller.is_guest))


class RunEvents(EventStream):
    """The events of a job that was just accepted."""

    def __init__(self, request: Request, accepted: Accepted, headers: Mapping[str, str]) -> None:
        news = with_heartbeat(accepted.services.jobs.follow(accepted.job.prompt_id), accepted.heartbeat)
        super().__init__(while_welcome(accepted.services, request.scope, news), headers)
        self.accepted = accepted

    async def left(self) -> None:
        """Cancel the job if its deployment says so."""
        await self.accepted.left()


def _seconds_to_wait(request: Request) -> float:
    found = _WAIT.search(", ".join(request.headers.getlist("prefer")))
    return min(float(found[1]), LONGEST_WAIT) if found else 0.0


async def _ended(request: Request, accepted: Accepted, seconds: float) -> Job:
    """Return the job once it has ended, or as it stands when the time is up or its caller has gone away."""
    jobs, prompt_id = accepted.services.jobs, accepted.job.prompt_id

    async def end() -> None:
        await jobs.wait(prompt_id)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            if not await while_connected(request.receive, end()):
                await accepted.left()
    return await jobs.get(accepted.caller, prompt_id)
