"""`POST /d/<name>/infer`, the V1 endpoint of a deployment, and `/run`, which does not wait."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import BadInput
from viewcomfy.core.jobs import Job
from viewcomfy.core.keys import Caller
from viewcomfy.server.answers import PROMPT_ID_HEADER, Accepted, LogsAnswer, ResultAnswer
from viewcomfy.server.auth import authenticate
from viewcomfy.server.bodies import json_response
from viewcomfy.server.deps import AnyCaller, base_url, services_of, settings_of
from viewcomfy.server.form_data import FormLimits
from viewcomfy.server.forms import Form, read_form
from viewcomfy.server.present import deployment_detail, job_out
from viewcomfy.service.received import Received
from viewcomfy.wire.deployments import DeploymentDetail
from viewcomfy.wire.infer import PromptResult
from viewcomfy.wire.jobs import JobOut

router = APIRouter(prefix="/d/{name}", tags=["call a deployment"])

SPOOL_FOLDER = "tmp"
LOGS = {"true": True, "1": True, "false": False, "0": False}

TEXT_FIELDS = {
    "logs": {"type": "string", "enum": ["true", "false"], "description": "true: live events; false: one JSON answer."},
    "params": {"type": "string", "description": 'A JSON object of param keys and values: {"6-inputs-text": "a cat"}.'},
    "workflow_api": {"type": "string", "description": "A whole workflow in API format, for this call only."},
    "prompt_id": {"type": "string", "description": "A UUID of the caller's choice: sent again, it finds the same job."},
}
FORM = {
    "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": TEXT_FIELDS}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": TEXT_FIELDS,
                    "additionalProperties": {"type": "string", "format": "binary", "description": "A file, named by its param key."},
                }
            },
        },
    },
}
RESULT: dict[int | str, dict[str, Any]] = {
    201: {
        "model": PromptResult,
        "description": "The result. With logs=true: the events log_message, error and prompt_result, whose data is the same object.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.post("/infer", status_code=201, responses=RESULT, openapi_extra=FORM)
async def infer(request: Request) -> Response:
    """Run the deployment and wait for the result."""
    services = services_of(request)
    caller, deployment, form = await _read(request)
    try:
        with_logs = _logs(form.fields.get("logs", "false"))
        job = await services.infer.submit(caller, deployment, _received(form))
    finally:
        form.discard()
    accepted = Accepted(services, caller, job, deployment.cancel_on_disconnect, settings_of(request).heartbeat)
    return LogsAnswer(accepted) if with_logs else ResultAnswer(accepted)


@router.post("/run", status_code=202, response_model=JobOut, openapi_extra=FORM)
async def run(request: Request) -> Response:
    """Run the deployment and answer at once with the job."""
    services = services_of(request)
    caller, deployment, form = await _read(request)
    try:
        job = await services.infer.submit(caller, deployment, _received(form))
    finally:
        form.discard()
    return await _job_response(request, job)


@router.get("")
async def describe(name: str, caller: AnyCaller, request: Request) -> DeploymentDetail:
    """Return the deployment with the params that a call may set."""
    deployment = await services_of(request).infer.open(caller, name)
    return json_response(deployment_detail(deployment, base_url(request)))  # type: ignore[return-value]


async def _read(request: Request) -> tuple[Caller, Deployment, Form]:
    """Check who calls what before the body is read, then read it."""
    services, settings = services_of(request), settings_of(request)
    caller = await authenticate(services, request.scope)
    deployment = await services.infer.open(caller, request.path_params["name"])
    form = await read_form(request.headers, request.stream(), FormLimits.of(settings), settings.data_dir / SPOOL_FOLDER)
    return caller, deployment, form


def _logs(value: str) -> bool:
    found = LOGS.get(value.lower())
    if found is None:
        raise BadInput(f"logs must be true or false, not {value[:40]!r}.")
    return found


def _received(form: Form) -> Received:
    get = form.fields.get
    return Received(params=get("params"), workflow_api=get("workflow_api"), files=form.files, prompt_id=get("prompt_id"))


async def _job_response(request: Request, job: Job) -> Response:
    services, base = services_of(request), base_url(request)
    shown = job_out(job, services.links, base, await services.jobs.position(job))
    headers = {PROMPT_ID_HEADER: job.prompt_id, "Location": f"{base}/api/jobs/{job.prompt_id}"}
    return json_response(shown, 202, headers)
