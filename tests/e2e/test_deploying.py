"""Deploying to a real ComfyUI with models of its own: what it lacks is told, what it gets is used, and a kill leaves nothing half done."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.e2e.comfy_jobs import sampling
from tests.e2e.pictures import opened
from tests.e2e.product import ADMIN_TOKEN, PATIENCE, Product, until
from tests.e2e.workflows import Workflow, colour, node
from viewcomfy.comfy.installation import RECORD, Installation

pytestmark = pytest.mark.e2e

MODEL = "tiny_sd3.safetensors"
NEW_NODE = """
class TKNew:
    INPUT_TYPES = classmethod(lambda cls: {"required": {"number": ("INT", {"min": 3, "max": 30})}})
    RETURN_TYPES, FUNCTION, CATEGORY = ("INT",), "run", "testkit"

    def run(self, number):
        return (number,)


NODE_CLASS_MAPPINGS = {"TKNew": TKNew}
"""


@pytest.fixture(scope="module")
def own(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ComfyUI in a folder of its own, whose models and custom nodes a test may change."""
    folder = tmp_path_factory.mktemp("own") / "comfyui"
    folder.mkdir()
    for name in ("ComfyUI", "venv", RECORD):
        (folder / name).symlink_to(installation.base.parent / name)
    shutil.copytree(installation.models, folder / "base" / "models", copy_function=os.link)
    shutil.copytree(installation.base / "custom_nodes", folder / "base" / "custom_nodes")
    return folder


