"""`POST /d/<name>/infer`, the V1 endpoint of a deployment."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.errors import BadInput
from viewcomfy.server.answers import Accepted, LogsAnswer, ResultAnswer
from viewcomfy.server.calls import VERSION_HEADER, reading_call
from viewcomfy.server.deps import services_of, settings_of
from viewcomfy.wire.infer import PromptResult

router = APIRouter(prefix="/d/{name}", tags=["call a deployment"])

LOGS = {"true": True, "1": True, "false": False, "0": False}

TEXT_FIELDS = {
    "logs": {"type": "string", "enum": ["true", "false"], "description": "true: live events; false: one JSON answer."},
    "params": {"type": "string", "description": 'A JSON object of inputs, by name or param key: {"6-inputs-text": "a cat"}.'},
    "workflow_api": {
        "type": "string",
        "description": "A whole workflow for this call only, in either of ComfyUI's formats; as a file, also a picture that carries it.",
    },
    "prompt_id": {"type": "string", "description": "A UUID of the caller's choice: sent again, it finds the same job."},
}
CALL_PARAMETERS = [
    {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
    {"name": "version", "in": "query", "schema": {"type": "integer", "minimum": 1}, "description": "Pin a version of the deployment."},
    {"name": VERSION_HEADER, "in": "header", "schema": {"type": "integer", "minimum": 1}, "description": "The same, as a header."},
]
FORM = {
    "parameters": CALL_PARAMETERS,
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": TEXT_FIELDS}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": TEXT_FIELDS,
                    "additionalProperties": {
                        "type": "string",
                        "format": "binary",
                        "description": "A file, named by its input.",
                    },
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
    async with reading_call(request) as call:
        with_logs = _logs(call.fields.get("logs", "false"))
        job = await services.infer.submit(call.caller, call.deployment, call.received)
    accepted = Accepted(services, call.caller, job, call.deployment.cancel_on_disconnect, settings_of(request).heartbeat)
    return LogsAnswer(accepted) if with_logs else ResultAnswer(accepted)


def _logs(value: str) -> bool:
    found = LOGS.get(value.lower())
    if found is None:
        raise BadInput(f"logs must be true or false, not {value[:40]!r}.")
    return found
