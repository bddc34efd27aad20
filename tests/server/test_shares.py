"""Share links: what the people who have one can do, and everything that they can't."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from tests.server.browser_kit import admin_of, browser, pair_of, share_of
from tests.server.site_kit import PICTURE, Site, events_of

pytestmark = pytest.mark.anyio


async def run(opened: httpx2.AsyncClient, color: int = 1, name: str = "picture", **headers: str) -> dict[str, Any]:
    answer = await opened.post(f"/d/{name}/run", json={"inputs": {"color": color}}, headers=headers)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_a_share_link_is_shown_once_and_listed_with_the_keys(site: Site) -> None:
    share = await share_of(site, expires_at=time.time() + 99, max_active=3, max_per_day=9)
    assert share["url"].startswith(f"{site.url}/play/picture#share={share['client_id']}:vcs_")
    assert (share["share"], share["deployments"], share["allow_override"]) == (True, ["picture"], False)
    listed = (await site.http.get("/api/keys", headers=site.admin)).json()
    assert [key for key in listed if key["client_id"] == share["client_id"]] == [{key: share[key] for key in share if key != "url"}]
    assert not any(key["share"] for key in listed if key["client_id"] == site.key["client_id"])


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("absent", {}, 404, "unknown_deployment"),
        ("picture", {"expires_at": 1.0}, 422, "bad_input"),
        ("picture", {"max_active": 0}, 422, "bad_input"),
        ("picture", {"max_per_day": -1}, 422, "bad_input"),
        ("picture", {"allow_override": True}, 422, "bad_input"),
        ("picture", {"deployments": ["waiting"]}, 422, "bad_input"),
    ],
)
async def test_a_share_link_can_not_be_more_than_that(site: Site, name: str, body: dict[str, Any], status: int, code: str) -> None:
    answer = await site.http.post(f"/api/deployments/{name}/shares", json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await site.http.post("/api/deployments/picture/shares", json={}, headers=site.key)).json()["code"] == "forbidden"


async def test_a_visitor_runs_the_deployment_and_sees_the_result(site: Site) -> None:
    share = await share_of(site)
    async with browser(site, pair_of(share)) as opened:
        session = (await opened.get("/api/session")).json()
        assert (session["role"], session["deployments"]) == ("share", ["picture"])
        assert session["key_id"].startswith(f"{share['client_id']}~")
        job = await run(opened)
        assert job["key_id"] == session["key_id"]
        await site.finished(job["prompt_id"])
        done = (await opened.get(f"/api/jobs/{job['prompt_id']}")).json()
        assert (await opened.get(done["outputs"][0]["url"])).status_code == 200
        assert (await opened.get(f"/api/jobs/{job['prompt_id']}/events")).status_code == 200


async def test_visitors_see_their_own_jobs_and_the_admin_all_of_the_links(site: Site) -> None:
    share = await share_of(site)
    pair = pair_of(share)
    async with browser(site, pair) as one, browser(site, pair) as other:
        mine, theirs = await run(one, 1), await run(other, 2)
        direct = (await site.http.post("/d/picture/run", json={"inputs": {"color": 3}}, headers=pair)).json()
        for caller, own in ((one, mine), (other, theirs)):
            for headers in ({}, {"x": "1"}):
                listed = (await caller.get("/api/jobs", headers=headers)).json()["jobs"]
                assert [job["prompt_id"] for job in listed] == [own["prompt_id"]]
        for key_id in (mine["key_id"], share["client_id"], "admin"):  # a filter can't widen it
            listed = (await other.get("/api/jobs", params={"key_id": key_id})).json()["jobs"]
            assert [job["prompt_id"] for job in listed] == [theirs["prompt_id"]]
        for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")):
            answer = await other.request(method, f"/api/jobs/{mine['prompt_id']}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job"), (method, path)
        assert [job["prompt_id"] for job in (await site.http.get("/api/jobs", headers=pair)).json()["jobs"]] == [direct["prompt_id"]]
        again = await other.post("/d/picture/run", json={"inputs": {"color": 1}, "prompt_id": mine["prompt_id"]})
        assert again.json()["code"] == "conflict"
    seen = (await site.http.get("/api/jobs", params={"key_id": share["client_id"]}, headers=site.admin)).json()["jobs"]
    assert {job["prompt_id"] for job in seen} == {mine["prompt_id"], theirs["prompt_id"], direct["prompt_id"]}


async def test_a_browser_that_comes_back_is_the_same_visitor(site: Site) -> None:
    pair = pair_of(await share_of(site))
    async with browser(site, pair) as opened:
        first = (await opened.get("/api/session")).json()["key_id"]
        assert (await opened.post("/api/session", json=pair)).json()["key_id"] == first
        await opened.post("/api/session", json=admin_of(site))
        assert (await opened.post("/api/session", json=pair)).json()["key_id"] == first
        opened.cookies.clear()
        assert (await opened.post("/api/session", json=pair)).json()["key_id"] != first
        opened.cookies.set("viewcomfy_session", "forged.value")
        assert (await opened.post("/api/session", json=pair)).json()["key_id"] != first


async def test_a_visitor_never_sees_a_workflow(site: Site) -> None:
    await site.deploy("secretive", PICTURE, inputs={"width": {"hidden": True}, "height": {"locked": True}})
    pair = pair_of(await share_of(site, "secretive"))
    async with browser(site, pair) as opened:
        for headers in ({}, pair):
            shown = (await opened.get("/d/secretive", headers=headers)).json()
            assert (shown["workflow_api"], shown["params"]) == ({}, {})
            names = [one["name"] for one in shown["inputs"]]
            assert "color" in names
            assert not {"width", "height"} & set(names)
            document = (await opened.get("/d/secretive/openapi.json", headers=headers)).text
            assert "EmptyImage" not in document
            job = await run(opened, 5, "secretive", **headers)
            await site.finished(job["prompt_id"])
            seen = (await opened.get(f"/api/jobs/{job['prompt_id']}", headers=headers)).json()
            assert seen["prompt"] == {}
            assert set(seen["inputs"]) <= set(names)
            data = {"params": '{"color": 6}'}
            assert (await opened.post("/d/secretive/infer", data={**data, "logs": "false"}, headers=headers)).json()["prompt"] == {}
            live = await opened.post("/d/secretive/infer", data={**data, "logs": "true"}, headers=headers)
            assert '"prompt":{}' in events_of(live.text)[-1][1]
    whole = (await site.http.get("/d/secretive", headers=site.admin)).json()
    assert whole["workflow_api"] == PICTURE
    assert {"width", "height"} <= {one["name"] for one in whole["inputs"]}


REFUSED = [
    ("GET", "/api/keys"), ("POST", "/api/keys"), ("DELETE", "/api/keys/x"), ("GET", "/api/settings"), ("GET", "/api/workers"),
    ("GET", "/api/deployments"), ("GET", "/api/deployments/picture"), ("PUT", "/api/deployments/picture"),
    ("DELETE", "/api/deployments/picture"), ("POST", "/api/check"), ("GET", "/api/deployments/picture/versions"),
    ("GET", "/api/deployments/picture/app"), ("GET", "/api/deployments/picture/diff"), ("GET", "/api/deployments/picture/report"),
    ("POST", "/api/deployments/picture/shares"), ("GET", "/api/doctor"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), REFUSED)
async def test_a_visitor_manages_nothing(site: Site, method: str, path: str) -> None:
    pair = pair_of(await share_of(site))
    async with browser(site, pair) as opened:
        for headers in ({}, pair):
            answer = await opened.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_visitor_calls_no_other_deployment_and_no_other_workflow(site: Site) -> None:
    async with browser(site, pair_of(await share_of(site))) as opened:
        for method, path in (
            ("GET", ""),
            ("POST", "/run"),
            ("POST", "/infer"),
            ("POST", "/batch"),
            ("GET", "/openapi.json"),
            ("GET", "/docs"),
        ):
            answer = await opened.request(method, f"/d/waiting{path}", json={} if method == "POST" else None)
            assert (answer.status_code, answer.json()["code"]) == (403, "key_not_allowed"), path
        own = {"inputs": {}, "workflow_api": PICTURE}
        assert (await opened.post("/d/picture/run", json=own)).json()["code"] == "override_not_allowed"


async def test_an_expired_or_revoked_link_lets_nobody_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    short = await share_of(site, expires_at=time.time() + 60)
    pair = pair_of(short)
    async with browser(site, pair) as opened:
        assert (await opened.get("/api/session")).json()["expires_at"] <= short["expires_at"]
        now = time.time()
        monkeypatch.setattr(site.services.keys, "_clock", lambda: now + 61)
        assert (await opened.get("/api/jobs")).json()["code"] == "no_session"
        assert (await opened.get("/api/jobs", headers=pair)).json()["code"] == "expired_key"
        answer = await opened.post("/api/session", json=pair)
        assert (answer.status_code, answer.json()["code"]) == (401, "expired_key")
        monkeypatch.undo()
        assert (await opened.get("/api/jobs")).status_code == 200
        assert (await site.http.delete(f"/api/keys/{short['client_id']}", headers=site.admin)).json()["share"]
        assert (await opened.get("/api/jobs")).json()["code"] == "no_session"
        assert (await opened.post("/api/session", json=pair)).json()["code"] == "revoked_key"


async def test_the_limits_of_a_link_hold_for_all_of_its_visitors_together(site: Site) -> None:
    pair = pair_of(await share_of(site, max_per_day=2))
    async with browser(site, pair) as one, browser(site, pair) as other:
        await run(one)
        job = await run(other)
        await site.finished(job["prompt_id"])
        await other.delete(f"/api/jobs/{job['prompt_id']}")  # no way to get more of them
        for opened in (one, other):
            answer = await opened.post("/d/picture/run", json={"inputs": {"color": 9}})
            assert (answer.status_code, answer.json()["code"]) == (429, "key_limit")
            assert 86_000 < int(answer.headers["retry-after"]) <= 87_000
        batch = await one.post("/d/picture/batch", json={"list": [{"color": 1}]})
        assert batch.json()["code"] == "key_limit"
    direct = await site.http.post("/d/picture/run", json={"inputs": {"color": 9}}, headers=pair)
    assert direct.json()["code"] == "key_limit"
