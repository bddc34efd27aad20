"""Deploying through HTTP: what the report says, what calls then get, and how the owner's edits stay with their inputs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from tests.core.app_files import APP
from tests.server.poster import (
    BROKEN,
    MISSING_MODEL,
    PHOTO,
    POSTER,
    UNKNOWN_CLASS,
    deploy,
    manage,
    nothing_reaches_comfyui,
    renumbered,
    run,
    run_through,
    with_inputs,
)
from tests.server.site_kit import Site, open_site
from viewcomfy.testing.fake_comfy import run_fake_comfy

pytestmark = pytest.mark.anyio

NO_OUTPUT = {node_id: node for node_id, node in POSTER.items() if node_id != "9"}
CYCLE = with_inputs(POSTER, "5", width=["8", 0])
OUT_OF_RANGE = with_inputs(POSTER, "3", steps=0)
WRONG_TYPE = with_inputs(POSTER, "9", images=["4", 1])
PROBLEMS: list[tuple[dict[str, Any], str, str]] = [
    (BROKEN, "broken_link", "workflow_rejected"),
    (with_inputs(POSTER, "8", extra=["44", 0]), "broken_link", "workflow_rejected"),  # ComfyUI would hang on it for ever
    (CYCLE, "cycle", "workflow_rejected"),
    (WRONG_TYPE, "link_type", "workflow_rejected"),
    (NO_OUTPUT, "no_output", "workflow_rejected"),
    (OUT_OF_RANGE, "out_of_range", "workflow_rejected"),
    (UNKNOWN_CLASS, "unknown_node_class", "unknown_node_class"),
    (MISSING_MODEL, "missing_model", "missing_model"),
]
SCALED = {**PHOTO, "5": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}}
"""A workflow that needs no upload."""
EDITS = {
    "prompt": {"name": "scene", "description": "What to see."},
    "negative_prompt": {"hidden": True},
    "steps": {"maximum": 4, "order": 0},
}


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with open_site(tmp_path_factory.mktemp("data")) as opened:
        await opened.deploy("poster", POSTER)
        yield opened


async def inputs_of(site: Site, name: str, **query: int) -> dict[str, dict[str, Any]]:
    """Return the inputs of a deployment by their names, in their order."""
    answer = await site.http.get(f"/d/{name}", headers=site.key, params=query)
    return {one["name"]: one for one in answer.json()["inputs"]}


# --- the report -------------------------------------------------------------------------------------------------------
async def test_a_deploy_tells_where_it_runs(site: Site) -> None:
    made = (await deploy(site, "told", POSTER, title="Posters", description="For walls.", note="The first.")).json()
    assert made["report"] == {
        "ok": True, "summary": "Runs on comfyui-0.", "checked": True, "backends": ["comfyui-0"], "can_run_on": ["comfyui-0"],
        "problems": [],
    }  # fmt: skip
    assert (made["title"], made["description"], made["note"]) == ("Posters", "For walls.", "The first.")
    assert (await manage(site, "GET", "deployments/told/report")) == made["report"]


@pytest.mark.parametrize(("workflow", "code", "error"), PROBLEMS)
async def test_what_could_not_run_is_not_deployed(site: Site, workflow: dict[str, Any], code: str, error: str) -> None:
    answer = await deploy(site, "unfit", workflow)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "deployment_problems"), answer.text
    assert code in [problem["code"] for problem in body["problems"]]
    assert body["details"]["report"]["can_run_on"] == []
    assert "force" in body["hint"]
    assert (await site.http.get("/api/deployments/unfit", headers=site.admin)).status_code == 404


@pytest.mark.parametrize(("workflow", "code", "error"), PROBLEMS)
async def test_what_was_deployed_by_force_says_on_each_call_why_it_fails(
    site: Site, workflow: dict[str, Any], code: str, error: str
) -> None:
    made = await deploy(site, f"forced-{code}".replace("_", "-"), workflow, force=True)
    assert (made.status_code, made.json()["report"]["ok"]) == (201, False)
    for route in ("run", "infer"):
        async with nothing_reaches_comfyui(site):
            answer = await site.http.post(f"/d/{made.json()['name']}/{route}", data={"params": '{"seed": 1}'}, headers=site.key)
        assert (answer.status_code, answer.json()["code"]) == (422, error), answer.text
        assert code in [problem["code"] for problem in answer.json()["problems"]]


@pytest.mark.parametrize(("workflow", "code", "error"), PROBLEMS)
async def test_a_workflow_that_comes_with_a_call_is_checked_as_a_deploy_is(
    site: Site, workflow: dict[str, Any], code: str, error: str
) -> None:
    async with nothing_reaches_comfyui(site):
        answers = [
            await run(site, "poster", {"seed": 1}, workflow_api=workflow),
            await site.infer("poster", {"seed": 1}, data={"workflow_api": json.dumps(workflow)}),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, error), answer.text
        assert code in [problem["code"] for problem in answer.json()["problems"]]


async def test_what_is_missing_is_named_with_what_there_is(site: Site) -> None:
    body = (await deploy(site, "unfit", {**MISSING_MODEL, "8": UNKNOWN_CLASS["8"]})).json()
    found = {problem["code"]: problem for problem in body["problems"]}
    assert found["missing_model"]["nearest"] == ["tiny_sd3.safetensors"]
    assert found["unknown_node_class"]["nearest"][0] == "VAEDecode"
    assert found["missing_model"]["backends"] == ["comfyui-0"]
    assert (found["missing_model"]["node_id"], found["missing_model"]["node_title"]) == ("4", "Load Checkpoint")


async def test_a_call_may_choose_what_the_deployment_lacks(site: Site) -> None:
    await deploy(site, "lacking", MISSING_MODEL, force=True)
    await run_through(site, "lacking", {"checkpoint": "tiny_sd3.safetensors"})


async def test_the_owners_default_may_mend_the_workflow(site: Site) -> None:
    made = await deploy(site, "mended", MISSING_MODEL, inputs={"checkpoint": {"default": "tiny_sd3.safetensors"}})
    assert (made.status_code, made.json()["report"]["ok"]) == (201, True), made.text
    await run_through(site, "mended", {"seed": 3})
    assert (await manage(site, "GET", "doctor"))["deployments"]["mended"]["ok"]


async def test_an_override_is_typed_by_itself(site: Site) -> None:
    job = await run_through(site, "poster", {"crop": "center", "6-inputs-width": "24"}, workflow_api=SCALED)
    assert (job["prompt"]["6"]["inputs"]["crop"], job["prompt"]["6"]["inputs"]["width"]) == ("center", 24)
    answer = await run(site, "poster", {"6-inputs-width": -1, "prompt": "a cat"}, workflow_api=SCALED)
    assert [problem["kind"] for problem in answer.json()["problems"]] == ["range", "unknown"]


# --- backends that change ---------------------------------------------------------------------------------------------
async def test_a_model_that_comes_while_the_server_runs_is_accepted_at_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewcomfy.worker.catalogs.FRESH_SECONDS", 0.0)
    async with open_site(tmp_path_factory.mktemp("data")) as site:
        await site.deploy("poster", POSTER)
        await deploy(site, "lacking", MISSING_MODEL, force=True)
        assert (await run(site, "poster", {"checkpoint": "tiny_sd4.safetensors"})).status_code == 422
        assert (await run(site, "lacking", {"seed": 1})).status_code == 422
        models = {**site.fake.catalog.models, "checkpoints": ("tiny_sd3.safetensors", "tiny_sd4.safetensors")}
        site.fake.catalog = replace(site.fake.catalog, models=models)
        await run_through(site, "poster", {"checkpoint": "tiny_sd4.safetensors"})
        await run_through(site, "lacking", {"seed": 1})
        assert (await manage(site, "GET", "deployments/lacking/report"))["ok"]
        assert (await deploy(site, "now", MISSING_MODEL)).status_code == 201


async def test_a_report_tells_backends_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(run_fake_comfy())
        other = await stack.enter_async_context(run_fake_comfy(models={"checkpoints": ("tiny_sd4.safetensors",)}))
        site = await stack.enter_async_context(open_site(tmp_path_factory.mktemp("data"), comfyui=f"{one.url},{other.url}"))
        made = await deploy(site, "poster", POSTER)
        assert made.json()["report"]["summary"] == "Runs on 1 of 2 backends: comfyui-0."
        (missing,) = made.json()["report"]["problems"]
        assert (missing["code"], missing["backends"], missing["nearest"]) == ("missing_model", ["comfyui-1"], ["tiny_sd4.safetensors"])
        wrong = await run(site, "poster", {"checkpoint": "tiny.safetensors"})
        assert set(wrong.json()["problems"][0]["allowed"]["choices"]) == {"tiny_sd3.safetensors", "tiny_sd4.safetensors"}


async def test_a_deployment_from_before_inputs_were_declared_gets_them_typed(site: Site) -> None:
    await site.services.deployments.deploy("old", POSTER)
    before = await manage(site, "GET", "deployments/old")
    assert {one["name"]: one["kind"] for one in before["inputs"]}["steps"] == "integer"
    assert [problem["kind"] for problem in (await run(site, "old", {"steps": 0})).json()["problems"]] == ["range"]
    await run_through(site, "old", {"prompt": "a cat", "steps": "1"})
    edited = await manage(site, "PATCH", "deployments/old/inputs", json={"inputs": {"prompt": {"name": "scene"}}, "allow_breaking": True})
    assert (edited["version"], edited["report"]["ok"]) == (2, True)
    assert "scene" in await inputs_of(site, "old")


async def test_a_broken_deployment_from_before_there_were_reports_is_refused(site: Site) -> None:
    await site.services.deployments.deploy("old-and-broken", BROKEN)
    async with nothing_reaches_comfyui(site):
        answer = await run(site, "old-and-broken", {"seed": 1})
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (422, "broken_link")


# --- a dry run --------------------------------------------------------------------------------------------------------
async def test_a_check_tells_what_a_deploy_would_do_and_does_nothing(site: Site) -> None:
    found = await manage(site, "POST", "check", json={"workflow_api": NO_OUTPUT, "name": "poster", "inputs": {"prompt": {"name": "scene"}}})
    assert "scene" in [one["name"] for one in found["inputs"]]
    assert [problem["code"] for problem in found["report"]["problems"]] == ["no_output"]
    assert {change["code"] for change in found["changes"] if change["breaking"]} == {"name_changed", "input_removed"}
    assert (await manage(site, "GET", "deployments/poster"))["version"] == 1
    alone = await manage(site, "POST", "check", json={"workflow_api": POSTER})
    assert (alone["changes"], alone["report"]["ok"]) == ([], True)


@pytest.mark.parametrize("body", [{}, {"workflow_api": POSTER, "app_file": APP}, {"app_file": {}}, {"app_file": {"workflows": []}}])
async def test_what_is_to_be_deployed_must_be_said_once_and_well(site: Site, body: dict[str, Any]) -> None:
    for answer in (await deploy(site, "unclear", **body), await site.http.post("/api/check", json=body, headers=site.admin)):
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
        assert answer.json()["hint"]


# --- edits ------------------------------------------------------------------------------------------------------------
async def test_edits_are_a_new_version_and_can_be_taken_back(site: Site) -> None:
    await site.deploy("edits", POSTER)
    made = await manage(site, "PATCH", "deployments/edits/inputs", json={"inputs": EDITS, "note": "Simpler.", "allow_breaking": True})
    assert (made["version"], made["current_version"], made["note"]) == (2, 2, "Simpler.")
    now = await inputs_of(site, "edits")
    assert next(iter(now)) == "steps"
    assert (now["scene"]["description"], now["negative_prompt"]["hidden"], now["steps"]["maximum"]) == ("What to see.", True, 4)
    assert "prompt" in await inputs_of(site, "edits", version=1)
    back = {"steps": {"maximum": None}, "negative_prompt": None, "scene": {"description": None}}
    await manage(site, "PATCH", "deployments/edits/inputs", json={"inputs": back})
    now = await inputs_of(site, "edits")
    assert (now["steps"]["maximum"], now["steps"]["order"], now["negative_prompt"]["hidden"]) == (10000, 0, False)
    assert now["scene"]["description"] == ""


async def test_every_problem_of_edits_is_told_and_none_is_made(site: Site) -> None:
    wrong = {"promt": {"name": "x"}, "steps": {"maximum": "9"}, "seed": {"name": "cfg"}, "cfg": {"colour": 1}, "width": {"name": "a b"}}
    answer = await site.http.patch("/api/deployments/poster/inputs", json={"inputs": wrong}, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
    assert {problem["input"] for problem in answer.json()["problems"]} == set(wrong)
    assert (await manage(site, "GET", "deployments/poster"))["version"] == 1


async def test_edits_and_names_follow_their_inputs_through_a_renumbered_export(site: Site) -> None:
    await deploy(site, "moving", POSTER, inputs=EDITS, title="Posters")
    more = {**renumbered(POSTER), "200": {"class_type": "PreviewImage", "inputs": {"images": ["108", 0]}}}
    refused = await deploy(site, "moving", more)
    assert {problem["code"] for problem in refused.json()["problems"]} == {"key_changed"}, "names stay, and keys can't"
    made = await deploy(site, "moving", more, allow_breaking=True)
    assert (made.status_code, made.json()["lost_edits"], made.json()["title"]) == (201, [], "Posters")
    now = await inputs_of(site, "moving")
    assert (now["scene"]["key"], now["steps"]["maximum"], now["negative_prompt"]["hidden"]) == ("106-inputs-text", 4, True)
    ran = await run_through(site, "moving", {"scene": "a cat", "seed": 8})
    assert ran["prompt"]["106"]["inputs"]["text"] == "a cat"


async def test_an_edit_whose_input_is_gone_is_told(site: Site) -> None:
    await deploy(site, "losing", POSTER, inputs=EDITS)
    without = with_inputs(POSTER, "3", negative=["6", 0])
    del without["7"]
    made = await deploy(site, "losing", without, allow_breaking=True)
    assert made.json()["lost_edits"] == ["7-inputs-text"]


# --- app files --------------------------------------------------------------------------------------------------------
async def test_an_app_file_is_deployed_and_given_back_as_it_was(site: Site) -> None:
    made = await deploy(site, "app", app_file=APP, force=True)
    assert made.status_code == 201, made.text
    form = APP["workflows"][0]["viewComfyJSON"]
    assert (made.json()["title"], made.json()["description"]) == (form["title"], form["description"])
    given_back = await site.http.get("/api/deployments/app/app", headers=site.admin)
    assert json.dumps(given_back.json()) == json.dumps(APP), "down to the order of the keys"
    now = await inputs_of(site, "app")
    assert (now["steps"]["minimum"], now["steps"]["maximum"], now["steps"]["default"]) == (4, 40, 12)
    assert [choice["value"] for choice in now["sampler"]["choices"]] == ["euler", "dpmpp_2m"]


async def test_what_is_edited_after_an_import_is_in_the_export(site: Site) -> None:
    await deploy(site, "edited-app", app_file=APP, force=True)
    edits = {"steps": {"label": "Care", "maximum": 30}}
    await manage(site, "PATCH", "deployments/edited-app/inputs", json={"inputs": edits, "allow_breaking": True})
    exported = await manage(site, "GET", "deployments/edited-app/app")
    again = await deploy(site, "app-again", app_file=exported, force=True)
    assert again.status_code == 201, again.text
    one, other = [await inputs_of(site, name) for name in ("edited-app", "app-again")]
    assert one == other
    assert (one["steps"]["label"], one["steps"]["maximum"]) == ("Care", 30)


async def test_any_deployment_can_be_exported_and_imported(site: Site) -> None:
    await deploy(site, "exported", POSTER, inputs=EDITS, title="Posters")
    again = await deploy(site, "imported", app_file=await manage(site, "GET", "deployments/exported/app"))
    assert (again.status_code, again.json()["title"]) == (201, "Posters")
    one, other = [[{**found, "order": 0} for found in (await inputs_of(site, name)).values()] for name in ("exported", "imported")]
    assert other == sorted(one, key=lambda found: found["advanced"]), "an app file has what is advanced at its end"


async def test_an_app_file_with_several_workflows_is_deployed_one_by_one(site: Site) -> None:
    answer = await deploy(site, "several", app_file={**APP, "workflows": [*APP["workflows"], *APP["workflows"]]})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert "2 workflows" in answer.json()["detail"]
