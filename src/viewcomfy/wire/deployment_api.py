"""The OpenAPI document of one deployment: its inputs typed, and examples that work when they are pasted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.errors import ErrorBody
from viewcomfy.wire.examples import curl_form, curl_json, example_inputs, example_value, python_code, typescript_code
from viewcomfy.wire.infer import PromptResult
from viewcomfy.wire.input_schema import MEDIA_RANGES, in_words, schema_of, sentence, visible
from viewcomfy.wire.inputs import InputOut
from viewcomfy.wire.jobs import CancelOut, JobDetail, JobOut

Json = dict[str, Any]

SECURITY: list[dict[str, list[str]]] = [{"client_id": [], "client_secret": []}, {"bearer": []}]
SCHEMES: Json = {
    "client_id": {"type": "apiKey", "in": "header", "name": "client_id", "description": "With an underscore."},
    "client_secret": {"type": "apiKey", "in": "header", "name": "client_secret", "description": "With an underscore."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "<client_id>:<client_secret>, or the admin token."},
}
PROMPT_ID: Json = {
    "type": "string",
    "format": "uuid",
    "description": "A UUID of the caller's choice: sent again, it finds the same job.",
}
BINARY: Json = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
ERRORS: Mapping[str, str] = {
    "400": "The body is broken: it stops half way, or is not what its content type says.",
    "401": "The key is missing, wrong or revoked.",
    "403": "The key may not call this deployment.",
    "404": "There is no such deployment, version or job.",
    "413": "The body, a field or a file is too large.",
    "422": "Some inputs are wrong: `problems` names each one, what came and what is allowed. Nothing was queued.",
    "429": "Too many jobs are waiting.",
    "503": "No ComfyUI could run this, or the server is starting or shutting down.",
    "4XX": "What is wrong with the request, or how the run failed.",
    "5XX": "What is wrong with the run or the server.",
}
VERSIONS = [
    {
        "name": "version",
        "in": "query",
        "description": "Run this version instead of the current one.",
        "schema": {"type": "integer", "minimum": 1},
    },
    {
        "name": "ViewComfy-Version",
        "in": "header",
        "description": "The same as a header.",
        "schema": {"type": "integer", "minimum": 1},
    },
]
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "wait=30 waits up to so many seconds for the job's end.",
    "schema": {"type": "string", "examples": ["wait=30"]},
}
JOB_ID = {"name": "prompt_id", "in": "path", "required": True, "schema": {"type": "string"}}
EVENTS = (
    "The job's events as they happen: `status` (`status`, `attempt`, at the end of a failed job `error`), `log` (`text`, `source`), "
    "`progress` (`node_id`, `title`, `value`, `max`, `done`, `total`, `fraction` from 0 to 1), `preview` (`node_id`, `content_type`, "
    "`data` in base64) and `output` (`node_id`, `filename`, `content_type`, `size`). A final status ends the stream."
)
_SHOWN: Sequence[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
    (JobOut, "serialization"),
    (JobDetail, "serialization"),
    (CancelOut, "serialization"),
    (PromptResult, "serialization"),
    (ErrorBody, "validation"),
]


def deployment_openapi(
    name: str, *, version: int, inputs: Sequence[InputOut], server_url: str, title: str = "", description: str = ""
) -> Json:
    """Return the OpenAPI 3.1 document of a deployment's version: how to run it and how to follow its jobs.

    Inputs that are hidden or locked are left out. `server_url` is where the server is reached, without `/d/…`.
    """
    shown, server, where = visible(inputs), server_url.rstrip("/"), f"/d/{quote(name, safe='')}"
    _, schemas = models_json_schema(_SHOWN, ref_template="#/components/schemas/{model}")
    curl = curl_json(name, server, shown)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title or name,
            "version": str(version),
            "description": f"{sentence(description) or f'The deployment `{name}`.'} With a key in the environment, this runs it: `{curl}`",
        },
        "servers": [{"url": server}],
        "security": SECURITY,
        "paths": {
            f"{where}/run": {"post": _run(name, server, shown)},
            f"{where}/infer": {"post": _infer(shown)},
            "/api/jobs/{prompt_id}": {"get": _job()},
            "/api/jobs/{prompt_id}/events": {"get": _follow()},
            "/api/jobs/{prompt_id}/cancel": {"post": _cancel()},
        },
        "components": {"securitySchemes": SCHEMES, "schemas": schemas["$defs"]},
    }


# --- POST /d/<name>/run -----------------------------------------------------------------------------------------------
def _run(name: str, server: str, shown: Sequence[InputOut]) -> Json:
    return _operation(
        "run",
        "Run the workflow with named inputs. Answers at once with the job; `Prefer: wait=30` waits for its end, "
        "`Accept: text/event-stream` streams its events. A param key, such as `6-inputs-text`, works in place of a name.",
        {
            "200": {
                "description": f"The finished job, where `Prefer: wait` asked for it. With `Accept: text/event-stream`: {EVENTS}",
                "content": _media("JobOut") | _stream(),
                "links": _links(),
            },
            "202": {
                "description": "The job, waiting or running: follow it at the URL in `Location`.",
                "headers": {"Location": {"description": "The job's URL.", "schema": {"type": "string"}}},
                "content": _media("JobOut"),
                "links": _links(),
            },
        },
        parameters=[PREFER, *VERSIONS],
        body={"application/json": _json_body(shown), **_forms(shown)},
        samples=[
            ("Shell", "curl", curl_json(name, server, shown)),
            ("Shell", "curl with files", curl_form(name, server, shown)),
            ("Python", "Python", python_code(name, server, shown)),
            ("TypeScript", "TypeScript", typescript_code(name, server, shown)),
        ],
    )


def _json_body(shown: Sequence[InputOut]) -> Json:
    least, everything = ({"inputs": example_inputs(shown, least=least)} for least in (True, False))
    body = {
        "title": "RunRequest",
        "type": "object",
        "properties": {"inputs": _inputs_schema(shown), "prompt_id": PROMPT_ID},
        "required": ["inputs"],
        "additionalProperties": False,
        "examples": [least],
    }
    examples = {
        "least": {"summary": "The inputs that a call should set", "value": least},
        "everything": {"summary": "Every input", "value": everything},
    }
    return {"schema": body, "examples": examples}


def _inputs_schema(shown: Sequence[InputOut]) -> Json:
    required = [declared.name for declared in shown if declared.required]
    return {
        "title": "Inputs",
        "type": "object",
        "properties": {declared.name: {**schema_of(declared), "examples": [example_value(declared)]} for declared in shown},
        "additionalProperties": False,
    } | ({"required": required} if required else {})


def _forms(shown: Sequence[InputOut]) -> Json:
    """Return the two forms: the inputs as JSON text, and in a multipart form each file as a part with the input's name."""
    text = json.dumps(example_inputs([declared for declared in shown if not declared.kind.is_file], least=True))
    fields: Json = {
        "inputs": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "The inputs as JSON text: an object of names and values.",
            "examples": [text],
        },
        "params": {"type": "string", "contentMediaType": "application/json", "description": "The same under the name that V1 has for it."},
        "prompt_id": PROMPT_ID,
    }
    files = [declared for declared in shown if declared.kind.is_file and declared.name not in fields]
    parts = {declared.name: {**BINARY, "description": in_words(declared)} for declared in files}
    encoding = {declared.name: {"contentType": MEDIA_RANGES[declared.kind]} for declared in files}
    multipart: Json = {"schema": {"type": "object", "properties": fields | parts}}
    if encoding:
        multipart["encoding"] = encoding
    return {
        "multipart/form-data": multipart,
        "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}},
    }


