"""The deployer: drafts checked against what the backends have, edits that follow, versions that break nobody unasked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.core.app_files import field
from tests.server.editor_workflows import MODEL, node, picture, picture_api, untitled
from tests.server.poster import BROKEN, MISSING_MODEL, POSTER, renumbered, with_inputs
from tests.service.kit import Desk
from viewcomfy.core.catalog_files import catalog_key, pack, parse
from viewcomfy.core.errors import BadInput, BreakingChange, DeploymentProblems, InvalidName, InvalidParams, UiWorkflow, UnknownDeployment
from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.core.models import Model
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.conversions import Conversions
from viewcomfy.service.deployer import Deployer, Wanted, report_of
from viewcomfy.service.doctor import Doctor
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.place import Place
from viewcomfy.service.soundings import Soundings
from viewcomfy.service.verdicts import Verdicts
from viewcomfy.testing.fake_comfy.fake import FakeComfy

pytestmark = pytest.mark.anyio


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def know(desk: Desk, *backends: Sequence[str] | None) -> None:
    """Tell, as a worker does, of backends with these checkpoints; None is a backend of which nothing is known."""
    told: list[dict[str, Any]] = []
    for number, checkpoints in enumerate(backends):
        revision = None
        if checkpoints is not None:
            fake = FakeComfy(models={"checkpoints": checkpoints})
            raw = json.dumps({name: fake.catalog.describe(name) for name in fake.catalog.classes}).encode()
            revision = parse(raw).revision
            await desk.files.put(catalog_key(revision), chunks(pack(raw)))
        told.append({"name": f"comfyui-{number}", "catalog": revision})
    await desk.engine.present(WorkerInfo("test", "default", tuple(told)))


@pytest.fixture
def catalogs(desk: Desk) -> CatalogService:
    return CatalogService(engine=desk.engine, files=desk.files)


@pytest.fixture
def deployer(desk: Desk, catalogs: CatalogService) -> Deployer:
    return Deployer(desk.deployments, catalogs, Conversions(catalogs), Eligibility(Verdicts(), desk.store.needs, catalogs, desk.engine))


def wanted(workflow: Any = None, **options: Any) -> Wanted:
    return Wanted(**{"workflow": workflow or POSTER, "changes": {}, **options})


def by_name(inputs: Sequence[Input]) -> dict[str, Input]:
    return {one.name: one for one in inputs}


async def test_a_draft_is_typed_by_what_the_backends_have(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    found = await deployer.check(None, wanted())
    assert (found.deployment.version, found.deployment.checked, found.report.ok, found.changes) == (0, True, True, ())
    assert by_name(found.deployment.inputs)["steps"].kind is InputKind.INTEGER
    assert await desk.deployments.list() == []


async def test_without_a_backend_only_the_workflow_itself_is_judged(desk: Desk, deployer: Deployer) -> None:
    found = await deployer.deploy("poster", wanted())
    assert (found.deployment.checked, found.report.checked, found.report.ok) == (False, False, True)
    with pytest.raises(DeploymentProblems, match="Not checked"):
        await deployer.deploy("poster", wanted(BROKEN))


async def test_what_was_deployed_unchecked_is_typed_as_soon_as_a_backend_is_known(
    desk: Desk, catalogs: CatalogService, deployer: Deployer
) -> None:
    await deployer.deploy("poster", wanted(changes={"prompt": {"name": "scene"}}))
    checker, deployment = Checker(catalogs), await desk.deployments.get("poster")
    assert by_name(await checker.inputs(deployment))["steps"].minimum is None
    await know(desk, ["tiny_sd3.safetensors"])
    now = by_name(await checker.inputs(deployment))
    assert (now["steps"].minimum, now["scene"].key) == (1, "6-inputs-text")
    assert await checker.inputs(deployment) is await checker.inputs(deployment), "it is worked out once"
    await know(desk, ["other.safetensors"])
    assert [choice.value for choice in by_name(await checker.inputs(deployment))["checkpoint"].choices or ()] == ["other.safetensors"]


async def test_an_edit_while_no_backend_is_known_is_typed_later(desk: Desk, catalogs: CatalogService, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    await deployer.deploy("poster", wanted())
    await know(desk)
    edited = (await deployer.edit("poster", {"prompt": {"label": "Scene"}})).deployment
    assert (edited.version, edited.checked) == (2, False)
    await know(desk, ["tiny_sd3.safetensors"])
    now = by_name(await Checker(catalogs).inputs(edited))
    assert (now["steps"].maximum, now["prompt"].label) == (10000, "Scene")


async def test_problems_are_told_with_the_whole_report(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"], ["other.safetensors"])
    with pytest.raises(DeploymentProblems) as fault:
        await deployer.deploy("poster", wanted(MISSING_MODEL))
    assert fault.value.details["report"]["backends"] == ["comfyui-0", "comfyui-1"]
    assert [problem["code"] for problem in fault.value.problems] == ["missing_model"]
    forced = await deployer.deploy("poster", wanted(MISSING_MODEL, force=True))
    assert (forced.deployment.runs, forced.report.ok) == (False, False)
    await deployer.deploy("poster", wanted(POSTER))


async def test_a_report_is_on_what_runs_where_a_call_says_nothing(desk: Desk, catalogs: CatalogService, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    default = {"checkpoint": {"default": "tiny_sd3.safetensors"}}
    found = await deployer.deploy("poster", wanted(MISSING_MODEL, changes=default))
    assert found.report.ok
    assert (await deployer.report(found.deployment)).ok
    soundings = Soundings(store=desk.store.about, files=desk.files, engine=desk.engine, folder=desk.folder)
    doctor = Doctor(
        deployments=desk.deployments, catalogs=catalogs, engine=desk.engine, soundings=soundings, folder=desk.folder, version="1.0"
    )
    assert (await doctor.examine()).deployments["poster"].ok


async def test_a_list_that_is_a_default_is_no_connection(desk: Desk, catalogs: CatalogService, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    listed = with_inputs(POSTER, "6", text={"__value__": ["a", "b"]})
    declared = replace(by_name((await deployer.check(None, wanted())).deployment.inputs)["prompt"], default=["c", "d"], own_default=True)
    assert report_of(listed, (declared,), await catalogs.by_backend()).ok


async def test_names_and_edits_follow_a_renumbered_export(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    await deployer.deploy("poster", wanted(changes={"prompt": {"name": "scene", "required": True}}, title="Posters"))
    with pytest.raises(BreakingChange) as fault:
        await deployer.deploy("poster", wanted(renumbered(POSTER)))
    assert {problem["code"] for problem in fault.value.problems} == {"key_changed"}
    found = await deployer.deploy("poster", wanted(renumbered(POSTER), allow_breaking=True))
    assert by_name(found.deployment.inputs)["scene"].key == "106-inputs-text"
    assert (by_name(found.deployment.inputs)["scene"].required, found.lost, found.deployment.title) == (True, (), "Posters")


async def test_a_name_that_callers_know_stays_though_the_node_is_titled_anew(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    named = {**POSTER, "5": {**POSTER["5"], "_meta": {"title": "Canvas"}}}
    for before in (await desk.deployments.deploy("old", POSTER), (await deployer.deploy("new", wanted())).deployment):
        found = await deployer.check(before.name, wanted({**named, "6": {**POSTER["6"], "_meta": {"title": "What to paint"}}}))
        assert by_name(found.deployment.inputs)["prompt"].key == "6-inputs-text"
        assert [change.code for change in found.changes if change.breaking] == []


async def test_what_is_not_said_stays_as_it_was(desk: Desk, deployer: Deployer) -> None:
    await deployer.deploy("poster", wanted(title="Posters", description="For walls.", note="The first."))
    again = (await deployer.deploy("poster", wanted())).deployment
    assert (again.title, again.description, again.note) == ("Posters", "For walls.", "")
    assert (await deployer.deploy("poster", wanted(title=""))).deployment.title == ""


async def test_a_version_that_is_not_made_current_need_not_be_confirmed(desk: Desk, deployer: Deployer) -> None:
    await deployer.deploy("poster", wanted())
    found = await deployer.deploy("poster", wanted(renumbered(POSTER), make_current=False))
    assert (found.deployment.version, (await desk.deployments.get("poster")).version) == (2, 1)


async def test_edits_are_checked_before_they_are_kept(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    await deployer.deploy("poster", wanted())
    with pytest.raises(InvalidParams) as fault:
        await deployer.edit("poster", {"steps": {"minimum": 0}, "promt": {"label": "x"}})
    assert {problem["input"] for problem in fault.value.problems} == {"steps", "promt"}
    with pytest.raises(BreakingChange):
        await deployer.edit("poster", {"seed": {"locked": True}})
    with pytest.raises(UnknownDeployment):
        await deployer.edit("nothing", {})
    assert (await desk.deployments.get("poster")).version == 1


async def test_what_the_editor_saves_is_deployed_with_the_models_that_it_names(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    loader = node(2, "CheckpointLoaderSimple", [MODEL["name"]], properties={"models": [MODEL]})
    workflow = picture()
    workflow["nodes"].append(loader)
    made = (await deployer.deploy("black", wanted(workflow, place=Place(models=[Model("vae", "mine.safetensors")])))).deployment
    assert [name for name in by_name(made.inputs) if name in ("width", "checkpoint")] == ["width", "checkpoint"]
    named = Model("checkpoints", MODEL["name"], MODEL["url"])
    assert made.models == (Model("vae", "mine.safetensors"), named)
    again = (await deployer.deploy("black", wanted(picture(), allow_breaking=True))).deployment
    assert again.models == made.models, "those of the version before"
    own = Model("checkpoints", MODEL["name"], "https://mirror.example/x")
    assert (await deployer.deploy("black", wanted(workflow, place=Place(models=[own])))).deployment.models == (own,)


async def test_what_is_secret_in_the_urls_of_an_editors_workflow_is_not_kept(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    secret = {**MODEL, "url": "https://me:word@models.example/tiny_sd3.safetensors?token=abc&download=true"}
    workflow = picture()
    workflow["nodes"].append(node(2, "CheckpointLoaderSimple", [MODEL["name"]], properties={"models": [secret]}))
    made = (await deployer.deploy("black", wanted(workflow))).deployment
    assert [model.url for model in made.models] == [f"{MODEL['url']}?download=true"]


async def test_an_app_file_may_hold_what_the_editor_saves(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["tiny_sd3.safetensors"])
    form = {"title": "Black", "inputs": [{"title": "Picture", "inputs": [field("1-inputs-width", "Broad", 8, "number")]}]}
    app = {"file_type": "view_comfy", "workflows": [{"viewComfyJSON": form, "workflowApiJSON": picture()}]}
    made = (await deployer.deploy("black", replace(wanted(app_file=app), workflow=None))).deployment
    assert (made.title, untitled(dict(made.workflow))) == ("Black", picture_api())
    assert [one.label for one in made.inputs if not one.hidden] == ["Broad"]


async def test_to_convert_a_comfyui_is_asked_even_by_a_forced_deploy(desk: Desk, deployer: Deployer) -> None:
    async def learn() -> None:
        await know(desk, ["tiny_sd3.safetensors"])

    await know(desk, None)
    with pytest.raises(UiWorkflow):
        await deployer.deploy("black", wanted(picture(), force=True))
    desk.inspect = learn
    for force in (True, False):
        await know(desk, None)
        assert untitled(dict((await deployer.deploy("black", wanted(picture(), force=force))).deployment.workflow)) == picture_api()


@pytest.mark.parametrize(("said", "error"), [
    ({"workflow": {"nodes": [], "links": []}}, UiWorkflow),
    ({"workflow": None}, BadInput),
    ({"app_file": {"workflows": []}}, BadInput),
])  # fmt: skip
async def test_what_can_not_be_deployed_is_refused(deployer: Deployer, said: dict[str, Any], error: type[BadInput]) -> None:
    with pytest.raises(error):
        await deployer.check(None, replace(wanted(), **said))
    with pytest.raises(InvalidName):
        await deployer.deploy("No Name", wanted())


async def test_a_forced_deploy_waits_for_no_comfyui(desk: Desk, deployer: Deployer) -> None:
    async def for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    desk.inspect = for_ever
    async with asyncio.timeout(5):
        found = await deployer.deploy("poster", wanted(force=True))
    assert found.deployment.version == 1
