"""`/api/models`: have the workers fetch models, for the admin."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from viewcomfy.core.models import Model
from viewcomfy.server.bodies import body_of, json_response, read_model
from viewcomfy.server.deps import Admin, services_of, settings_of
from viewcomfy.wire.models import FetchOut, FetchRequest, WorkerModels

router = APIRouter(prefix="/api/models", tags=["models"])


@router.post("/fetch", response_model=FetchOut, openapi_extra=body_of(FetchRequest))
async def fetch_models(_: Admin, request: Request) -> Response:
    """Have the workers of a pool fetch the models that they don't have.

    It answers at once with how far they are and goes on by itself: send it again to see.
    """
    asked = await read_model(request, FetchRequest, settings_of(request).max_field)
    models = [Model(**model.model_dump()) for model in asked.models]
    found = await services_of(request).model_fetching.fetch(models, asked.pool, retry=asked.retry, allow_pickle=asked.allow_pickle)
    workers = [WorkerModels.model_validate({"worker": name, "models": states}) for name, states in found.items()]
    return json_response(FetchOut(done=all(_ended(worker) for worker in workers), workers=workers))


def _ended(worker: WorkerModels) -> bool:
    return all(model.state in ("there", "failed") for model in worker.models)