# --- POST /d/<name>/infer ---------------------------------------------------------------------------------------------
def _infer(shown: Sequence[InputOut]) -> Json:
    values = {declared.key: example_value(declared) for declared in shown if not declared.kind.is_file}
    fields: Json = {
        "logs": {"type": "string", "enum": ["true", "false"], "description": "true: live events; false: one JSON answer."},
        "params": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "A JSON object, as text, of param keys and values.",
            "examples": [json.dumps(values)],
        },
        "workflow_api": {"type": "string", "description": "A whole workflow for this call only."},
        "prompt_id": PROMPT_ID,
    }
    parts: Json = {declared.key: {**BINARY, "description": in_words(declared)} for declared in shown if declared.kind.is_file}
    for declared in shown:
        if declared.kind is InputKind.IMAGE:
            parts[f"{declared.key}-viewcomfymask"] = {**BINARY, "description": f"A mask for {declared.key}."}
    multipart = {
        "type": "object",
        "properties": fields | parts,
        "additionalProperties": {**BINARY, "description": "A file by its param key."},
    }
    return _operation(
        "infer",
        "The ViewComfy V1 call: run the workflow and wait for the result.",
        {
            "201": {
                "description": "The result. With logs=true: the events `log_message`, `error` and `prompt_result`, whose data is "
                "the same object.",
                "content": _media("PromptResult") | _stream(),
            }
        },
        parameters=VERSIONS,
        body={
            "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}},
            "multipart/form-data": {"schema": multipart},
        },
    )


# --- /api/jobs/<prompt_id> --------------------------------------------------------------------------------------------
def _job() -> Json:
    answers = {"200": {"description": "The job, with links to its outputs.", "content": _media("JobDetail")}}
    return _operation("get_job", "Return a job with links to its outputs.", answers, parameters=[JOB_ID], tag="jobs")


def _follow() -> Json:
    last = {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event that is known already.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    }
    answers = {
        "200": {"description": EVENTS, "content": _stream()},
        "204": {"description": "The job has finished and nothing came after that event."},
    }
    what = "Follow a job: its events so far and then as they happen."
    return _operation("follow_job", what, answers, parameters=[JOB_ID, last], tag="jobs")


def _cancel() -> Json:
    answers = {"200": {"description": "The job's status after the cancel.", "content": _media("CancelOut")}}
    return _operation("cancel_job", "Cancel a job; one that has finished stays as it is.", answers, parameters=[JOB_ID], tag="jobs")


# --- parts of every operation -----------------------------------------------------------------------------------------
def _operation(
    operation_id: str,
    description: str,
    answers: Json,
    *,
    parameters: Sequence[Json],
    body: Json | None = None,
    tag: str = "call",
    samples: Sequence[tuple[str, str, str | None]] = (),
) -> Json:
    operation: Json = {
        "operationId": operation_id,
        "tags": [tag],
        "description": description,
        "security": SECURITY,
        "parameters": list(parameters),
        "responses": answers | {status: _error(status, text, body is not None) for status, text in ERRORS.items()},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    if samples:
        operation["x-codeSamples"] = [{"lang": lang, "label": label, "source": source} for lang, label, source in samples if source]
    return operation


def _error(status: str, text: str, has_body: bool) -> Json:
    error: Json = {"description": text, "content": _media("ErrorBody")}
    if status in ("429", "503") and has_body:
        error["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return error


def _media(model: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}


def _stream() -> Json:
    return {"text/event-stream": {"schema": {"type": "string"}}}


def _links() -> Json:
    wanted = {"prompt_id": "$response.body#/prompt_id"}
    return {operation: {"operationId": operation, "parameters": wanted} for operation in ("get_job", "follow_job", "cancel_job")}
