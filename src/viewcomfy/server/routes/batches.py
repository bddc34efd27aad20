"""`POST /d/<name>/batch` and `/api/batches`: many jobs at once. A key sees its own batches, the admin all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from viewcomfy.core.batches import Batch, Progress
from viewcomfy.core.errors import InvalidForm
from viewcomfy.core.workflows import read_json
from viewcomfy.files.base import Files
from viewcomfy.server.bodies import json_response, read_model
from viewcomfy.server.calls import is_json, opened, refuse_stray, whole_form
from viewcomfy.server.deps import AnyCaller, base_url, services_of, settings_of
from viewcomfy.server.errors import bad_input
from viewcomfy.server.routes.files import content_disposition
from viewcomfy.server.routes.infer import CALL_PARAMETERS
from viewcomfy.server.streams import LiveResponse, Sender
from viewcomfy.service.batch_outputs import BatchOutputs, Made
from viewcomfy.service.batches import BatchState
from viewcomfy.service.zip_stream import ZipEntry, stream_zip
from viewcomfy.wire.batches import AxisOut, BatchDetail, BatchJobOut, BatchOut, BatchPage, BatchRequest, ProgressOut

router = APIRouter(tags=["batches"])

BLOCK = 256 * 1024
HINT = 'Send JSON, or a form with the field "batch" that holds the same as text, and the files that all jobs share.'
_FORM = {
    "type": "object",
    "required": ["batch"],
    "properties": {"batch": {"type": "string", "description": "The same object as the JSON body, as text."}},
    "additionalProperties": {"type": "string", "format": "binary", "description": "A file that all jobs get, named by its input."},
}
BODY: dict[str, Any] = {
    "parameters": CALL_PARAMETERS,
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": BatchRequest.model_json_schema()}, "multipart/form-data": {"schema": _FORM}},
    },
}
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip with a folder for each job.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
SHEET: dict[int | str, dict[str, Any]] = {
    200: {"description": "One picture of many.", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The client has it already."},
}


@router.post("/d/{name}/batch", status_code=202, response_model=BatchDetail, openapi_extra=BODY)
async def submit_batch(request: Request) -> Response:
    """Run the deployment many times: for each of a list of inputs, or for each combination of a grid; all jobs are accepted or none."""
    batches, base = services_of(request).batches, base_url(request)
    caller, deployment = await opened(request)
    if is_json(request):
        asked = await read_model(request, BatchRequest, settings_of(request).max_field)
        batch = await batches.submit(caller, deployment, _spec(asked), (), asked.batch_id)
    else:
        form = await whole_form(request)
        try:
            refuse_stray(form.dropped)
            asked = _asked(form.fields.get("batch"))
            batch = await batches.submit(caller, deployment, _spec(asked), form.files, asked.batch_id)
        finally:
            form.discard()
    state = await batches.get(caller, batch.batch_id)
    return json_response(_detail(state, base), 202, {"Location": f"{base}/api/batches/{batch.batch_id}"})


@router.get("/api/batches", response_model=BatchPage)
async def list_batches(
    caller: AnyCaller, request: Request, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """List batches with their progress, newest first."""
    base = base_url(request)
    batches, more = await services_of(request).batches.page(caller, cursor=cursor, limit=limit)
    return json_response(BatchPage(batches=[BatchOut(**_batch(batch, done, base)) for batch, done in batches], next_cursor=more))


@router.get("/api/batches/{batch_id}", response_model=BatchDetail)
async def get_batch(batch_id: str, caller: AnyCaller, request: Request) -> Response:
    """Return a batch with its progress and its jobs."""
    return json_response(_detail(await services_of(request).batches.get(caller, batch_id), base_url(request)))


@router.post("/api/batches/{batch_id}/cancel", response_model=BatchDetail)
async def cancel_batch(batch_id: str, caller: AnyCaller, request: Request) -> Response:
    """Cancel the jobs of a batch that have not ended; what has ended stays as it is."""
    return json_response(_detail(await services_of(request).batches.cancel(caller, batch_id), base_url(request)))


@router.get("/api/batches/{batch_id}/outputs.zip", response_class=Response, responses=ZIP)
async def get_outputs(batch_id: str, caller: AnyCaller, request: Request) -> Response:
    """Return what the jobs have made so far as a zip, a folder for each job."""
    services = services_of(request)
    made = await services.batches.made(caller, batch_id)
    return ZipAnswer(services.files, services.batches.outputs.entries(made), f"{made.batch.deployment}-{batch_id[:8]}.zip")


@router.get("/api/batches/{batch_id}/contact-sheet.png", response_class=Response, responses=SHEET)
async def get_contact_sheet(batch_id: str, caller: AnyCaller, request: Request) -> Response:
    """Return the first picture of every job so far, small and labelled, on one; a grid of two inputs is laid out as a table."""
    batches = services_of(request).batches
    made = await batches.made(caller, batch_id, pictures=True)
    etag = f'"{made.tag}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag})
    return SheetAnswer(batches.outputs, made, etag)


class ZipAnswer(LiveResponse):
    """A zip that is made while it is sent."""

    def __init__(self, files: Files, entries: Sequence[ZipEntry], filename: str) -> None:
        named = content_disposition("attachment", filename)
        super().__init__(200, {"Content-Type": "application/zip", "Content-Disposition": named, "Cache-Control": "no-store"})
        self.files = files
        self.entries = entries

    async def answer(self, out: Sender) -> None:
        """Send the zip."""
        async with aclosing(stream_zip(self.files, self.entries)) as chunks:
            await out.pour(chunks)


class SheetAnswer(LiveResponse):
    """A contact sheet that is drawn while the client waits; one that goes away stops the drawing."""

    def __init__(self, outputs: BatchOutputs, made: Made, etag: str) -> None:
        super().__init__(200, {"Content-Type": "image/png", "ETag": etag, "Cache-Control": "private, no-cache"})
        self.outputs = outputs
        self.made = made

    async def answer(self, out: Sender) -> None:
        """Draw it and send it."""
        async with self.outputs.contact_sheet(self.made) as path:
            out.headers["content-length"] = str(path.stat().st_size)
            async with aclosing(_blocks(path)) as blocks:
                await out.pour(blocks)


async def _blocks(path: Path) -> AsyncGenerator[bytes]:
    with path.open("rb") as file:
        while block := await asyncio.to_thread(file.read, BLOCK):
            yield block


def _asked(text: str | None) -> BatchRequest:
    if not text:
        raise InvalidForm("The form has no field 'batch'.", hint=HINT)
    try:
        return BatchRequest.model_validate(read_json(text, "batch"), strict=True)
    except ValidationError as fault:
        raise bad_input(fault.errors(include_url=False, include_context=False, include_input=False), "The field 'batch'") from fault


def _spec(asked: BatchRequest) -> dict[str, Any]:
    jobs = {"list": asked.list, "grid": asked.grid}
    return {"inputs": asked.inputs, **{name: value for name, value in jobs.items() if value is not None}}


def _detail(state: BatchState, base: str) -> BatchDetail:
    return BatchDetail(
        **_batch(state.batch, state.progress, base),
        axes=[AxisOut(name=axis.name, labels=list(axis.labels)) for axis in state.batch.axes],
        jobs=[BatchJobOut(number=job.number + 1, prompt_id=job.prompt_id, label=job.label, status=job.status) for job in state.jobs],
    )


def _batch(batch: Batch, done: Progress, base: str) -> dict[str, Any]:
    url = f"{base}/api/batches/{batch.batch_id}"
    return {
        "batch_id": batch.batch_id,
        "deployment": batch.deployment,
        "version": batch.version,
        "key_id": batch.key_id,
        "created_at": batch.created_at,
        "canceled_at": batch.canceled_at,
        "progress": ProgressOut(**done.as_dict()),
        "outputs_url": f"{url}/outputs.zip",
        "contact_sheet_url": f"{url}/contact-sheet.png",
    }
