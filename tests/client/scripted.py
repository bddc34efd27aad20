"""A server over real sockets that does what a test scripts: it loses answers, breaks streams and cuts downloads."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

WORKFLOW = {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}
LOGS = ["first line", "second line", "third line"]


class ConnectionLostError(Exception):
    """Raised in an answer to make the server drop the connection."""


@dataclass
class Stream:
    """How one connection to the events goes: deliver `events` of them (None: all), then `then`."""

    events: int | None = None
    then: str = "end"
    """end, break, silence or pings"""
    status: int = 200
    content_type: str = "text/event-stream"
    bytewise: bool = False


@dataclass
class Seen:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    body: Any = None


@dataclass
class ScriptedJob:
    """A job: `polls_to_end` polls see it running."""

    prompt_id: str
    status: str = "succeeded"
    error: dict[str, Any] | None = None
    polls_to_end: int = 0
    outputs: list[tuple[str, str, bytes]] = field(default_factory=list)

    def events(self) -> list[tuple[int, str, dict[str, Any]]]:
        told: list[tuple[str, dict[str, Any]]] = [("status", {"status": "running", "attempt": 1})]
        told += [("log", {"text": line, "source": "comfyui"}) for line in LOGS]
        told.append(("status", {"status": self.status, "attempt": 1, **({"error": self.error} if self.error else {})}))
        return [(seq, kind, {"at": 100.0 + seq, **data}) for seq, (kind, data) in enumerate(told, 1)]


@dataclass
class ScriptedBatch:
    """A batch: each poll sees one more of its jobs ended, the others queued."""

    batch_id: str
    jobs: list[ScriptedJob]
    polls: int = 0
    canceled: bool = False


class ScriptedServer:
    """What a test scripts, and what arrived. A fault answers instead of the route as often as it says."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.jobs: dict[str, ScriptedJob] = {}
        self.batches: dict[str, ScriptedBatch] = {}
        self.template = ScriptedJob("")
        self.streams: list[Stream] = []
        self.faults: dict[tuple[str, str], list[Response | None]] = {}
        self.cuts: list[int] = []
        """A download each: break it after so many bytes."""
        self.archive = b"PK" + bytes(900_000)
        self.links = "good"
        self.etag = '"1"'
        self.app = Starlette(
            routes=[
                Route("/d/{name}/run", self.run, methods=["POST"]),
                Route("/d/{name}/batch", self.make_batch, methods=["POST"]),
                Route("/d/{name}", self.describe),
                Route("/api/batches/{id}", self.batch),
                Route("/api/batches/{id}/cancel", self.cancel_batch, methods=["POST"]),
                Route("/api/batches/{id}/{made}", self.made),
                Route("/api/jobs", self.list_jobs),
                Route("/api/jobs/{id}", self.job),
                Route("/api/jobs/{id}/events", self.events),
                Route("/api/jobs/{id}/cancel", self.cancel, methods=["POST"]),
                Route("/files/{link}/{name}", self.file),
                Route("/{rest:path}", self.anything, methods=["GET", "PUT", "POST", "PATCH", "DELETE"]),
            ]
        )

    # --- scripting ----------------------------------------------------------------------------------------------------
    def fail(self, method: str, path: str, *answers: Response | None) -> None:
        """Answer so, one after the other, before the route answers itself; None drops the connection."""
        self.faults[method, path] = list(answers)

    def asked(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    def streams_asked(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.endswith("/events")]

    # --- routes -------------------------------------------------------------------------------------------------------
    async def note(self, request: Request) -> Seen:
        seen = Seen(request.method, request.url.path, dict(request.headers), dict(request.query_params))
        self.seen.append(seen)
        if "form" in request.headers.get("content-type", ""):
            async with request.form() as form:
                for key, value in form.items():
                    if isinstance(value, UploadFile):
                        seen.files[key] = (value.filename or "", value.content_type or "", await value.read())
                    else:
                        seen.fields[key] = value
        elif body := await request.body():
            seen.body = json.loads(body)
        return seen

    def fault(self, seen: Seen) -> Response | None:
        planned = self.faults.get((seen.method, seen.path))
        if not planned:
            return None
        answer = planned.pop(0)
        return StreamingResponse(lost(), headers={"Content-Length": "9"}) if answer is None else answer

    async def run(self, request: Request) -> Response:
        seen = await self.note(request)
        prompt_id = seen.fields["prompt_id"]
        if prompt_id not in self.jobs:
            self.jobs[prompt_id] = ScriptedJob(**{**vars(self.template), "prompt_id": prompt_id})
        return self.fault(seen) or JSONResponse(self.shown(self.jobs[prompt_id], "queued"), 202)

    async def job(self, request: Request) -> Response:
        seen = await self.note(request)
        if answer := self.fault(seen):
            return answer
        job = self.jobs.get(request.path_params["id"])
        if job is None:
            return JSONResponse({"code": "unknown_job", "detail": "No such job."}, 404)
        running = job.polls_to_end > 0
        job.polls_to_end -= 1
        return JSONResponse({**self.shown(job, "running" if running else job.status), "prompt": WORKFLOW})

    def shown(self, job: ScriptedJob, status: str) -> dict[str, Any]:
        ended = status == job.status
        link = "expired" if self.links == "expired" and len([s for s in self.seen if s.path.startswith("/files/")]) == 0 else "good"
        outputs = [
            {
                "filename": name, "content_type": kind, "size": len(data), "node_id": "9", "expires_at": 1e12,
                "url": f"{self.url}/files/{link}/{index}",
            }
            for index, (name, kind, data) in enumerate(job.outputs)
        ]  # fmt: skip
        return {
            "prompt_id": job.prompt_id, "deployment": "demo", "version": 1, "status": status, "created_at": 1.0, "started_at": 2.0,
            "finished_at": 3.5 if ended else None, "execution_time_seconds": 1.5 if ended else None, "attempt": 1, "key_id": "k",
            "error": job.error if ended else None, "outputs": outputs if ended else [],
        }  # fmt: skip

    async def events(self, request: Request) -> Response:
        seen = await self.note(request)
        plan = self.streams.pop(0) if self.streams else Stream()
        if plan.status != 200:
            return Response(status_code=plan.status)
        after = int(seen.headers.get("last-event-id", 0))
        events = [event for event in self.jobs[request.path_params["id"]].events() if event[0] > after][: plan.events]
        return StreamingResponse(self.told(plan, events), media_type=plan.content_type)

    async def told(self, plan: Stream, events: list[tuple[int, str, dict[str, Any]]]) -> AsyncIterator[bytes]:
        for seq, kind, data in events:
            text = f"id: {seq}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()
            for piece in [text[i : i + 1] for i in range(len(text))] if plan.bytewise else [text]:
                yield piece
        if plan.then == "break":
            raise ConnectionLostError
        while plan.then in ("silence", "pings"):  # until the client leaves
            await asyncio.sleep(0.02)
            yield b": ping\n\n" if plan.then == "pings" else b""

    async def cancel(self, request: Request) -> Response:
        await self.note(request)
        self.jobs[request.path_params["id"]].status = "canceled"
        return JSONResponse({"prompt_id": request.path_params["id"], "status": "canceled"})

    async def list_jobs(self, request: Request) -> Response:
        seen = await self.note(request)
        jobs = list(self.jobs.values())
        start, limit = int(seen.query.get("cursor", 0)), int(seen.query["limit"])
        page = [self.shown(job, job.status) for job in jobs[start : start + limit]]
        return JSONResponse({"jobs": page, "next_cursor": str(start + limit) if start + limit < len(jobs) else None})

    async def describe(self, request: Request) -> Response:
        seen = await self.note(request)
        return self.fault(seen) or JSONResponse({**DEPLOYMENT, "workflow_api": WORKFLOW, "params": {"3-inputs-seed": 1}, "inputs": [SEED]})

    async def make_batch(self, request: Request) -> Response:
        seen = await self.note(request)
        asked = seen.body or json.loads(seen.fields["batch"])
        if asked["batch_id"] not in self.batches:
            jobs = [ScriptedJob(**{**vars(self.template), "prompt_id": f"job {n}"}) for n in range(len(asked.get("list", [1, 2, 3])))]
            self.batches[asked["batch_id"]] = ScriptedBatch(asked["batch_id"], jobs)
            self.jobs |= {job.prompt_id: job for job in jobs}
        return self.fault(seen) or JSONResponse(self.shown_batch(self.batches[asked["batch_id"]]), 202)

    async def batch(self, request: Request) -> Response:
        seen = await self.note(request)
        if answer := self.fault(seen):
            return answer
        batch = self.batches.get(request.path_params["id"])
        if batch is None:
            return JSONResponse({"code": "unknown_batch", "detail": "No such batch."}, 404)
        batch.polls += 1
        return JSONResponse(self.shown_batch(batch))

    async def cancel_batch(self, request: Request) -> Response:
        await self.note(request)
        batch = self.batches[request.path_params["id"]]
        batch.canceled = True
        return JSONResponse(self.shown_batch(batch))

    def shown_batch(self, batch: ScriptedBatch) -> dict[str, Any]:
        statuses = [job.status if n < batch.polls else "canceled" if batch.canceled else "queued" for n, job in enumerate(batch.jobs)]
        progress = {word: statuses.count(word) for word in ("queued", "running", "succeeded", "failed", "canceled")}
        progress |= {"total": len(statuses), "done": len(statuses) - progress["queued"]}
        jobs = [
            {"number": n, "prompt_id": job.prompt_id, "label": f"seed={n}", "status": status}
            for n, (job, status) in enumerate(zip(batch.jobs, statuses, strict=True), 1)
        ]
        return {**BATCH, "batch_id": batch.batch_id, "progress": progress, "jobs": jobs}

    async def made(self, request: Request) -> Response:
        seen = await self.note(request)
        if answer := self.fault(seen):
            return answer
        return StreamingResponse(self.cut(self.archive, self.cuts.pop(0) if self.cuts else None))

    async def file(self, request: Request) -> Response:
        seen = await self.note(request)
        if answer := self.fault(seen):
            return answer
        if request.path_params["link"] == "expired":
            return JSONResponse({"code": "link_invalid", "detail": "The link has expired."}, 403)
        data = next(iter(self.jobs.values())).outputs[int(request.path_params["name"])][2]
        start = int(seen.headers["range"].removeprefix("bytes=").removesuffix("-")) if "range" in seen.headers else 0
        if "range" in seen.headers and seen.headers.get("if-range", self.etag) != self.etag:
            start = 0
        cut = self.cuts.pop(0) if self.cuts else None
        headers = {"Content-Length": str(len(data) - start), "ETag": self.etag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return StreamingResponse(self.cut(data[start:], cut), 206 if start else 200, headers)

    async def cut(self, data: bytes, after: int | None) -> AsyncIterator[bytes]:
        yield data[:after]
        if after is not None:
            raise ConnectionLostError

    async def anything(self, request: Request) -> Response:
        seen = await self.note(request)
        return self.fault(seen) or ANSWERS[seen.method, seen.path]


async def lost() -> AsyncIterator[bytes]:
    raise ConnectionLostError
    yield b""


DEPLOYMENT = {
    "name": "demo", "version": 1, "current_version": 1, "url": "http://x/d/demo/infer", "title": "Demo", "description": "", "note": "",
    "created_at": 1.0, "time_limit": 0.0, "cancel_on_disconnect": False, "nodes": 1,
}  # fmt: skip
SEED = {"name": "seed", "key": "3-inputs-seed", "kind": "seed", "label": "Seed", "node_id": "3", "node_title": "", "class_type": "KSampler"}
REPORT = {"ok": True, "summary": "Runs.", "checked": True}
DEPLOYED = {**DEPLOYMENT, "report": REPORT}
BATCH = {
    "deployment": "demo", "version": 1, "key_id": "k", "created_at": 1.0,
    "outputs_url": "http://elsewhere.example/z", "contact_sheet_url": "http://elsewhere.example/c",
}  # fmt: skip
KEY = {
    "client_id": "k 1", "name": "n", "deployments": None, "allow_override": True, "created_at": 1.0, "last_used_at": None,
    "revoked_at": None,
}  # fmt: skip
FIGURES = dict.fromkeys(["jobs", "succeeded", "failed", "canceled", "gpu_seconds", "cold_starts"], 0)
TIMES = dict.fromkeys(["queue", "cold_start", "run", "total"])
USAGE = {"since": 1.0, "until": 2.0, "bucket_seconds": 3600, "all": {**FIGURES, **TIMES}, "buckets": [], "groups": [], "errors": []}
ANSWERS: dict[tuple[str, str], Response] = {
    ("PUT", "/api/deployments/demo"): JSONResponse(DEPLOYED, 201),
    ("POST", "/api/check"): JSONResponse({"inputs": [SEED], "report": REPORT, "changes": []}),
    ("GET", "/api/doctor"): JSONResponse({"ok": True, "summary": "Fine."}),
    ("GET", "/d/demo/openapi.json"): JSONResponse({"openapi": "3.1.0"}),
    ("GET", "/api/deployments/demo/diff"): JSONResponse({"before": 1, "after": 2, "breaking": False, "changes": []}),
    ("POST", "/api/deployments/demo/rollback"): JSONResponse(DEPLOYMENT),
    ("PUT", "/api/deployments/demo/canary"): JSONResponse(DEPLOYMENT),
    ("PATCH", "/api/deployments/demo/inputs"): JSONResponse(DEPLOYED, 201),
    ("GET", "/api/deployments/demo/app"): JSONResponse({"file_type": "view_comfy"}),
    ("GET", "/api/deployments/demo/report"): JSONResponse(REPORT),
    ("GET", "/api/deployments"): JSONResponse([DEPLOYMENT]),
    ("DELETE", "/api/deployments/demo"): Response(status_code=204),
    ("POST", "/api/keys"): JSONResponse({**KEY, "client_secret": "s"}, 201),
    ("GET", "/api/keys"): JSONResponse([KEY]),
    ("POST", "/api/deployments/demo/shares"): JSONResponse({**KEY, "share": True, "url": "http://x/s"}, 201),
    ("GET", "/api/usage"): JSONResponse(USAGE),
    ("DELETE", "/api/keys/k 1"): JSONResponse({**KEY, "revoked_at": 2.0}),
    ("GET", "/api/workers"): JSONResponse({"workers": [], "queued": 3}),
    ("POST", "/api/workers/w 1/backends/comfyui-0/drain"): JSONResponse({"name": "comfyui-0", "state": "ready", "draining": True}, 202),
    ("GET", "/api/workers/w 1/backends/comfyui-0/logs"): JSONResponse({"lines": [{"number": 8, "at": 1.5, "text": "hi"}], "next": 8}),
}


class Served:
    """One listening socket for all tests; `scripted` answers on it."""

    def __init__(self) -> None:
        self.scripted = ScriptedServer()
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.scripted.app(scope, receive, send)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve on a free port, in a thread, over real sockets (a stream must be able to break); yield the URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
