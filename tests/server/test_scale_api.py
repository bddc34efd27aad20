"""`/api/scale/<pool>`: the number that autoscalers read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.site_kit import Site, open_site, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


async def scale(site: Site, pool: str = "default", **query: int) -> dict[str, object]:
    answer = await site.http.get(f"/api/scale/{pool}", params=dict(query), headers=site.admin)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_answer_is_whole(site: Site) -> None:
    assert await scale(site) == {
        "pool": "default", "wanted": 0, "pending": 0, "held_back": 0, "running": 0, "workers": 1, "idle": 1, "oldest_wait": 0.0,
        "job_seconds": None, "cold_start": 0.0, "limits": {"min": 0, "max": 100, "backends": 1, "wait": 30.0, "idle": 300.0},
        "why": "no jobs wait and no workers are busy: nobody is needed.",
    }  # fmt: skip


async def test_a_job_that_waits_wants_a_worker(site: Site) -> None:
    (worker,) = (await site.http.get("/api/workers", headers=site.admin)).json()["workers"]
    await site.http.post(f"/api/workers/{worker['name']}/backends/comfyui-0/drain", headers=site.admin)
    prompt_id = (await site.run("picture", {"1-inputs-color": 1}))["prompt_id"]
    told = await scale(site, max=4)
    assert (told["wanted"], told["pending"], told["workers"], told["idle"]) == (1, 1, 0, 0)
    await site.http.post(f"/api/workers/{worker['name']}/backends/comfyui-0/start", headers=site.admin)
    await site.finished(prompt_id)
    told = await until(lambda: scale(site, max=4), lambda found: found["idle"] == 1)
    assert (told["wanted"], told["pending"]) == (1, 0), "it is kept for a while"
    assert isinstance(told["job_seconds"], float)


async def test_a_running_job_wants_its_worker_whatever_the_limits_say(site: Site) -> None:
    prompt_id = (await site.run("waiting", {"1-inputs-seconds": 2.0}))["prompt_id"]
    told = await until(lambda: scale(site, max=0), lambda found: found["running"] == 1)
    assert told["wanted"] == 1
    await site.finished(prompt_id)


async def test_another_pool_has_numbers_of_its_own(site: Site) -> None:
    told = await scale(site, "a100", min=2)
    assert (told["pool"], told["wanted"], told["workers"]) == ("a100", 2, 0)


@pytest.mark.parametrize("query", ["min=-1", "min=5&max=2", "backends=0", "wait=nan", "idle=inf", "max=x"])
async def test_limits_that_make_no_sense_are_refused(site: Site, query: str) -> None:
    answer = await site.http.get(f"/api/scale/default?{query}", headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


async def test_it_is_for_the_admin(site: Site) -> None:
    assert (await site.http.get("/api/scale/default")).status_code == 401
    assert await site.status_of("/api/scale/default") in (401, 403)
    assert (await site.http.get("/api/scale/no%20pool", headers=site.admin)).status_code == 422
