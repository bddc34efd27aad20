"""A call of a deployment, read from a request: who calls, which version, and what is said, as a form or as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import BadInput, InvalidParams
from viewcomfy.core.keys import Caller
from viewcomfy.core.workflows import read_json
from viewcomfy.server.auth import authenticate
from viewcomfy.server.bodies import read_model
from viewcomfy.server.deps import services_of, settings_of
from viewcomfy.server.form_data import WORKFLOW, FormLimits
from viewcomfy.server.forms import Form, read_form
from viewcomfy.service.received import Received
from viewcomfy.wire.run import RunRequest

SPOOL_FOLDER = "tmp"
VERSION_HEADER = "ViewComfy-Version"
_JSON_HINT = 'Send {"inputs": {"prompt": "a cat"}}; GET /d/<name> lists the inputs.'
_FORM_HINT = 'Send values as JSON in one field, inputs={"prompt": "a cat"}; a file needs a file name (curl: -F image=@photo.png).'


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `fields` are the text fields of a form."""

    caller: Caller
    deployment: Deployment
    received: Received
    fields: dict[str, str]


@asynccontextmanager
async def reading_call(request: Request, *, allow_json: bool = False) -> AsyncIterator[Call]:
    """Check who calls what before the body is read, then read it; the files that came are removed afterwards."""
    caller, deployment = await opened(request)
    if allow_json and is_json(request):
        yield Call(caller, deployment, await _read_json(request), {})
        return
    form = await whole_form(request)
    try:
        if form.dropped:
            inputs = {one.name for one in await services_of(request).infer.inputs(deployment)}
            refuse_stray([name for name in form.dropped if name in inputs or allow_json])  # V1 has fields that nobody reads
        yield Call(caller, deployment, _received(form), dict(form.fields))
    finally:
        form.discard()


async def opened(request: Request) -> tuple[Caller, Deployment]:
    """Return who calls which version of the deployment in the URL."""
    services = services_of(request)
    caller = await authenticate(services, request.scope)
    return caller, await services.infer.open(caller, request.path_params["name"], pinned_version(request))


async def whole_form(request: Request) -> Form:
    """Read the form; whoever has it must discard it."""
    settings = settings_of(request)
    return await read_form(request.headers, request.stream(), FormLimits.of(settings), settings.data_dir / SPOOL_FOLDER)


def is_json(request: Request) -> bool:
    """Tell whether the body says that it is JSON."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def pinned_version(request: Request) -> int | None:
    """Return the version that a call pins with `?version=` or a header, None where it pins none. Raises BadInput."""
    text = request.query_params.get("version") or request.headers.get(VERSION_HEADER)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadInput(f"{text[:40]!r} is not a version.", hint="Versions are whole numbers, counted from 1.")
    return int(text)


async def _read_json(request: Request) -> Received:
    try:
        asked = await read_model(request, RunRequest, settings_of(request).max_field)
    except BadInput as fault:
        fault.hint = fault.hint or _JSON_HINT
        raise
    return Received(asked.inputs, asked.workflow_api, (), asked.prompt_id)


def refuse_stray(names: Sequence[str]) -> None:
    """Refuse text fields that were meant as inputs: what is not read must not be taken for said."""
    if names:
        is_json = names[0].lstrip().startswith("{")
        raise InvalidParams(
            f"The form has a text field {names[0][:80]!r}, which is not read.",
            hint="Send JSON with the header Content-Type: application/json." if is_json else _FORM_HINT,
            problems=[{"input": name, "message": f"{name!r} came as a text field of its own."} for name in names],
        )


def _received(form: Form) -> Received:
    get = form.fields.get
    if get("inputs") and get("params"):
        raise InvalidParams("The form has both inputs and params.", hint="They mean the same: send one of them.")
    what = "inputs" if get("inputs") else "params"
    workflow = next((file.path for file in form.files if file.field == WORKFLOW), None)
    if workflow and get(WORKFLOW):
        raise InvalidParams(f"{WORKFLOW} came twice, as text and as a file.", hint="Send one of them.")
    files = tuple(file for file in form.files if file.field != WORKFLOW)
    return Received(_object(get(what), what), workflow or get(WORKFLOW), files, get("prompt_id"))


def _object(text: str | None, what: str) -> Any:
    return read_json(text, what) if text and text.strip() else None
