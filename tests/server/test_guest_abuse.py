"""Share links in the hands of people who try what the form does not offer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.server.browser_kit import browser, pair_of, share_of
from tests.server.site_kit import PICTURE, Site

pytestmark = pytest.mark.anyio

EDITS: dict[str, Any] = {"width": {"hidden": True}, "height": {"locked": True}}
CLOSED = ("width", "1-inputs-width", "height", "1-inputs-height", "1-inputs-nothing", "7-inputs-text", "nothing")
"""Names that are all the same to a guest: of a hidden input, a locked one, and none at all."""


@pytest.fixture
async def guest(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    await site.deploy("guarded", PICTURE, note="for a customer who is not to be named", allow_breaking=True)
    await site.deploy("guarded", PICTURE, note="for a customer who is not to be named", inputs=EDITS, allow_breaking=True)
    async with browser(site, pair_of(await share_of(site, "guarded"))) as opened:
        yield opened


@pytest.mark.parametrize("name", CLOSED)
async def test_a_guest_sets_what_the_form_shows_and_learns_of_nothing_else(guest: httpx2.AsyncClient, name: str) -> None:
    answers = [
        await guest.post("/d/guarded/run", json={"inputs": {name: 64}}),
        await guest.post("/d/guarded/run", data={"inputs": json.dumps({name: 64})}),
        await guest.post("/d/guarded/infer", data={"params": json.dumps({name: 64}), "logs": "false"}),
        await guest.post("/d/guarded/batch", json={"list": [{"color": 1}, {name: 64}]}),
        await guest.post("/d/guarded/batch", json={"list": [{"color": 1}], "inputs": {name: 64}}),
        await guest.post("/d/guarded/run", files={name: ("a.png", b"\x89PNG", "image/png")}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_upload" if answer is answers[-1] else "invalid_params")
        (problem,) = answer.json()["problems"]
        assert problem["kind"] in ("unknown", "file")
        assert not {"key", "allowed", "value"} & problem.keys()
        assert not set(problem.get("did_you_mean", ())) & set(CLOSED)
    assert (await guest.get("/api/jobs")).json()["jobs"] == []


async def test_a_guest_sets_what_the_form_shows_by_its_name_and_its_key(guest: httpx2.AsyncClient) -> None:
    for name in ("color", "1-inputs-color"):
        assert (await guest.post("/d/guarded/run", json={"inputs": {name: 5}})).status_code == 202


async def test_hidden_inputs_stay_open_to_keys(site: Site, guest: httpx2.AsyncClient) -> None:
    for name in ("width", "1-inputs-width"):
        answer = await site.http.post("/d/guarded/run", json={"inputs": {name: 64}}, headers=site.key)
        assert answer.status_code == 202, guest


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/openapi.json"), ("GET", "/docs"), ("POST", "/run"), ("POST", "/batch")]
)
async def test_a_guest_gets_to_no_other_version(guest: httpx2.AsyncClient, method: str, path: str) -> None:
    body = {"inputs": {"width": 64}} if path == "/run" else {"list": [{"width": 64}]}
    for version in ("1", "2", "77"):
        for how in ({"params": {"version": version}}, {"headers": {"ViewComfy-Version": version}}):
            answer = await guest.request(method, f"/d/guarded{path}", json=body if method == "POST" else None, **how)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["code"]) == (403, "key_not_allowed")


async def test_a_guest_runs_a_job_again_after_its_version_has_been_followed(site: Site, guest: httpx2.AsyncClient) -> None:
    job = (await guest.post("/d/guarded/run", json={"inputs": {"color": 7}})).json()
    await site.finished(job["prompt_id"])
    await site.deploy("guarded", PICTURE, inputs={**EDITS, "color": {"minimum": 0}}, allow_breaking=True)
    again = await guest.post(f"/api/jobs/{job['prompt_id']}/retry")
    assert (again.status_code, again.json()["version"]) == (202, job["version"])


async def test_a_guest_does_not_read_the_owners_notes(site: Site, guest: httpx2.AsyncClient) -> None:
    assert "customer" in (await site.http.get("/d/guarded", headers=site.key)).text
    for path in ("", "/openapi.json", "/docs"):
        assert "customer" not in (await guest.get(f"/d/guarded{path}")).text


@pytest.mark.parametrize("ends", ["revoked", "expired"])
async def test_a_stream_ends_with_the_link(site: Site, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    share = await share_of(site, "waiting", expires_at=time.time() + 3600)
    async with browser(site, pair_of(share)) as opened:
        job = (await opened.post("/d/waiting/run", json={"inputs": {"seed": 5, "seconds": 60, "steps": 2}})).json()
        async with opened.stream("GET", f"/api/jobs/{job['prompt_id']}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines)
            if ends == "revoked":
                await site.http.delete(f"/api/keys/{share['client_id']}", headers=site.admin)
            else:
                now = time.time()
                monkeypatch.setattr(site.services.keys, "_clock", lambda: now + 3601)
            async with asyncio.timeout(10):
                told = [line async for line in lines]
    assert "succeeded" not in "".join(told)
    await site.http.post(f"/api/jobs/{job['prompt_id']}/cancel", headers=site.admin)
