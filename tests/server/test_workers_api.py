"""`/api/workers`: the backends as they stand, and orders to them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.poster import POSTER
from tests.server.site_kit import Site, open_site, until

pytestmark = pytest.mark.anyio

Json = dict[str, Any]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A server for each test: what is done to its backend is not to be seen by the next."""
    async with open_site(tmp_path) as opened:
        yield opened


async def path_of(site: Site) -> str:
    """Return the URL path of the only backend."""
    (worker,) = (await site.http.get("/api/workers", headers=site.admin)).json()["workers"]
    return f"/api/workers/{worker['name']}/backends/comfyui-0"


async def shown(site: Site) -> Json:
    (worker,) = (await site.http.get("/api/workers", headers=site.admin)).json()["workers"]
    backend: Json = worker["backends"][0]
    return backend


async def test_a_backend_is_shown_whole(site: Site) -> None:
    await site.finished((await site.run("picture", {"1-inputs-color": 1}))["prompt_id"])
    backend = await until(lambda: shown(site), lambda found: found["state"] == "ready" and found["catalog"] is not None)
    assert backend | {"since": 0, "catalog": "", "start_seconds": 0, "start_seconds_total": 0, "prompt_ids": []} == {
        "name": "comfyui-0", "state": "ready", "draining": False, "managed": False, "since": 0, "url": site.fake.url, "pid": None,
        "port": None, "prompt_ids": [], "starts": backend["starts"], "start_seconds": 0, "start_seconds_total": 0, "failures": 0,
        "last_failure": None, "catalog": "", "device": "cpu", "vram_total": None, "vram_free": None, "ram_total": 8 * 1024**3,
        "ram_free": 4 * 1024**3, "comfyui_version": "0.3.75", "warm": [],
        "environment": None, "aside": False, "warm_up": None,
    }  # fmt: skip


async def test_the_models_that_are_loaded_are_named(site: Site) -> None:
    await site.deploy("poster", POSTER)
    answer = await site.http.post("/d/poster/run", json={"inputs": {}}, headers={**site.key, "prefer": "wait=20"})
    assert answer.json()["status"] == "succeeded", answer.text
    assert (await until(lambda: shown(site), lambda found: found["warm"] != []))["warm"] == ["tiny_sd3.safetensors"]


async def test_a_drained_backend_says_so_at_once_and_takes_no_jobs_until_it_is_started(site: Site) -> None:
    path = await path_of(site)
    answer = await site.http.post(f"{path}/drain", headers=site.admin)
    assert (answer.status_code, answer.json()["draining"]) == (202, True)
    assert (await shown(site))["draining"] is True
    assert (await site.http.get("/readyz")).status_code == 503
    prompt_id = (await site.run("picture", {"1-inputs-color": 1}))["prompt_id"]
    assert (await site.job(prompt_id))["status"] == "queued"
    answer = await site.http.post(f"{path}/start", headers=site.admin)
    assert (answer.status_code, answer.json()["draining"]) == (202, False)
    assert (await site.finished(prompt_id))["status"] == "succeeded"
    assert (await site.http.get("/readyz")).status_code == 200


async def test_a_change_of_state_is_seen_before_the_next_sign_of_life(site: Site) -> None:
    """A worker tells of itself every two seconds; that would be long for somebody who has just pressed a button."""
    site.fake.freeze()
    answer = await site.http.post(f"{await path_of(site)}/start", headers=site.admin)
    assert answer.json()["state"] == "starting"
    assert (await shown(site))["state"] == "starting"
    site.fake.thaw()
    backend = await until(lambda: shown(site), lambda found: found["state"] == "ready")
    assert time.time() - backend["since"] < 1.0


async def test_a_start_that_fails_answers_and_is_shown(site: Site) -> None:
    path = await path_of(site)
    await site.fake.crash()
    assert (await site.http.post(f"{path}/start", headers=site.admin)).status_code == 202
    backend = await until(lambda: shown(site), lambda found: found["state"] == "failed")
    assert site.fake.url in backend["last_failure"]


@pytest.mark.parametrize("action", ["stop", "restart"])
async def test_somebody_elses_comfyui_is_not_stopped(site: Site, action: str) -> None:
    answer = await site.http.post(f"{await path_of(site)}/{action}", headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_managed")
    assert action in answer.json()["detail"]


async def test_who_is_not_there_gets_no_orders(site: Site) -> None:
    path = await path_of(site)
    for asked, code in [("/api/workers/nobody/backends/comfyui-0", "unknown_worker"), (path.replace("i-0", "i-9"), "unknown_backend")]:
        for answer in (
            await site.http.post(f"{asked}/start", headers=site.admin),
            await site.http.get(f"{asked}/logs", headers=site.admin),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await site.http.post(f"{path}/explode", headers=site.admin)).status_code == 422
    assert (await site.http.get(f"{path}/logs?after=-1", headers=site.admin)).status_code == 422


async def test_the_log_of_a_backend_is_read_on(site: Site) -> None:
    path = await path_of(site)
    await site.finished((await site.run("picture", {"1-inputs-color": 1}))["prompt_id"])
    first = (await site.http.get(f"{path}/logs", headers=site.admin)).json()
    assert "got prompt" in [line["text"] for line in first["lines"]]
    assert first["next"] == first["lines"][-1]["number"]
    assert abs(first["lines"][-1]["at"] - time.time()) < 30
    nothing = (await site.http.get(f"{path}/logs?after={first['next']}", headers=site.admin)).json()
    assert nothing == {"lines": [], "next": first["next"]}


@pytest.mark.parametrize(("method", "rest"), [("POST", "start"), ("POST", "stop"), ("POST", "drain"), ("POST", "restart"), ("GET", "logs")])
async def test_orders_need_the_admin_token(site: Site, method: str, rest: str) -> None:
    path = f"{await path_of(site)}/{rest}"
    assert (await site.http.request(method, path)).status_code == 401
    assert (await site.http.request(method, path, headers=site.key)).status_code == 403
