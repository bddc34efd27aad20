"""`/api/jobs`: find, follow, cancel, retry and delete jobs. A key sees its own, the admin all."""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from viewcomfy.core.errors import BadInput
from viewcomfy.core.jobs import JobStatus
from viewcomfy.server.auth import while_welcome
from viewcomfy.server.bodies import json_response
from viewcomfy.server.deps import AnyCaller, base_url, services_of, settings_of
from viewcomfy.server.present import job_detail, job_out
from viewcomfy.server.streams import EventStream, with_heartbeat
from viewcomfy.wire.jobs import CancelOut, JobDetail, JobOut, JobPage

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

SEQ = re.compile(r"\d{1,18}", re.ASCII)
Time = Annotated[float | None, Query(allow_inf_nan=False, description="Unix time in seconds.")]
Statuses = Annotated[list[JobStatus] | None, Query(description="Only jobs of these statuses; repeat it for several.")]
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The job's events, to the last one.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    204: {"description": "The job has finished and nothing came after that event: don't connect again."},
}


@router.get("", response_model=JobPage)
async def list_jobs(
    caller: AnyCaller,
    request: Request,
    *,
    deployment: str | None = None,
    status: Statuses = None,
    key_id: str | None = None,
    created_after: Time = None,
    created_before: Time = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List jobs, newest first."""
    services, base = services_of(request), base_url(request)
    jobs, next_cursor = await services.jobs.page(
        caller,
        key_id=key_id,
        deployment=deployment,
        statuses=status,
        created_after=created_after,
        created_before=created_before,
        cursor=cursor,
        limit=limit,
    )
    return json_response(JobPage(jobs=[job_out(job, services.links, base) for job in jobs], next_cursor=next_cursor))


@router.get("/{prompt_id}", response_model=JobDetail)
async def get_job(prompt_id: str, caller: AnyCaller, request: Request) -> Response:
    """Return a job with its inputs, and links to its files."""
    services = services_of(request)
    job = await services.jobs.get(caller, prompt_id)
    seen = await services.past_jobs.look_into(caller, job)
    return json_response(job_detail(job, seen, services.links, base_url(request), await services.jobs.position(job)))


@router.get("/{prompt_id}/events", response_class=Response, responses=EVENTS)
async def follow_job(
    prompt_id: str,
    caller: AnyCaller,
    request: Request,
    after: Annotated[str | None, Query(description="The id of the last event that is known already.")] = None,
    last_event_id: Annotated[str | None, Header(description="The same, as browsers send it.")] = None,
) -> Response:
    """Follow a job: its events so far and then as they happen, as server-sent events; it resumes by Last-Event-ID."""
    services, heartbeat = services_of(request), settings_of(request).heartbeat
    after_seq = _seq(last_event_id or after)
    job = await services.jobs.get(caller, prompt_id)
    if job.status.is_final and after_seq:  # a browser would come back for ever, were it not told that this was all
        async with aclosing(with_heartbeat(services.jobs.follow(prompt_id, after_seq), heartbeat)) as rest:
            following = await anext(rest, None)
        if following is None or not following.seq:
            return Response(status_code=204)
    news = with_heartbeat(services.jobs.follow(prompt_id, after_seq), heartbeat)
    return EventStream(while_welcome(services, request.scope, news))


@router.post("/{prompt_id}/cancel", response_model=CancelOut)
async def cancel_job(prompt_id: str, caller: AnyCaller, request: Request) -> Response:
    """Cancel a job; one that has finished stays as it is."""
    job = await services_of(request).jobs.cancel(caller, prompt_id)
    return json_response(CancelOut(prompt_id=job.prompt_id, status=job.status))


@router.post("/{prompt_id}/retry", response_model=JobOut, status_code=202)
async def retry_job(prompt_id: str, caller: AnyCaller, request: Request) -> Response:
    """Run a job again, as it was: a new job with the same version, workflow and uploads."""
    services, base = services_of(request), base_url(request)
    job = await services.past_jobs.retry(caller, prompt_id)
    headers = {"Location": f"{base}/api/jobs/{job.prompt_id}", "X-Prompt-Id": job.prompt_id}
    return json_response(job_out(job, services.links, base, await services.jobs.position(job)), 202, headers)


@router.delete("/{prompt_id}", status_code=204)
async def delete_job(prompt_id: str, caller: AnyCaller, request: Request) -> Response:
    """Delete a finished job with its events and files."""
    await services_of(request).past_jobs.delete(caller, prompt_id)
    return Response(status_code=204)


def _seq(value: str | None) -> int:
    if not value:
        return 0
    if not SEQ.fullmatch(value):
        raise BadInput(f"{value[:40]!r} is not the id of an event.", hint="Send the id of the last event that came, or none.")
    return int(value)
