"""The V1 contract, as the published clients depend on it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import uuid
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.server.site_kit import FAILING, PICTURE, WAITING, Site, events_of, until

pytestmark = pytest.mark.anyio

KEYS = ["prompt_id", "status", "completed", "execution_time_seconds", "prompt", "outputs"]


def picture_of(output: dict[str, Any]) -> Image.Image:
    """Decode an output, having checked its keys and its size."""
    assert set(output) == {"filename", "content_type", "data", "size"}
    data = base64.b64decode(output["data"], validate=True)
    assert len(data) == output["size"]
    return Image.open(io.BytesIO(data))


def png(color: str, size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


async def test_an_urlencoded_call_answers_201_with_exactly_the_keys(site: Site) -> None:
    answer = await site.infer("picture", {"1-inputs-color": 0xFF0000})
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    result = answer.json()
    assert list(result) == KEYS
    assert (result["status"], result["completed"]) == ("success", True)
    assert isinstance(result["execution_time_seconds"], float)
    assert result["prompt_id"] == answer.headers["x-prompt-id"]
    assert result["prompt"]["1"]["inputs"]["color"] == 0xFF0000
    (output,) = result["outputs"]
    assert output["content_type"] == "image/png"
    assert "/" not in output["filename"]
    assert picture_of(output).getpixel((0, 0)) == (255, 0, 0)


async def test_a_multipart_call_with_logs_streams_events_and_closes(site: Site) -> None:
    answer = await site.infer("waiting", {"1-inputs-seed": 7, "1-inputs-seconds": 0.1}, logs=True, files={"unused": ("", b"")})
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    events = events_of(answer.text)
    assert {kind for kind, _ in events} == {"log_message", "prompt_result"}
    assert events[-1][0] == "prompt_result"
    assert events[-1][1].isascii()
    result = json.loads(events[-1][1])
    assert list(result) == KEYS
    assert result["prompt_id"] == answer.headers["x-prompt-id"]
    assert picture_of(result["outputs"][0]).size == (32, 32)


async def test_a_call_with_empty_params_gets_new_seeds_and_a_log_line_names_them(site: Site) -> None:
    events = events_of((await site.infer("waiting", {}, logs=True, data={"workflow_api": ""})).text)
    seed = json.loads(events[-1][1])["prompt"]["1"]["inputs"]["seed"]
    assert any(kind == "log_message" and f"1-inputs-seed = {seed}" in text for kind, text in events)


async def test_a_file_is_used_wherever_it_stands_in_the_form(site: Site) -> None:
    parts: list[tuple[str, Any]] = [
        ("5-inputs-image", ("päth/../x.png", png("lime"), "image/png")),
        ("params", (None, "{}")),
        ("logs", (None, "FALSE")),
    ]
    for files in (parts, parts[::-1]):
        answer = await site.http.post("/d/uploaded/infer", files=files, headers=site.key)
        assert answer.status_code == 201, answer.text
        assert picture_of(answer.json()["outputs"][0]).getpixel((0, 0)) == (0, 255, 0)
    assert site.left_behind() == []


async def test_a_mask_becomes_the_mask_of_its_image(site: Site) -> None:
    files = {"5-inputs-image": ("a.png", png("red")), "5-inputs-image-viewcomfymask": ("m.png", png("white"))}
    answer = await site.infer("masked", {}, files=files)
    assert answer.status_code == 201, answer.text
    assert picture_of(answer.json()["outputs"][0]).size == (8, 8)
    assert site.left_behind() == []


async def test_a_workflow_api_replaces_the_deployed_one_for_a_key_that_may(site: Site) -> None:
    other = {**PICTURE, "1": {**PICTURE["1"], "inputs": {**PICTURE["1"]["inputs"], "width": 24}}}
    answer = await site.infer("waiting", {}, data={"workflow_api": json.dumps(other)})
    assert picture_of(answer.json()["outputs"][0]).size == (24, 8)
    limited = await site.make_key(deployments=["waiting"])
    refused = await site.http.post("/d/waiting/infer", data={"params": "{}", "workflow_api": json.dumps(other)}, headers=limited)
    assert (refused.status_code, refused.json()["code"]) == (403, "override_not_allowed")


async def test_a_bearer_may_carry_the_key_or_the_admin_token(site: Site) -> None:
    pair = {"Authorization": f"bearer {site.key['client_id']}:{site.key['client_secret']}"}
    for headers in (pair, site.admin):
        answer = await site.http.post("/d/picture/infer", data={"params": '{"1-inputs-color": 3}'}, headers=headers)
        assert answer.status_code == 201, answer.text


async def test_a_failed_node_answers_502_and_names_the_node(site: Site) -> None:
    answer = await site.infer("failing")
    assert answer.status_code == 502
    body = answer.json()
    assert body["code"] == "workflow_failed"
    assert body["prompt_id"] == answer.headers["x-prompt-id"]
    assert body["details"]["node_id"] == "2"
    assert "asked to fail" in body["detail"]


async def test_a_failed_node_is_an_error_event_and_then_a_result(site: Site) -> None:
    answer = await site.infer("failing", logs=True)
    assert answer.status_code == 201
    events = events_of(answer.text)
    assert [kind for kind, _ in events[-2:]] == ["error", "prompt_result"]
    assert json.loads(events[-2][1])["code"] == "workflow_failed"
    assert "TKFail: asked to fail" in events[-2][1]
    result = json.loads(events[-1][1])
    assert (result["status"], result["completed"], result["outputs"]) == ("error", False, [])


async def test_a_long_run_sends_white_space_before_its_json(site: Site) -> None:
    pieces: list[bytes] = []
    data = {"logs": "false", "params": '{"1-inputs-seed": 21}'}
    async with site.http.stream("POST", "/d/waiting/infer", data=data, headers=site.key) as answer:
        assert answer.status_code == 201
        assert "content-length" not in answer.headers
        pieces = [piece async for piece in answer.aiter_raw()]
    assert pieces[0] == b"\n"
    assert json.loads(b"".join(pieces))["status"] == "success"


async def test_a_failure_after_the_headers_is_a_result_with_status_error(site: Site) -> None:
    slow = {**FAILING, "1": {"class_type": "TKWait", "inputs": {"seconds": 0.5, "steps": 2, "seed": 5}}}
    answer = await site.infer("picture", {}, data={"workflow_api": json.dumps(slow)})
    assert answer.status_code == 201
    result = answer.json()
    assert list(result) == KEYS
    assert (result["status"], result["completed"], result["outputs"]) == ("error", False, [])


async def test_a_silent_stream_carries_comments(site: Site) -> None:
    text = ""
    site.fake.pause()
    try:
        data = {"logs": "true", "params": '{"1-inputs-color": 77}'}
        async with asyncio.timeout(10), site.http.stream("POST", "/d/picture/infer", data=data, headers=site.key) as answer:
            async for piece in answer.aiter_text():
                text += piece
                if text.count(": ping\n\n") == 2:
                    site.fake.resume()
    finally:
        site.fake.resume()
    assert events_of(text)[-1][0] == "prompt_result"


@pytest.mark.parametrize("logs", [False, True])
async def test_a_caller_that_goes_away_does_not_cancel_its_job(site: Site, logs: bool) -> None:
    job = await vanish(site, "waiting", logs)
    assert job["status"] == "succeeded"


@pytest.mark.parametrize("logs", [False, True])
async def test_a_caller_that_goes_away_cancels_its_job_where_the_deployment_says_so(site: Site, logs: bool) -> None:
    await site.deploy("fragile", WAITING, cancel_on_disconnect=True)
    job = await vanish(site, "fragile", logs)
    assert job["status"] == "canceled"


async def vanish(site: Site, name: str, logs: bool) -> dict[str, Any]:
    """Call, leave when the job has been accepted, and return the finished job."""
    prompt_id = str(uuid.uuid4())
    params = json.dumps({"1-inputs-seed": uuid.uuid4().int % 10**6, "1-inputs-seconds": 1.0})
    data = {"logs": str(logs).lower(), "params": params, "prompt_id": prompt_id}
    async with httpx2.AsyncClient(base_url=site.url, trust_env=False) as client:
        calling = asyncio.create_task(client.post(f"/d/{name}/infer", data=data, headers=site.key))
        await until(lambda: site.status_of(f"/api/jobs/{prompt_id}"), lambda status: status == 200)
        calling.cancel()
        await asyncio.wait({calling})
    return await site.finished(prompt_id)


async def test_a_canceled_job_answers_409(site: Site) -> None:
    prompt_id = str(uuid.uuid4())
    data = {"prompt_id": prompt_id, "params": '{"1-inputs-seconds": 5, "1-inputs-steps": 100, "1-inputs-seed": 9}', "logs": "true"}
    calling = asyncio.create_task(site.http.post("/d/waiting/infer", data=data, headers=site.key))
    waiting = asyncio.create_task(site.http.post("/d/waiting/infer", data={**data, "prompt_id": "", "logs": "false"}, headers=site.key))
    await until(lambda: site.status_of(f"/api/jobs/{prompt_id}/cancel", "POST"), lambda status: status == 200)
    events = events_of((await calling).text)
    assert [kind for kind, _ in events[-2:]] == ["error", "prompt_result"]
    assert json.loads(events[-2][1])["code"] == "canceled"
    newest = (await site.http.get("/api/jobs?deployment=waiting&limit=2", headers=site.key)).json()["jobs"]
    for job in newest:
        await site.http.post(f"/api/jobs/{job['prompt_id']}/cancel", headers=site.key)
    answer = await waiting
    assert answer.status_code in (201, 409)  # 201 where a heartbeat went ahead
    assert "error" in answer.text or answer.json()["code"] == "canceled"


async def test_the_same_prompt_id_again_finds_the_same_job(site: Site) -> None:
    prompt_id = str(uuid.uuid4())
    first, again = [await site.infer("picture", {"1-inputs-color": 12}, data={"prompt_id": prompt_id}) for _ in range(2)]
    assert first.json()["prompt_id"] == prompt_id
    assert first.json() == again.json()
