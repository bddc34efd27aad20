"""The doctor through HTTP: every deployment on every backend, and the machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest

from tests.server.poster import MISSING_MODEL, POSTER, UNKNOWN_CLASS, deploy, manage
from tests.server.site_kit import WORKFLOWS, Site, open_site
from viewcomfy.comfy.find import find
from viewcomfy.testing.fake_comfy import run_fake_comfy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr("viewcomfy.worker.catalogs.FRESH_SECONDS", 0.0)
    async with open_site(tmp_path_factory.mktemp("data")) as opened:
        yield opened


async def test_an_installation_that_is_well_says_so(site: Site) -> None:
    found = await manage(site, "GET", "doctor")
    assert found["deployments"].keys() == WORKFLOWS.keys()
    assert all(report["checked"] and report["ok"] for report in found["deployments"].values())
    subjects = [check["subject"].partition(" of ")[0] for check in found["checks"]]
    assert subjects == ["the store", "files", "the engine", "sync", "disk", "disk", "memory", "clock", "version"]
    assert all(check["message"] and (check["state"] == "ok" or check["hint"]) for check in found["checks"])


async def test_each_deployment_that_can_not_run_is_named(site: Site) -> None:
    for name, workflow in (("no-model", MISSING_MODEL), ("no-class", UNKNOWN_CLASS), ("well", POSTER)):
        await deploy(site, name, workflow, force=True)
    found = await manage(site, "GET", "doctor")
    assert not found["ok"]
    assert "2 of 8 deployments can't run: no-class, no-model" in found["summary"]
    codes = {name: [problem["code"] for problem in report["problems"]] for name, report in found["deployments"].items()}
    assert (codes["no-model"], codes["no-class"], codes["well"]) == (["missing_model"], ["unknown_node_class"], [])


async def test_each_backend_is_looked_at_anew(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewcomfy.worker.catalogs.FRESH_SECONDS", 0.0)
    async with (
        run_fake_comfy() as one,
        run_fake_comfy(models={"checkpoints": ()}) as other,
        open_site(tmp_path_factory.mktemp("data"), comfyui=f"{one.url},{other.url}") as site,
    ):
        await deploy(site, "poster", POSTER)
        report = (await manage(site, "GET", "doctor"))["deployments"]["poster"]
        assert (report["backends"], report["can_run_on"]) == (["comfyui-0", "comfyui-1"], ["comfyui-0"])
        one.catalog = other.catalog
        found = await manage(site, "GET", "doctor")
        assert (found["deployments"]["poster"]["ok"], found["deployments"]["picture"]["ok"]) == (False, True)
        assert (await manage(site, "GET", "deployments/poster/report"))["can_run_on"] == []


async def test_a_comfyui_that_does_not_answer_is_told(site: Site) -> None:
    await site.fake.crash()
    found = await manage(site, "GET", "doctor")
    told = [check for check in found["checks"] if check["subject"] == "ComfyUI"]
    assert [check["state"] for check in told] == ["warning"]
    assert site.fake.url in told[0]["message"]
    await site.fake.restart()
    assert "ComfyUI" not in [check["subject"] for check in (await manage(site, "GET", "doctor"))["checks"]]


async def test_without_any_comfyui_the_doctor_says_what_to_do(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = partial(find, url="http://127.0.0.1:0", folders=())  # whatever runs or lies on the machine of the tests
    monkeypatch.setattr("viewcomfy.cli.assemble_worker.find", nowhere)
    async with open_site(tmp_path_factory.mktemp("data"), comfyui=None) as site:
        found = await manage(site, "GET", "doctor")
        assert "comfyui install" in next(check["message"] for check in found["checks"] if check["subject"] == "ComfyUI")
        assert not any(report["checked"] for report in found["deployments"].values())
        made = (await deploy(site, "poster", POSTER)).json()
        assert (made["report"]["checked"], made["report"]["ok"]) == (False, True)
        refused = await site.http.post("/d/poster/run", json={}, headers=site.key)
        assert (refused.status_code, refused.json()["code"]) == (503, "no_backend")
