"""Versions on a real ComfyUI: every job runs what it was accepted with, and pictures tell which that was."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.core.app_files import field
from tests.e2e.pictures import opened, pixels
from tests.e2e.product import Json, Product
from tests.e2e.workflows import Workflow, colour, node, sleeping
from viewcomfy.cli.samples import TEXT_TO_IMAGE, sample_workflow

pytestmark = pytest.mark.e2e


def grey(seconds: float = 0.0) -> Workflow:
    """Return a workflow whose picture is as bright as its seed."""
    return sleeping(seconds)


def inverted(seconds: float = 0.0) -> Workflow:
    """Return the same with the picture turned into its negative."""
    return sleeping(seconds) | {
        "2": node("ImageInvert", image=["1", 0]),
        "9": node("SaveImage", images=["2", 0], filename_prefix="waited"),
    }


def near(value: int) -> Any:
    """Return what equals a brightness up to rounding."""
    return pytest.approx(value, abs=1)


def brightness(product: Product, job: Json) -> int:
    pixel = opened(*product.files(job)).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return int(pixel[0])


@pytest.fixture
def two(product: Product) -> str:
    """A deployment whose version 1 makes a grey picture and whose version 2, the current one, makes its negative."""
    name = product.deploy(grey())
    assert product.put(name, inverted(), note="the negative").json()["version"] == 2
    return name


def change(product: Product, method: str, path: str, **body: Any) -> Json:
    answer = product.admin.request(method, f"/api/deployments/{path}", json=body)
    assert answer.is_success, answer.text
    told: Json = answer.json()
    return told


def test_a_job_ends_with_the_version_that_it_began_with_whatever_is_current_then(product: Product) -> None:
    name = product.deploy(grey())
    product.put(name, inverted(1.0))
    running, waiting = product.run(name, {"seed": 100}), product.run(name, {"seed": 101})
    product.once(running, "running")
    assert change(product, "POST", f"{name}/rollback")["version"] == 1
    made = product.made(name, {"seed": 102})
    old = [product.ended(prompt_id) for prompt_id in (running, waiting)]
    assert [job["version"] for job in (*old, made)] == [2, 2, 1]
    assert [brightness(product, job) for job in (*old, made)] == [near(155), near(154), near(102)]
    versions = product.admin.get(f"/api/deployments/{name}/versions").json()["versions"]
    assert [(one["version"], one["current"]) for one in versions] == [(2, False), (1, True)]


def test_a_call_can_pin_a_version(product: Product, two: str) -> None:
    assert brightness(product, product.made(two, {"seed": 10})) == near(245)
    assert brightness(product, product.made(two, {"seed": 11}, version=1)) == near(11)
    headers = {"viewcomfy-version": "1"}
    by_header = product.http.post(f"/d/{two}/infer", data={"logs": "false", "params": '{"seed": 12}'}, headers=headers)
    assert pixels(by_header.json())[0] == near(12)
    unknown = product.call(two, {"seed": 13}, version=3)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_version")


def test_a_canary_gets_its_share_until_it_is_ended(product: Product) -> None:
    name = product.deploy(grey())
    assert product.put(name, inverted(), make_current=False).json()["current_version"] == 1
    change(product, "PUT", f"{name}/canary", version=2, percent=50)
    jobs = [product.ended(product.run(name, {"seed": seed})) for seed in range(30)]
    assert {job["version"] for job in jobs} == {1, 2}
    for seed, job in enumerate(jobs):
        assert brightness(product, job) == near(seed if job["version"] == 1 else 255 - seed)
    change(product, "PUT", f"{name}/canary", version=2, percent=0)
    assert {product.made(name, {"seed": seed})["version"] for seed in range(5)} == {1}


def test_what_would_break_callers_has_to_be_confirmed(product: Product, two: str) -> None:
    answer = product.put(two, colour())
    assert (answer.status_code, answer.json()["code"]) == (409, "breaking_change")
    assert "seed" in {problem["input"] for problem in answer.json()["problems"]}
    assert product.put(two, colour(), allow_breaking=True).json()["version"] == 3
    told = product.admin.get(f"/api/deployments/{two}/diff").json()
    assert (told["before"], told["after"], told["breaking"]) == (2, 3, True)
    assert product.call(two, {"seed": 1}).status_code == 422
    assert brightness(product, product.made(two, {"seed": 14}, version=2)) == near(241), "who pins it is not broken"


def renumbered(workflow: Workflow) -> Workflow:
    """Return a workflow with other node ids, in the opposite order."""
    ids = {node_id: str(100 - int(node_id)) for node_id in workflow}

    def moved(value: Any) -> Any:
        return [ids[value[0]], value[1]] if isinstance(value, list) else value

    return {
        ids[node_id]: {**one, "inputs": {name: moved(value) for name, value in one["inputs"].items()}} for node_id, one in workflow.items()
    }


def test_names_follow_their_nodes_when_an_export_has_numbered_them_anew(product: Product) -> None:
    name = product.deploy(sample_workflow(TEXT_TO_IMAGE))
    edits = {"prompt": {"name": "caption"}, "steps": {"maximum": 20, "default": 3}}
    change(product, "PATCH", f"{name}/inputs", inputs=edits, allow_breaking=True)
    said = {"caption": "a green field", "seed": 3}
    first = product.made(name, said)
    after = renumbered(sample_workflow(TEXT_TO_IMAGE))
    deployed = product.put(name, after, allow_breaking=True).json()
    assert (deployed["version"], deployed["lost_edits"]) == (3, [])
    assert {one["code"] for one in deployed["changes"] if one["breaking"]} == {"key_changed"}, "who calls by names is not broken"
    steps = product.inputs(name)["steps"]
    assert (steps["key"], steps["maximum"], steps["default"]) == ("97-inputs-steps", 20, 3)
    second = product.made(name, said)
    assert opened(*product.files(first)).tobytes() == opened(*product.files(second)).tobytes()
    assert product.call(name, {"steps": 21}).status_code == 422


# --- app files --------------------------------------------------------------------------------------------------------
def app_file() -> Json:
    """Return an app of the sample as the editor saves it: a prompt, a slider, a choice of two samplers, a seed."""
    options = [{"label": "Quick", "value": "euler"}, {"label": "Fine", "value": "heun"}]
    sampler = [
        field("3-inputs-steps", "Rounds", 4, "slider", slider={"min": 2, "max": 6, "step": 2}),
        field("3-inputs-sampler_name", "Way", "heun", "select", options=options),
        field("3-inputs-seed", "Seed", 1, "seed"),
    ]
    form = {
        "title": "Poster",
        "description": "Makes posters.",
        "previewImages": [None],
        "inputs": [
            {"title": "Prompt", "inputs": [field("6-inputs-text", "What to draw", "a barn", "long-text")], "key": "6-CLIPTextEncode"}
        ],
        "advancedInputs": [{"title": "Sampler", "inputs": sampler, "key": "3-KSampler"}],
        "id": "1c091028ac0b4",
        "colour": "not ours to understand",
    }
    entry = {"viewComfyJSON": form, "workflowApiJSON": sample_workflow(TEXT_TO_IMAGE)}
    return {"file_type": "view_comfy", "file_version": "1.0.0", "version": "0.0.1", "appTitle": "Studio", "workflows": [entry]}


def test_an_app_file_runs_by_its_fields_and_comes_back_as_it_was(product: Product) -> None:
    name, app = product.deploy(sample_workflow(TEXT_TO_IMAGE)), app_file()
    plain = f"{name}-plain"
    assert product.put(plain, sample_workflow(TEXT_TO_IMAGE)).is_success
    deployed = product.put(name, app_file=copy.deepcopy(app), allow_breaking=True)
    assert deployed.status_code == 201, deployed.text
    assert deployed.json()["title"] == "Poster"
    shown = {one["label"]: one for one in product.inputs(name).values() if not one["hidden"]}
    assert list(shown) == ["What to draw", "Rounds", "Way", "Seed"]
    assert (shown["Rounds"]["minimum"], shown["Rounds"]["maximum"], shown["Rounds"]["default"]) == (2, 6, 4)
    assert shown["Way"]["choices"] == [{"value": "euler", "label": "Quick"}, {"value": "heun", "label": "Fine"}]
    names = [one["name"] for one in shown.values()]
    made = product.made(name, dict(zip(names, ("a mill", 2, "euler", 9), strict=True)))
    same = product.made(plain, {"prompt": "a mill", "steps": 2, "sampler": "euler", "seed": 9})
    assert opened(*product.files(made)).tobytes() == opened(*product.files(same)).tobytes()
    forms_own = product.made(name, {names[3]: 9})
    same = product.made(plain, {"prompt": "a barn", "steps": 4, "sampler": "heun", "seed": 9})
    assert opened(*product.files(forms_own)).tobytes() == opened(*product.files(same)).tobytes(), "what the form shows is what runs"
    refused = product.call(name, {names[1]: 8, names[2]: "lms"})
    assert [problem["input"] for problem in refused.json()["problems"]] == names[1:3]
    assert product.admin.get(f"/api/deployments/{name}/app").json() == app
