"""`/api/usage`: what the jobs of a while come to, as figures and as a table, for the admin."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from viewcomfy.core.usage import BucketSize, Grouping, Ledger, Window
from viewcomfy.server.deps import Admin, services_of
from viewcomfy.server.usage_answers import usage_csv, usage_json
from viewcomfy.wire.usage import UsageOut

router = APIRouter(prefix="/api", tags=["usage"])

Time = Annotated[float | None, Query(allow_inf_nan=False, description="Unix time in seconds; by default the last 24 hours.")]
Size = Annotated[BucketSize, Query(description="`auto`: hours up to 4 days, days beyond. Buckets count from `since`.")]
Key = Annotated[str | None, Query(description="Only jobs of this key; a share link counts with all of its visitors.")]
TABLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A row for each bucket and group.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


async def _asked(
    _: Admin,
    request: Request,
    *,
    since: Time = None,
    until: Time = None,
    bucket: Size = BucketSize.AUTO,
    deployment: str | None = None,
    key_id: Key = None,
    by: Grouping = Grouping.NONE,
) -> Ledger:
    window = Window.of(since, until, bucket, now=time.time())
    return await services_of(request).usage.look(window, by, deployment=deployment, key_id=key_id)


Asked = Annotated[Ledger, Depends(_asked)]


@router.get("/usage", response_model=UsageOut)
async def get_usage(usage: Asked) -> Response:
    """Return what the jobs that were accepted from `since` to `until` come to."""
    return Response(await usage_json(usage), media_type="application/json")


@router.get("/usage.csv", response_class=Response, responses=TABLE)
async def get_usage_table(usage: Asked) -> Response:
    """Return the same as a table, with times in ISO 8601."""
    headers = {"Content-Disposition": 'attachment; filename="usage.csv"'}
    return Response(await usage_csv(usage), headers=headers, media_type="text/csv")
