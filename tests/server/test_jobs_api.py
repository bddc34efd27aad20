"""Jobs over HTTP: find them, follow them, cancel them, each key its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.server.site_kit import Site, events_of

pytestmark = pytest.mark.anyio


async def listed(site: Site, headers: dict[str, str] | None = None, **query: Any) -> dict[str, Any]:
    answer = await site.http.get("/api/jobs", params=query, headers=headers or site.admin)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_run_answers_at_once_and_the_job_can_be_looked_at(site: Site) -> None:
    answer = await site.http.post("/d/waiting/run", data={"params": '{"1-inputs-seconds": 0.3, "1-inputs-seed": 3}'}, headers=site.key)
    assert answer.status_code == 202
    job = answer.json()
    assert job["status"] in ("queued", "running")
    assert answer.headers["x-prompt-id"] == job["prompt_id"]
    assert answer.headers["location"] == f"{site.url}/api/jobs/{job['prompt_id']}"
    done = await site.finished(job["prompt_id"])
    assert (done["status"], done["attempt"], done["position"], done["error"]) == ("succeeded", 1, None, None)
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]
    assert done["execution_time_seconds"] > 0.2
    assert done["prompt"]["1"]["inputs"]["seed"] == 3
    (output,) = done["outputs"]
    assert output["url"].startswith(f"{site.url}/files/")
    assert (output["node_id"], output["content_type"]) == ("9", "image/png")


async def test_a_waiting_job_knows_its_position(site: Site) -> None:
    site.fake.pause()
    try:
        jobs = [await site.run("picture", {"1-inputs-color": number}) for number in range(4)]
        positions = [(await site.job(job["prompt_id"]))["position"] for job in jobs]
    finally:
        site.fake.resume()
    waiting = [position for position in positions if position is not None]
    assert waiting == sorted(waiting)
    assert waiting
    for job in jobs:
        await site.finished(job["prompt_id"])


async def test_a_key_sees_its_own_jobs_and_the_admin_all(site: Site) -> None:
    mine, other = site.key, await site.make_key()
    job = await site.run("picture", {"1-inputs-color": 40})
    for path in ("", "/events"):
        assert (await site.http.get(f"/api/jobs/{job['prompt_id']}{path}", headers=other)).json()["code"] == "unknown_job"
    assert (await site.http.post(f"/api/jobs/{job['prompt_id']}/cancel", headers=other)).status_code == 404
    assert (await listed(site, other))["jobs"] == []
    assert (await listed(site, other, key_id=mine["client_id"]))["jobs"] == []
    assert job["prompt_id"] in [found["prompt_id"] for found in (await listed(site, mine))["jobs"]]
    assert job["prompt_id"] in [found["prompt_id"] for found in (await listed(site, key_id=mine["client_id"]))["jobs"]]
    assert (await site.http.get("/api/jobs")).status_code == 401


async def test_pages_hold_every_job_once(site: Site) -> None:
    made = [(await site.run("picture", {"1-inputs-color": number}))["prompt_id"] for number in range(5)]
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await listed(site, limit=2, deployment="picture", **cursor)
        assert len(page["jobs"]) <= 2
        found += [job["prompt_id"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(found) == len(set(found))
    assert found[:5] == made[::-1]


async def test_filters_narrow_the_list(site: Site) -> None:
    failed = await site.run("failing", {"1-inputs-seed": 8})
    await site.finished(failed["prompt_id"])
    jobs = (await listed(site, status="failed"))["jobs"]
    assert failed["prompt_id"] in [job["prompt_id"] for job in jobs]
    assert {job["status"] for job in jobs} == {"failed"}
    assert jobs[0]["error"]["code"] == "workflow_failed"
    assert (await listed(site, created_before=1))["jobs"] == []
    assert (await listed(site, created_after=failed["created_at"] + 3600))["jobs"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "status=done", "cursor=!!", "created_after=nan", "created_before=x", f"cursor={'9' * 30}"]
)
async def test_a_bad_filter_answers_422(site: Site, query: str) -> None:
    answer = await site.http.get(f"/api/jobs?{query}", headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), answer.text


async def follow(site: Site, prompt_id: str, **headers: str) -> httpx2.Response:
    return await site.http.get(f"/api/jobs/{prompt_id}/events", headers={**site.key, **headers})


def ids_of(text: str) -> list[int]:
    return [int(line[4:]) for line in text.split("\n") if line.startswith("id: ")]


async def test_events_come_live_to_the_final_status(site: Site) -> None:
    job = await site.run("waiting", {"1-inputs-seconds": 0.3, "1-inputs-seed": 31})
    answer = await follow(site, job["prompt_id"])
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [(kind, json.loads(data)) for kind, data in events_of(answer.text)]
    assert {"status", "progress", "log", "output"} <= {kind for kind, _ in events}
    assert [data["status"] for kind, data in events if kind == "status"][-2:] == ["running", "succeeded"]
    assert events[-1][0] == "status"
    assert all("at" in data for _, data in events)
    assert ids_of(answer.text) == sorted(set(ids_of(answer.text)))


async def test_a_broken_stream_is_taken_up_where_it_broke(site: Site) -> None:
    job = await site.run("waiting", {"1-inputs-seconds": 0.1, "1-inputs-seed": 32})
    await site.finished(job["prompt_id"])
    whole = ids_of((await follow(site, job["prompt_id"])).text)
    middle = whole[len(whole) // 2]
    rest = [number for number in whole if number > middle]
    assert ids_of((await follow(site, job["prompt_id"], **{"Last-Event-ID": str(middle)})).text) == rest
    by_query = await site.http.get(f"/api/jobs/{job['prompt_id']}/events?after={middle}", headers=site.key)
    assert ids_of(by_query.text) == rest


async def test_a_client_that_has_it_all_is_told_not_to_come_back(site: Site) -> None:
    job = await site.run("picture", {"1-inputs-color": 99})
    await site.finished(job["prompt_id"])
    last = ids_of((await follow(site, job["prompt_id"])).text)[-1]
    assert (await follow(site, job["prompt_id"], **{"Last-Event-ID": str(last)})).status_code == 204


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "1.5"])
async def test_a_bad_event_id_answers_422(site: Site, number: str) -> None:
    job = await site.run("picture", {"1-inputs-color": 98})
    assert (await follow(site, job["prompt_id"], **{"Last-Event-ID": number})).json()["code"] == "bad_input"


async def test_two_viewers_see_the_same_events_and_silence_carries_comments(site: Site) -> None:
    site.fake.pause()
    try:
        job = await site.run("picture", {"1-inputs-color": 97})
        other = asyncio.create_task(follow(site, job["prompt_id"]))
        text = ""
        url = f"/api/jobs/{job['prompt_id']}/events"
        async with asyncio.timeout(10), site.http.stream("GET", url, headers=site.key) as answer:
            async for piece in answer.aiter_text():
                text += piece
                if ": ping\n\n" in text:
                    site.fake.resume()
    finally:
        site.fake.resume()
    assert ids_of(text) == ids_of((await other).text) != []


async def test_cancel_ends_a_job_and_leaves_a_finished_one_as_it_is(site: Site) -> None:
    job = await site.run("waiting", {"1-inputs-seconds": 30, "1-inputs-steps": 600, "1-inputs-seed": 33})
    path = f"/api/jobs/{job['prompt_id']}/cancel"
    assert (await site.http.post(path, headers=site.key)).status_code == 200
    assert (await site.finished(job["prompt_id"]))["status"] == "canceled"
    assert (await site.http.post(path, headers=site.key)).json() == {"prompt_id": job["prompt_id"], "status": "canceled"}
    done = await site.run("picture", {"1-inputs-color": 96})
    await site.finished(done["prompt_id"])
    assert (await site.http.post(f"/api/jobs/{done['prompt_id']}/cancel", headers=site.key)).json()["status"] == "succeeded"


@pytest.mark.parametrize("prompt_id", ["nothing", "0" * 500, "%00", "..%2f"])
async def test_an_unknown_job_answers_404(site: Site, prompt_id: str) -> None:
    assert (await site.http.get(f"/api/jobs/{prompt_id}", headers=site.key)).status_code == 404
