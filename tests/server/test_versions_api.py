"""Versions through HTTP: each call gets the one that it should, and a change that would break calls is confirmed first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.server.poster import POSTER, deploy, manage, nothing_reaches_comfyui, run, run_through, with_inputs
from tests.server.site_kit import Site, open_site, until

pytestmark = pytest.mark.anyio

WITHOUT_NEGATIVE = {node_id: node for node_id, node in with_inputs(POSTER, "3", negative=["6", 0]).items() if node_id != "7"}
"""A version whose callers can't send a negative prompt any more."""


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with open_site(tmp_path_factory.mktemp("data")) as opened:
        for steps in (1, 2):
            await opened.deploy("poster", with_inputs(POSTER, "3", steps=steps), note=f"{steps} steps")
        yield opened


async def steps_of(site: Site, name: str, **request: Any) -> int:
    """Run a deployment; return how many steps its workflow has, which tells its version."""
    answer = await site.http.post(
        f"/d/{name}/run", json={"inputs": {"width": 16}}, headers={**site.key, **request.pop("headers", {})}, **request
    )
    assert answer.status_code == 202, answer.text
    found = await site.finished(answer.json()["prompt_id"])
    assert found["version"] == answer.json()["version"]
    return int(found["prompt"]["3"]["inputs"]["steps"])


# --- pinning ----------------------------------------------------------------------------------------------------------
async def test_a_call_gets_the_current_version_or_the_one_that_it_pins(site: Site) -> None:
    assert await steps_of(site, "poster") == 2
    assert await steps_of(site, "poster", params={"version": 1}) == 1
    assert await steps_of(site, "poster", headers={"ViewComfy-Version": "1"}) == 1
    assert await steps_of(site, "poster", params={"version": 2}, headers={"ViewComfy-Version": "1"}) == 2
    assert await steps_of(site, "poster", params={"version": ""}, headers={"ViewComfy-Version": ""}) == 2


async def test_every_route_of_a_deployment_takes_a_version(site: Site) -> None:
    for headers in (site.key, site.admin):
        described = (await site.http.get("/d/poster?version=1", headers=headers)).json()
        assert (described["version"], described["current_version"], described["workflow_api"]["3"]["inputs"]["steps"]) == (1, 2, 1)
    document = (await site.http.get("/d/poster/openapi.json", headers={**site.key, "ViewComfy-Version": "1"})).json()
    assert document["info"]["version"] == "1"
    assert "version 1 " in (await site.http.get("/d/poster/docs?version=1", headers=site.key)).text
    answer = await site.http.post("/d/poster/infer?version=1", data={"params": '{"width": 16}'}, headers=site.key)
    assert answer.json()["prompt"]["3"]["inputs"]["steps"] == 1


@pytest.mark.parametrize(("version", "status", "code"), [
    ("3", 404, "unknown_version"), ("0", 404, "unknown_version"), ("999999999", 404, "unknown_version"),
    ("-1", 422, "bad_input"), ("1.0", 422, "bad_input"), ("latest", 422, "bad_input"), ("٣", 422, "bad_input"),
    ("1" * 30, 422, "bad_input"),
])  # fmt: skip
async def test_a_version_that_is_not_there_is_told_on_every_route(site: Site, version: str, status: int, code: str) -> None:
    routes = [("POST", "run"), ("POST", "infer"), ("POST", "batch"), ("GET", "openapi.json"), ("GET", "docs"), ("GET", "")]
    async with nothing_reaches_comfyui(site):
        for method, route in routes:
            answer = await site.http.request(method, f"/d/poster/{route}".rstrip("/"), params={"version": version}, headers=site.key)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (method, route)
        if version.isascii():
            answer = await run(site, "poster", {}, {"ViewComfy-Version": version})
            assert (answer.status_code, answer.json()["code"]) == (status, code)


# --- history ----------------------------------------------------------------------------------------------------------
async def test_the_history_is_listed_newest_first(site: Site) -> None:
    found = (await manage(site, "GET", "deployments/poster/versions"))["versions"]
    assert [(one["version"], one["note"], one["nodes"], one["current"]) for one in found] == [
        (2, "2 steps", 7, True),
        (1, "1 steps", 7, False),
    ]
    pages = [
        await manage(site, "GET", "deployments/poster/versions", params=query) for query in ({"limit": 1}, {"before": 2}, {"before": 1})
    ]
    assert [[one["version"] for one in page["versions"]] for page in pages] == [[2], [1], []]


