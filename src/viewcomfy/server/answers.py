"""The answers to an accepted V1 request: one JSON object, or live events and then the same object."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace

from starlette.types import Receive, Scope, Send

from viewcomfy.core.errors import JobCanceled, ViewComfyError, error_for_code
from viewcomfy.core.events import EventKind
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.core.keys import Caller
from viewcomfy.server.encoding import ResultBody
from viewcomfy.server.errors import error_response, internal_error
from viewcomfy.server.streams import SSE_HEADERS, LiveResponse, Sender, while_connected, with_heartbeat
from viewcomfy.service.services import Services
from viewcomfy.wire.events import PING, one_line, sse, sse_json
from viewcomfy.wire.infer import EVENT_ERROR, EVENT_LOG, EVENT_RESULT

PROMPT_ID_HEADER = "X-Prompt-Id"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted request: whose job it is, and what becomes of it when the caller goes away."""

    services: Services
    caller: Caller
    job: Job
    cancel_on_disconnect: bool
    heartbeat: float

    async def left(self) -> None:
        """Cancel the job of a caller who has gone away, if its deployment says so."""
        if self.cancel_on_disconnect:
            await self.services.jobs.cancel(self.caller, self.job.prompt_id)


class InferAnswer(LiveResponse):
    """Waits for the job and sends the result; how it is sent differs."""

    def __init__(self, accepted: Accepted, headers: dict[str, str]) -> None:
        super().__init__(201, {**headers, PROMPT_ID_HEADER: accepted.job.prompt_id})
        self.accepted = accepted
        self.services = accepted.services
        self.prompt_id = accepted.job.prompt_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client goes away; then cancel the job if its deployment says so."""
        out = self.sender(send)
        try:
            finished = await while_connected(receive, self.answer(out))
        except Exception as fault:
            if out.started:
                raise
            refusal = error_response(internal_error(fault, scope), self.prompt_id, {PROMPT_ID_HEADER: self.prompt_id})
            await refusal(scope, receive, send)
            return
        if not finished:
            await self.accepted.left()

    def result(self, job: Job) -> ResultBody:
        """Return the result of the finished job as its caller may see it."""
        shown = replace(job, workflow={}) if self.accepted.caller.is_guest else job
        return ResultBody(shown, self.services.files)


class ResultAnswer(InferAnswer):
    """`logs=false`: the result as JSON. White space goes ahead while the job runs on: clients and proxies give up on silence."""

    def __init__(self, accepted: Accepted) -> None:
        super().__init__(accepted, {"Content-Type": "application/json"})

    async def answer(self, out: Sender) -> None:
        """Send the result, or raise why there is none while a status can still say so."""
        job = await self._finished_job(out)
        if job.status is not JobStatus.SUCCEEDED and not out.started:
            raise error_of(job)
        body = self.result(job)
        if not out.started:
            out.headers["Content-Length"] = str(body.length)
        await out.pour(body.chunks())

    async def _finished_job(self, out: Sender) -> Job:
        waiting = asyncio.create_task(self.services.jobs.wait(self.prompt_id))
        try:
            while not waiting.done():
                done, _ = await asyncio.wait({waiting}, timeout=self.accepted.heartbeat)
                if not done:
                    await out.write(b"\n")
            return waiting.result()
        finally:
            waiting.cancel()


class LogsAnswer(InferAnswer):
    """`logs=true`: server-sent events: each log line, an error if there is one, the result, the end."""

    def __init__(self, accepted: Accepted) -> None:
        super().__init__(accepted, SSE_HEADERS)

    async def answer(self, out: Sender) -> None:
        """Send the events as they happen."""
        await out.write(b"")
        events = with_heartbeat(self.services.jobs.follow(self.prompt_id), self.accepted.heartbeat)
        async with aclosing(events):
            async for event in events:
                if event is None:
                    await out.write(PING)
                elif event.kind is EventKind.LOG and (lines := one_line(str(event.data["text"]))):
                    await out.write(b"".join(sse(EVENT_LOG, line) for line in lines))
        job = await self.services.jobs.wait(self.prompt_id)
        if job.status is not JobStatus.SUCCEEDED:
            error = error_of(job)
            await out.write(sse_json(EVENT_ERROR, {"code": error.code, "message": error.message, "details": error.details}))
        await out.pour(_result_event(self.result(job)))


async def _result_event(body: ResultBody) -> AsyncIterator[bytes]:
    yield f"event: {EVENT_RESULT}\ndata: ".encode()
    async for chunk in body.chunks():
        yield chunk
    yield b"\n\n"


def error_of(job: Job) -> ViewComfyError:
    """Return the error of a job that did not succeed."""
    if job.error is None:
        return JobCanceled("The job was canceled.")
    return error_for_code(job.error.code)(job.error.message, details=job.error.details)