@pytest.fixture(scope="module")
def site(own: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A server of it; the tests follow one another, so that ComfyUI starts only where that is what they are about."""
    with Product(tmp_path_factory.mktemp("site") / "data", own, idle_timeout=0) as product:
        yield product


def models(own: Path) -> Path:
    return own / "base" / "models" / "checkpoints"


def with_model(name: str) -> Workflow:
    workflow = sampling(1, steps=2)
    workflow["1"]["inputs"]["ckpt_name"] = name
    return workflow


def problems(answer: httpx2.Response) -> list[tuple[str, str, str]]:
    """Return code, node and nearest names of what a refusal says."""
    return [(found["code"], found["node_id"], " ".join(found["nearest"])) for found in answer.json()["problems"]]


def test_a_deploy_by_force_and_bad_calls_start_no_comfyui(site: Product) -> None:
    name = site.deploy(sampling(1), force=True)
    begun = time.monotonic()
    for inputs in ({"promt": "x"}, {"steps": "many"}, {"prompt": ["1", 0]}):
        answer = site.call(name, inputs)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params"), inputs
    assert time.monotonic() - begun < 1
    assert [backend["starts"] for backend in site.backends()] == [0]
    assert site.comfyuis() == []


def test_a_deploy_asks_comfyui_once_and_knows_it_over_restarts(site: Product) -> None:
    name = site.deploy(sampling(1))
    assert [backend["starts"] for backend in site.backends()] == [1]
    report = site.admin.get(f"/api/deployments/{name}/report").json()
    assert (report["checked"], report["ok"], report["can_run_on"], report["problems"]) == (True, True, ["comfyui-0"], [])
    site.stop()
    site.start()
    begun = time.monotonic()
    again = site.put(name, sampling(1, steps=9)).json()
    assert (again["version"], again["report"]["checked"], again["report"]["ok"]) == (2, True, True)
    for inputs, words in (({"steps": 0}, "between 1 and 10000"), ({"sampler": "eulr"}, "'euler'"), ({"checkpoint": "x"}, MODEL)):
        answer = site.call(name, inputs)
        assert answer.status_code == 422
        assert words in answer.text
    assert time.monotonic() - begun < 2
    assert [backend["starts"] for backend in site.backends()] == [0]


def test_what_comfyui_does_not_have_is_told_with_the_nearest_names_and_deploys_by_force_only(site: Product) -> None:
    misspelt, absent = sampling(1) | {"3": node("EmptySD3Latent", width=64, height=64, batch_size=1)}, with_model("tiny_sd.safetensors")
    for workflow, found in (
        (misspelt, ("unknown_node_class", "3", "EmptySD3LatentImage")),
        (absent, ("missing_model", "1", MODEL)),
    ):
        answer = site.put(f"lacking-{found[1]}", workflow)
        assert (answer.status_code, answer.json()["code"]) == (422, "deployment_problems")
        [(code, node_id, nearest)] = problems(answer)
        assert (code, node_id, nearest.split()[0]) == found
        assert site.admin.get(f"/api/deployments/lacking-{found[1]}").status_code == 404, "nothing is stored"
        forced = site.put(f"lacking-{found[1]}", workflow, force=True)
        assert (forced.status_code, forced.json()["report"]["ok"]) == (201, False)
        called = site.call(f"lacking-{found[1]}", {"seed": 3})
        assert (called.status_code, called.json()["code"], problems(called)) == (422, code, problems(answer))
    assert [backend["starts"] for backend in site.backends()] == [0], "it was known without asking"


def test_the_doctor_names_what_cannot_run_and_why(site: Product, tmp_path: Path) -> None:
    ended = site.command("doctor", "--json", cwd=tmp_path)
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["ok"]) == (1, False)
    sick = {name: [problem["code"] for problem in report["problems"]] for name, report in found["deployments"].items() if not report["ok"]}
    assert sick == {"lacking-1": ["missing_model"], "lacking-3": ["unknown_node_class"]}
    assert {report["ok"] for report in found["deployments"].values()} == {True, False}
    assert found["checks"]


def test_a_model_that_comes_while_comfyui_runs_can_be_used_at_once(site: Product, own: Path) -> None:
    name, said = site.deploy(sampling(1)), {"seed": 5, "steps": 2}
    before = opened(*site.files(site.made(name, said)))
    assert site.call(name, {**said, "checkpoint": "new.safetensors"}).status_code == 422
    shutil.copyfile(models(own) / MODEL, models(own) / "new.safetensors")
    made = site.made(name, {**said, "checkpoint": "new.safetensors"})
    assert opened(*site.files(made)).tobytes() == before.tobytes(), "the same weights, by another name"
    assert "new.safetensors" in {choice["value"] for choice in site.inputs(site.deploy(sampling(2)))["checkpoint"]["choices"]}
    (models(own) / "new.safetensors").unlink()
    gone = site.call(name, {"seed": 6, "checkpoint": "new.safetensors"})
    known_yet = gone.status_code == 200  # what has just gone is missed some seconds later: until then ComfyUI itself refuses
    assert (gone.json()["error"]["code"] == "missing_model") if known_yet else (gone.json()["problems"][0]["kind"] == "choice_on_backend")


def test_what_was_deployed_by_force_runs_as_soon_as_it_can(site: Product, own: Path) -> None:
    assert site.call("lacking-1", {"seed": 4}).json()["code"] == "missing_model"
    shutil.copyfile(models(own) / MODEL, models(own) / "tiny_sd.safetensors")
    assert opened(*site.files(site.made("lacking-1", {"seed": 4}))).size == (256, 256)


def put(product: Product, name: str, workflow: Workflow) -> httpx2.Response:
    """Deploy over a connection of its own, that ends with the server."""
    headers, body = {"authorization": f"Bearer {ADMIN_TOKEN}"}, {"workflow_api": workflow}
    return httpx2.put(f"{product.url}/api/deployments/{name}", headers=headers, json=body, timeout=PATIENCE, trust_env=False)


def test_why_nothing_could_be_checked_is_told(serve: Callable[..., Product], own: Path) -> None:
    broken = serve(comfyui=own, comfyui_args="--no-such-option")
    report = broken.put("unchecked", sampling(1)).json()["report"]
    assert (report["checked"], report["ok"]) == (False, True)
    assert report["summary"].endswith("ComfyUI ended with exit code 2.")
    [check] = [check for check in broken.admin.get("/api/doctor").json()["checks"] if check["subject"] == "ComfyUI"]
    assert "--no-such-option" in check["message"]


def test_a_server_killed_while_it_deploys_starts_clean_and_deploys_then(site: Product, own: Path) -> None:
    workflow = colour() | {"1": {**colour()["1"], "inputs": {**colour()["1"]["inputs"], "color": ["2", 0]}}, "2": node("TKNew", number=7)}
    assert [code for code, _, _ in problems(site.put("killed", workflow))] == ["unknown_node_class"]
    site.stop()
    (own / "base" / "custom_nodes" / "testkit_new.py").write_text(NEW_NODE)
    site.start()
    catalogs = set(site.data_dir.glob("files/catalogs/*"))
    with ThreadPoolExecutor() as threads:
        deploying = threads.submit(put, site, "killed", workflow)
        until(lambda: set(site.data_dir.glob("files/catalogs/*")) - catalogs, "ComfyUI has told what it has")
        site.kill()
        assert deploying.exception() is None or isinstance(deploying.exception(), httpx2.TransportError)
    site.start()
    assert all(path.stat().st_size for path in site.data_dir.glob("files/catalogs/*"))
    answer = site.put("killed", workflow)
    assert (answer.status_code, answer.json()["report"]["ok"], answer.json()["report"]["checked"]) == (201, True, True)
    color = site.inputs("killed")["color"]
    assert (color["key"], color["minimum"], color["maximum"]) == ("2-inputs-number", 3, 30)
    assert site.call("killed", {"color": 31}).status_code == 422
    assert opened(*site.files(site.made("killed", {"color": 30}))).getpixel((0, 0)) == (0, 0, 30)
    assert len(site.comfyuis()) == 1
    assert site.tidies_up()