async def test_two_versions_can_be_compared(site: Site) -> None:
    await site.deploy("compared", POSTER)
    alone = await site.http.get("/api/deployments/compared/diff", headers=site.admin)
    assert (alone.status_code, alone.json()["code"]) == (409, "conflict")
    await deploy(site, "compared", WITHOUT_NEGATIVE, make_current=False)
    same = await manage(site, "GET", "deployments/compared/diff", params={"before": 1, "after": 1})
    assert (same["changes"], same["breaking"]) == ([], False)
    ahead = await manage(site, "GET", "deployments/compared/diff", params={"after": 2})
    assert (ahead["before"], ahead["after"], ahead["breaking"]) == (1, 2, True)
    assert [(change["code"], change["input"]) for change in ahead["changes"]] == [("input_removed", "negative_prompt")]
    back = await manage(site, "GET", "deployments/compared/diff", params={"before": 2, "after": 1})
    assert [(change["code"], change["breaking"]) for change in back["changes"]] == [("input_added", False)]
    unknown = await site.http.get("/api/deployments/compared/diff?after=9", headers=site.admin)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_version")


# --- breaking changes -------------------------------------------------------------------------------------------------
async def test_a_version_that_breaks_calls_has_to_be_confirmed(site: Site) -> None:
    await site.deploy("strict", POSTER)
    answer = await deploy(site, "strict", WITHOUT_NEGATIVE)
    assert (answer.status_code, answer.json()["code"]) == (409, "breaking_change")
    assert [(problem["code"], problem["input"]) for problem in answer.json()["problems"]] == [("input_removed", "negative_prompt")]
    assert "allow_breaking" in answer.json()["hint"]
    await run_through(site, "strict", {"negative_prompt": "rain"})
    made = await deploy(site, "strict", WITHOUT_NEGATIVE, allow_breaking=True)
    assert (made.status_code, made.json()["version"]) == (201, 2)
    assert [change["code"] for change in made.json()["changes"]] == ["input_removed"]
    assert (await run(site, "strict", {"negative_prompt": "rain"})).status_code == 422
    assert (await run(site, "strict", {"negative_prompt": "rain"}, {"ViewComfy-Version": "1"})).status_code == 202


async def test_edits_that_break_calls_have_to_be_confirmed_too(site: Site) -> None:
    await site.deploy("edited", POSTER)
    edits = {"inputs": {"prompt": {"required": True}, "seed": {"locked": True}}}
    answer = await site.http.patch("/api/deployments/edited/inputs", json=edits, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "breaking_change")
    assert {problem["code"] for problem in answer.json()["problems"]} == {"became_required", "became_locked"}
    assert (await manage(site, "PATCH", "deployments/edited/inputs", json={**edits, "allow_breaking": True}))["version"] == 2


async def test_a_version_that_is_not_made_current_breaks_nobody(site: Site) -> None:
    await site.deploy("quiet", POSTER)
    made = await deploy(site, "quiet", WITHOUT_NEGATIVE, make_current=False)
    assert (made.status_code, made.json()["version"], made.json()["current_version"]) == (201, 2, 1)
    assert (await run(site, "quiet", {"negative_prompt": "rain"})).json()["version"] == 1
    assert (await run(site, "quiet", {}, {"ViewComfy-Version": "2"})).json()["version"] == 2


# --- rolling back -----------------------------------------------------------------------------------------------------
async def test_rolling_back_takes_effect_at_once_and_old_jobs_keep_their_version(site: Site) -> None:
    for steps in (1, 2):
        await site.deploy("rolled", with_inputs(POSTER, "3", steps=steps))
    site.fake.pause()
    waiting = (await run(site, "rolled", {"seed": 1})).json()
    back = await manage(site, "POST", "deployments/rolled/rollback", json={})
    assert (back["version"], back["current_version"]) == (1, 1)
    after = (await run(site, "rolled", {"seed": 1})).json()
    site.fake.resume()
    jobs = [await site.finished(job["prompt_id"]) for job in (waiting, after)]
    assert [(job["version"], job["prompt"]["3"]["inputs"]["steps"]) for job in jobs] == [(2, 2), (1, 1)]
    assert (await manage(site, "POST", "deployments/rolled/rollback", json={"version": 2}))["current_version"] == 2
    unknown = await site.http.post("/api/deployments/rolled/rollback", json={"version": 7}, headers=site.admin)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_version")


