"""The document of a deployment, served: valid, true of what the server does, and shown to those who may call."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.server.poster import PHOTO, POSTER, manage, nothing_reaches_comfyui, png, run, run_through
from tests.server.site_kit import WAITING, Site, open_site

pytestmark = pytest.mark.anyio

NAMES = ["poster", "photo", "edited", "patient"]
EDITS = {
    "prompt": {"name": "scene", "required": True, "default": 'it\'s "`raining`" $HOME\n\\ in Köln'},
    "cfg": {"locked": True},
    "scheduler": {"hidden": True},
    "steps": {"choices": [{"value": 1, "label": "quick"}, 2]},
}
Headers = dict[str, str]


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with open_site(tmp_path_factory.mktemp("data")) as opened:
        workflows = {"poster": POSTER, "photo": PHOTO, "edited": POSTER, "patient": WAITING}
        for name, workflow in workflows.items():
            await opened.deploy(name, workflow, title="Posters & <more>", inputs=EDITS if name == "edited" else {})
        opened.fake.folders.input.write("example.png", png())
        yield opened


async def document_of(site: Site, name: str) -> dict[str, Any]:
    answer = await site.http.get(f"/d/{name}/openapi.json", headers=site.key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def basic(user: str, password: str) -> Headers:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def browser(site: Site) -> Headers:
    """Return what a browser sends when its user has typed the key."""
    return basic(site.key["client_id"], site.key["client_secret"])


# --- the document -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
async def test_it_is_valid(site: Site, name: str) -> None:
    document = await document_of(site, name)
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert (document["info"]["version"], document["servers"]) == ("1", [{"url": site.url}])


@pytest.mark.parametrize("name", NAMES)
async def test_every_example_of_a_body_can_be_sent(site: Site, name: str) -> None:
    body = (await document_of(site, name))["paths"][f"/d/{name}/run"]["post"]["requestBody"]["content"]["application/json"]
    for example in (*(one["value"] for one in body["examples"].values()), *body["schema"]["examples"]):
        await run_through(site, name, **example)


@pytest.mark.parametrize("name", NAMES)
async def test_the_samples_run_when_they_are_pasted(site: Site, name: str, tmp_path: Path) -> None:
    samples = (await document_of(site, name))["paths"][f"/d/{name}/run"]["post"]["x-codeSamples"]
    (tmp_path / "photo.png").write_bytes(png())
    keys = {f"VIEWCOMFY_{name.upper()}": value for name, value in site.key.items()}
    environment = {**os.environ, **keys, "NO_PROXY": "*"}
    for sample in samples:
        program = {"Shell": ("sh", "-c"), "Python": (sys.executable, "-c")}.get(sample["lang"])
        if program is None or (sample["lang"] == "Shell" and shutil.which("curl") is None):
            continue
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*program, sample["source"], cwd=tmp_path, env=environment, stdout=pipe, stderr=pipe)
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        if sample["lang"] == "Shell":
            assert json.loads(out)["status"] == "succeeded", out
        else:
            assert b".png" in out


async def test_what_the_owner_keeps_back_is_not_in_it(site: Site) -> None:
    document = await document_of(site, "edited")
    body = document["paths"]["/d/edited/run"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    inputs = body["properties"]["inputs"]
    assert inputs["required"] == ["scene"]
    assert {"scene", "steps"} <= inputs["properties"].keys()
    assert not {"cfg", "scheduler", "prompt"} & inputs["properties"].keys()
    assert inputs["properties"]["steps"]["enum"] == [1, 2]


async def test_it_names_the_url_that_callers_use(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_site(tmp_path_factory.mktemp("data"), public_url="https://comfy.example/api/") as site:
        assert (await document_of(site, "picture"))["servers"] == [{"url": "https://comfy.example/api"}]
        assert (await run(site, "picture", {"color": 1})).headers["location"].startswith("https://comfy.example/api/api/jobs/")


# --- the page ---------------------------------------------------------------------------------------------------------
async def test_the_page_shows_the_document_to_a_browser(site: Site) -> None:
    answer = await site.http.get("/d/edited/docs", headers=browser(site))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "Posters &amp; &lt;more&gt;" in answer.text
    assert "<more>" not in answer.text
    assert "/d/edited/run" in unescape(answer.text)
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.text), "nothing on it comes from another host"
    for secret in (*site.key.values(), site.admin["authorization"].removeprefix("Bearer ")):
        assert secret not in answer.text


async def test_the_links_of_the_page_lead_somewhere(site: Site) -> None:
    page = (await site.http.get("/d/edited/docs", headers=browser(site))).text
    links = set(re.findall(r'href="([^"#]+)"', page))
    assert links == {"openapi.json", "../../"}
    for link in links:
        assert (await site.http.get(f"/d/edited/{link}", headers=browser(site))).status_code == 200


@pytest.mark.parametrize("headers", [{}, basic("vc_nobody", "x"), basic("admin", "wrong"), {"authorization": "Basic %%%"}, basic("", "")])
async def test_a_browser_without_a_key_is_asked_for_one(site: Site, headers: Headers) -> None:
    answer = await site.http.get("/d/poster/docs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "poster" not in answer.text.replace("/d/poster", "")


async def test_the_same_page_opens_with_every_credential(site: Site) -> None:
    token = site.admin["authorization"].removeprefix("Bearer ")
    for headers in (site.key, site.admin, browser(site), basic("admin", token)):
        for path in ("docs", "openapi.json"):
            assert (await site.http.get(f"/d/poster/{path}", headers=headers)).status_code == 200


async def test_what_a_browser_sends_by_itself_is_for_reading_only(site: Site) -> None:
    token = site.admin["authorization"].removeprefix("Bearer ")
    calls = [
        ("POST", "/d/poster/run"), ("POST", "/d/poster/infer"), ("POST", "/d/poster/batch"), ("GET", "/d/poster"), ("GET", "/api/jobs"),
        ("GET", "/api/deployments"), ("GET", "/api/deployments/poster"), ("GET", "/api/doctor"), ("GET", "/api/keys"),
        ("POST", "/api/keys"),
    ]  # fmt: skip
    async with nothing_reaches_comfyui(site):
        for headers in (browser(site), basic("admin", token)):
            for method, path in calls:
                answer = await site.http.request(method, path, headers=headers, json={} if method == "POST" else None)
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"] == "Bearer"


# --- secrets ----------------------------------------------------------------------------------------------------------
async def test_no_secret_is_logged_or_answered(site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level("DEBUG")
    secret, url = "s3cr3t-" + "x" * 20, "https://user:s3cr3t-url@files.example/a.png?token=s3cr3t-token"
    answers = [
        await site.http.get("/d/poster/docs", headers=basic("vc_nobody", secret)),
        await site.http.get("/d/poster/docs", headers=basic("admin", secret)),
        await site.http.post("/d/poster/run", json={}, headers={"client_id": "vc_nobody", "client_secret": secret}),
        await site.http.post("/d/poster/run", json={}, headers={"authorization": f"Bearer vc_nobody:{secret}"}),
        await site.http.post("/d/poster/run", json={}, headers={"authorization": f"Bearer {secret}"}),
        await site.http.get("/api/doctor", headers={"authorization": f"Bearer {secret}"}),
        await run(site, "photo", {"image": url}),
        await run(site, "photo", {"image": f"{url}#{secret}", "width": url, "crop": url}),
    ]
    assert {answer.status_code for answer in answers} == {401, 422}
    await run_through(site, "poster", {"prompt": "a cat"})
    await manage(site, "GET", "doctor")
    told = caplog.text + "".join(capfd.readouterr()) + "".join(answer.text for answer in answers)
    token = site.admin["authorization"].removeprefix("Bearer ")
    for word in (secret, "s3cr3t-url", "s3cr3t-token", site.key["client_secret"], token, browser(site)["authorization"][6:]):
        assert word not in told
