"""The routes that queue, list and end jobs."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from viewcomfy.testing.fake_comfy.answers import Json, empty
from viewcomfy.testing.fake_comfy.validation import fault, validate

if TYPE_CHECKING:
    from viewcomfy.testing.fake_comfy.fake import FakeComfy


async def post_prompt(fake: FakeComfy, request: Request) -> Response:
    """Check a workflow and queue it."""
    fake.console.log("got prompt")
    body = await request.json()
    number = _number(fake, body)
    if "prompt" not in body:
        return Json({"error": fault("no_prompt", "No prompt provided", "No prompt provided"), "node_errors": {}}, 400)
    prompt_id = str(body.get("prompt_id", uuid.uuid4()))
    verdict = validate(fake.catalog, body["prompt"], body.get("partial_execution_targets"))
    if verdict.error is not None:
        fake.console.log(f"invalid prompt: {verdict.error}")
        return Json({"error": verdict.error, "node_errors": verdict.node_errors}, 400)
    extra_data: dict[str, Any] = body.get("extra_data", {})
    if "client_id" in body:
        extra_data["client_id"] = body["client_id"]
    extra_data["create_time"] = int(time.time() * 1000)
    fake.submitted.append(fake.jobs.put(number, prompt_id, body["prompt"], extra_data, verdict.outputs))
    return Json({"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors})


async def get_prompt(fake: FakeComfy, _request: Request) -> Response:
    """Say how many jobs there are to do."""
    return Json({"exec_info": {"queue_remaining": fake.jobs.remaining}})


async def get_queue(fake: FakeComfy, _request: Request) -> Response:
    """List the running job and the waiting ones."""
    running = [] if fake.jobs.running is None else [fake.jobs.running]
    return Json({"queue_running": [job.as_tuple() for job in running], "queue_pending": [job.as_tuple() for job in fake.jobs.waiting]})


async def post_queue(fake: FakeComfy, request: Request) -> Response:
    """Forget all waiting jobs, or some."""
    body = await request.json()
    if body.get("clear"):
        fake.jobs.clear()
    for prompt_id in body.get("delete", ()):
        fake.jobs.delete(prompt_id)
    return empty()


async def post_interrupt(fake: FakeComfy, request: Request) -> Response:
    """Stop the running job, if it is the one that is named or none is."""
    try:
        body = await request.json()
    except json.JSONDecodeError:
        body = {}
    prompt_id = body.get("prompt_id")
    if not prompt_id:
        fake.console.log("Global interrupt (no prompt_id specified)")
        fake.executor.interrupted = True
    elif fake.jobs.running is not None and fake.jobs.running.prompt_id == prompt_id:
        fake.console.log(f"Interrupting prompt {prompt_id}")
        fake.executor.interrupted = True
    else:
        fake.console.log(f"Prompt {prompt_id} is not currently running, skipping interrupt")
    return empty()


async def post_free(fake: FakeComfy, request: Request) -> Response:
    """Have models unloaded or everything forgotten that is cached, before the next job."""
    body = await request.json()
    for name in ("unload_models", "free_memory"):
        if body.get(name, False):
            fake.jobs.set_flag(name)
    return empty()


async def get_history(fake: FakeComfy, request: Request) -> Response:
    """List finished jobs."""
    query = request.query_params
    max_items = int(query["max_items"]) if "max_items" in query else None
    return Json(fake.jobs.past(max_items, int(query.get("offset", "-1"))))


async def get_one_history(fake: FakeComfy, request: Request) -> Response:
    """Show one finished job, `{}` if there is none."""
    prompt_id = request.path_params["prompt_id"]
    return Json({prompt_id: fake.jobs.history[prompt_id]} if prompt_id in fake.jobs.history else {})


async def post_history(fake: FakeComfy, request: Request) -> Response:
    """Forget all finished jobs, or some."""
    body = await request.json()
    if body.get("clear"):
        fake.jobs.history.clear()
    for prompt_id in body.get("delete", ()):
        fake.jobs.history.pop(prompt_id, None)
    return empty()


def _number(fake: FakeComfy, body: dict[str, Any]) -> float:
    if "number" in body:
        return float(body["number"])
    number = -fake.next_number if body.get("front") else fake.next_number
    fake.next_number += 1
    return number


ROUTES = {
    "POST /prompt": post_prompt,
    "GET /prompt": get_prompt,
    "GET /queue": get_queue,
    "POST /queue": post_queue,
    "POST /interrupt": post_interrupt,
    "POST /free": post_free,
    "GET /history": get_history,
    "GET /history/{prompt_id}": get_one_history,
    "POST /history": post_history,
}