async def test_there_may_be_nothing_to_roll_back_to(site: Site) -> None:
    await site.deploy("single", POSTER)
    answer = await site.http.post("/api/deployments/single/rollback", json={}, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_new_deploy_while_calls_come_gives_each_call_one_version(site: Site) -> None:
    await site.deploy("moving", with_inputs(POSTER, "3", steps=1))
    async with asyncio.TaskGroup() as group:
        deploying = group.create_task(deploy(site, "moving", with_inputs(POSTER, "3", steps=2)))
        calls = [group.create_task(steps_of(site, "moving")) for _ in range(20)]
    assert deploying.result().status_code == 201
    assert {call.result() for call in calls} <= {1, 2}
    assert await steps_of(site, "moving") == 2


# --- canaries ---------------------------------------------------------------------------------------------------------
async def test_a_canary_gets_its_share_of_the_calls(site: Site) -> None:
    await site.deploy("yard", with_inputs(POSTER, "3", steps=1))
    await deploy(site, "yard", with_inputs(POSTER, "3", steps=2), make_current=False)
    shared = await manage(site, "PUT", "deployments/yard/canary", json={"version": 2, "percent": 40})
    assert (shared["current_version"], shared["canary_version"], shared["canary_percent"]) == (1, 2, 40)
    jobs = [(await run(site, "yard", {"width": 16})).json() for _ in range(120)]
    share = Counter(job["version"] for job in jobs)
    assert 20 <= share[2] <= 76, "five standard deviations either side"
    assert {(await run(site, "yard", {}, {"ViewComfy-Version": "1"})).json()["version"] for _ in range(20)} == {1}
    described = {(await site.http.get("/d/yard", headers=site.key)).json()["version"] for _ in range(20)}
    assert described == {1}, "a description does not change from one look to the next"
    all_of_them = await manage(site, "PUT", "deployments/yard/canary", json={"version": 2, "percent": 100})
    assert all_of_them["canary_percent"] == 100
    assert {(await run(site, "yard", {})).json()["version"] for _ in range(10)} == {2}
    ended = await manage(site, "PUT", "deployments/yard/canary", json={"version": 2, "percent": 0})
    assert (ended["canary_version"], ended["canary_percent"]) == (None, 0)
    assert {(await run(site, "yard", {})).json()["version"] for _ in range(10)} == {1}
    await until(lambda: site.http.get("/api/workers", headers=site.admin), lambda answer: answer.json()["queued"] == 0)


async def test_a_new_current_version_ends_a_canary(site: Site) -> None:
    for _ in range(2):
        await site.deploy("ended", POSTER)
    await manage(site, "PUT", "deployments/ended/canary", json={"version": 1, "percent": 50})
    made = (await deploy(site, "ended", POSTER)).json()
    assert (made["current_version"], made["canary_version"]) == (3, None)


@pytest.mark.parametrize(("body", "status", "code"), [
    ({"version": 9, "percent": 10}, 404, "unknown_version"),
    ({"version": 2, "percent": 10}, 422, "bad_input"),
    ({"version": 1, "percent": 101}, 422, "bad_input"),
    ({"version": 1, "percent": -1}, 422, "bad_input"),
    ({"version": 1, "percent": "10"}, 422, "bad_input"),
    ({"percent": 10}, 422, "bad_input"),
])  # fmt: skip
async def test_a_canary_that_can_not_be_is_refused(site: Site, body: dict[str, Any], status: int, code: str) -> None:
    answer = await site.http.put("/api/deployments/poster/canary", json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# --- who may ----------------------------------------------------------------------------------------------------------
async def test_the_new_routes_are_the_admins(site: Site) -> None:
    basic = {"authorization": "Basic " + "YWRtaW46" + "eA=="}
    for method, path in ROUTES:
        for headers, status in (({}, 401), (basic, 401), (site.key, 403)):
            answer = await site.http.request(method, f"/api/{path}", headers=headers, json={})
            assert answer.status_code == status, (method, path)


async def test_a_deployment_that_is_not_there_is_told_on_every_route(site: Site) -> None:
    bodies = {"PATCH": {"inputs": {}}, "PUT": {"version": 1, "percent": 5}}
    for method, path in ROUTES:
        if "poster" in path and path != "deployments/poster":
            answer = await site.http.request(
                method, f"/api/{path.replace('poster', 'nothing')}", headers=site.admin, json=bodies.get(method, {})
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_deployment"), (method, path)


ROUTES = [
    ("PUT", "deployments/poster"), ("POST", "check"), ("GET", "deployments/poster/versions"), ("GET", "deployments/poster/diff"),
    ("PATCH", "deployments/poster/inputs"), ("POST", "deployments/poster/rollback"), ("PUT", "deployments/poster/canary"),
    ("GET", "deployments/poster/app"), ("GET", "deployments/poster/report"), ("GET", "doctor"),
]  # fmt: skip
