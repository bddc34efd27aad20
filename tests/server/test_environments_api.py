"""Environments over HTTP: documents are kept under their ids, and it is told where they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server.site_kit import PICTURE, Site, until
from tests.worker.managed import MAIN
from viewcomfy.client.async_client import AsyncClient
from viewcomfy.comfy.fingerprint import contents_fingerprint
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import records_folder
from viewcomfy.core.errors import BadInput, Forbidden, UnknownEnvironment
from viewcomfy.environments.document import Code, Document, Torch
from viewcomfy.environments.here import STAMP
from viewcomfy.environments.toml import read_toml, write_toml

pytestmark = pytest.mark.anyio

DOCUMENT = Document(
    Code("0.3.75", repository="https://github.com/comfyanonymous/ComfyUI", commit="a" * 40),
    "3.11.2",
    Torch("2.9.0", "cpu"),
    packages=("a==1.0",),
)


async def test_a_document_is_kept_under_its_id_and_told_again(site: Site) -> None:
    for text in (write_toml(DOCUMENT), "# a comment\n" + write_toml(DOCUMENT)):
        answer = await site.http.put("/api/environments", content=text, headers=site.admin)
        assert (answer.status_code, answer.json()) == (200, {"id": DOCUMENT.id})
    told = await site.http.get(f"/api/environments/{DOCUMENT.id}", headers=site.admin)
    assert told.headers["content-type"] == "text/plain; charset=utf-8"
    assert read_toml(told.text).id == DOCUMENT.id
    [one] = (await site.http.get("/api/environments", headers=site.admin)).json()
    assert one["created_at"] > 0
    assert (one["id"], one["backends"], one["deployments"]) == (DOCUMENT.id, 0, [])


async def test_what_is_no_document_is_refused(site: Site) -> None:
    for body, code, status in ((b"nonsense", "bad_input", 422), (b"\xff", "bad_input", 422), (b"#" * 5_000_000, "too_large", 413)):
        answer = await site.http.put("/api/environments", content=body, headers=site.admin)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = await site.http.get("/api/environments/env-00000000000a", headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_environment")


async def test_deployments_name_it_and_are_told_that_nobody_has_it(site: Site) -> None:
    async with AsyncClient(site.url, admin_token=site.admin["authorization"].removeprefix("Bearer ")) as client:
        named = await client.add_environment(write_toml(DOCUMENT))
        made = await client.deploy("elsewhere", PICTURE, environment=named)
        assert made.environment == named
        assert f"has the environment {named}" in " ".join(made.notes)
        assert (made.report.checked, "environment" in made.report.summary) == (False, True)
        await client.deploy("unheard", PICTURE, environment="env-00000000000a")
        told = {one.id: one for one in await client.environments()}
        assert (told[named].deployments, told[named].created_at is not None) == (["elsewhere"], True)
        assert (told["env-00000000000a"].deployments, told["env-00000000000a"].created_at) == (["unheard"], None)
        assert read_toml(await client.environment(named)) == DOCUMENT.in_order()
        with pytest.raises(UnknownEnvironment):
            await client.environment("env-00000000000a")
        with pytest.raises(BadInput):
            await client.add_environment("nonsense")
        back = await client.deployment("elsewhere").edit({}, environment="")
        assert (back.environment, back.report.checked) == ("", True)


async def test_a_job_whose_environment_nobody_has_fails_and_says_so(site: Site) -> None:
    await site.deploy("elsewhere", PICTURE, environment="env-00000000000a")
    job = await site.finished((await site.run("elsewhere", {"width": 8}))["prompt_id"])
    assert (job["status"], job["error"]["code"]) == ("failed", "unknown_environment")
    events = await site.http.get(f"/api/jobs/{job['prompt_id']}/events", headers=site.admin)
    assert "viewcomfy env apply" in events.text


async def test_only_the_admin_may(site: Site) -> None:
    for method, path in (("PUT", ""), ("GET", ""), ("GET", f"/{DOCUMENT.id}")):
        answer = await site.http.request(method, f"/api/environments{path}", headers=site.key)
        assert answer.json()["code"] == Forbidden.code


def make_environment(data: Path, environment: str) -> None:
    """Make a ComfyUI in memory as an environment below a data folder."""
    folder = data / "environments" / environment
    for path in (folder / "venv" / "bin", folder / "ComfyUI", folder / "base" / "custom_nodes"):
        path.mkdir(parents=True)
    (folder / "venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / "ComfyUI" / "main.py").write_text(MAIN.format(path=[place for place in sys.path if place]))
    facts = {"version": "0.3.75", "source": "a test", "licence": "GPL-3.0", "complete": True, "use_cpu": True}
    (folder / "install.json").write_text(json.dumps(facts))
    found = Installation.from_folder(folder)
    (records_folder(found) / STAMP).write_text(json.dumps({"id": environment, "fingerprint": contents_fingerprint(found)}))


async def test_an_environment_made_beside_a_running_server_serves_its_deployments(site: Site) -> None:
    environment = "env-00000000000d"
    await site.deploy("beside", PICTURE, environment=environment, force=True)
    make_environment(site.settings.data_dir, environment)
    name = f"comfyui-{environment}-0"

    async def backends() -> dict[str, Any]:
        told = (await site.http.get("/api/workers", headers=site.admin)).json()["workers"]
        return {one["name"]: one for worker in told for one in worker["backends"]}

    shown = await until(backends, lambda found: name in found)
    assert (shown[name]["environment"], shown[name]["aside"], shown[name]["state"]) == (environment, True, "stopped")
    job = await site.finished((await site.run("beside", {"width": 8}))["prompt_id"])
    assert job["status"] == "succeeded", job["error"]
    await until(backends, lambda found: (found[name]["starts"], found["comfyui-0"]["aside"]) == (1, False))
    [told] = [one for one in (await site.http.get("/api/environments", headers=site.admin)).json() if one["id"] == environment]
    assert (told["backends"], told["deployments"]) == (1, ["beside"])
