"""`/api/scale/<pool>`: how many workers a pool wants, for whatever starts them, for the admin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from viewcomfy.core.durations import DAY
from viewcomfy.core.errors import BadInput
from viewcomfy.core.scaling import Limits
from viewcomfy.server.bodies import json_response
from viewcomfy.server.deps import Admin, services_of
from viewcomfy.service.scaling import PoolScale
from viewcomfy.settings import POOL
from viewcomfy.wire.scale import ScaleLimitsOut, ScaleOut

router = APIRouter(prefix="/api", tags=["workers"])

DEFAULT = Limits()

Least = Annotated[int, Query(alias="min", ge=0, le=100_000, description="The fewest workers that are wanted.")]
Most = Annotated[int, Query(alias="max", ge=0, le=100_000, description="The most workers that are wanted.")]
Backends = Annotated[int, Query(ge=1, le=64, description="How many backends a new worker has.")]
Wait = Annotated[float, Query(ge=0, le=DAY, description="Within so many seconds a waiting job should start.")]
Idle = Annotated[float, Query(ge=0, le=DAY, description="A worker is wanted until it has not been needed for so many seconds.")]
Boot = Annotated[float, Query(ge=0, le=DAY, description="Seconds until a new worker is there; the start of its ComfyUI comes on top.")]


@router.get("/scale/{pool}", response_model=ScaleOut)
async def scale_of_pool(
    pool: Annotated[str, Path(pattern=POOL)],
    _: Admin,
    request: Request,
    *,
    least: Least = DEFAULT.minimum,
    most: Most = DEFAULT.maximum,
    backends: Backends = DEFAULT.backends,
    wait: Wait = DEFAULT.wait,
    idle: Idle = DEFAULT.idle,
    boot: Boot = 0.0,
) -> Response:
    """Return how many workers a pool wants, and why.

    It goes up at once, and down once a worker has not been needed for a while; it is never lower than the number of workers that
    run jobs.
    """
    if least > most:
        raise BadInput(f"min={least} is more than max={most}.", hint="Give a `max` that is at least `min`.")
    limits = Limits(least, most, backends, wait, idle)
    return json_response(_shown(await services_of(request).scaling.look(pool, limits, boot=boot)))


def _shown(found: PoolScale) -> ScaleOut:
    load, limits = found.load, found.limits
    return ScaleOut(
        pool=found.pool,
        wanted=found.decision.wanted,
        pending=found.pending,
        held_back=found.pending - load.waiting,
        running=found.running,
        workers=load.there,
        idle=load.idle,
        oldest_wait=round(load.oldest_wait, 3),
        job_seconds=None if load.job_seconds is None else round(load.job_seconds, 3),
        cold_start=round(load.cold_start, 3),
        limits=ScaleLimitsOut(min=limits.minimum, max=limits.maximum, backends=limits.backends, wait=limits.wait, idle=limits.idle),
        why=found.decision.why,
    )
