"""`viewcomfy deploy`, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.poster import POSTER, with_value, without_negative
from tests.cli.typed import Typed
from tests.core.app_files import WORKFLOW as APP_WORKFLOW
from tests.e2e.product import Product
from tests.server.site_kit import PICTURE
from viewcomfy.environments.document import Code, Document, Torch
from viewcomfy.environments.toml import read_toml, write_toml

Type = Callable[..., Typed]
UNKNOWN = {**PICTURE, "2": {"class_type": "ImageScal", "inputs": {}}}
BROKEN = with_value(with_value(POSTER, "7", "sampler_name", "eulr"), "1", "ckpt_name", "tiny_sd33.safetensors")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Write JSON into a file here and return its name."""

    def write(value: Any, name: str = "w.json") -> str:
        (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value))
        return name

    return write


Written = Callable[..., str]


# --- what is made -----------------------------------------------------------------------------------------------------
def test_deploying_makes_versions_at_one_url(as_admin: Type, server: Product, written: Written) -> None:
    first = as_admin("deploy", "versions", written(PICTURE), "--json").json
    assert (first["name"], first["version"], first["url"]) == ("versions", 1, f"{server.url}/d/versions/infer")
    assert [one["name"] for one in first["inputs"]] == ["width", "height", "batch_size", "color", "filename_prefix"]
    assert as_admin("deploy", "versions", "w.json", "--json").json["version"] == 2
    told = as_admin("deploy", "versions", "w.json", "--time-limit", "5", "--note", "quicker", "--title", "Pictures")
    assert f"{server.url}/d/versions/infer" in told.out
    assert "Deployed versions, version 3." in told.err
    made = server.admin.get("/api/deployments/versions").json()
    assert (made["time_limit"], made["note"], made["title"]) == (5, "quicker", "Pictures")


def test_where_jobs_run_is_said_kept_and_changed(as_admin: Type, written: Written) -> None:
    told = as_admin("deploy", "placed", written(PICTURE), "--pool", "a100", "--priority", "0", "--memory", "20")
    assert "No worker of the pool 'a100' is there" in told.err
    assert as_admin("deploy", "placed", "w.json", "--json").json["pool"] == "a100"
    shown = as_admin("deployments", "show", "placed").out
    assert [word in shown for word in ("a100", "urgent", "20 GiB")] == [True, True, True]
    moved = as_admin("deployments", "place", "placed", "--pool", "default", "--json").json
    assert (moved["pool"], moved["priority"], moved["memory"], moved["version"]) == ("default", 0, 20, 3)
    assert as_admin("deployments", "place", "placed", "--memory", "0", "--priority", "2").code == 0
    told = as_admin("deployments", "place", "placed", "--priority", "1")
    assert (told.code, told.out.split()) == (0, ["pool", "default"]), "all is as it is by default"
    for wrong in (["--priority", "5"], ["--pool", "no pool"], ["--memory", "-1"], []):
        told = as_admin("deployments", "place", "placed", *wrong, "--json")
        assert (told.code, told.error["code"]) == (2, "bad_input")


def test_the_inputs_and_a_call_to_try_are_shown(as_admin: Type, server: Product, written: Written) -> None:
    told = as_admin("deploy", "shown", written(POSTER))
    assert told.code == 0
    assert "viewcomfy run shown --prompt 'a cat'" in told.out
    assert "Runs on comfyui-0" in told.err
    assert "negative_prompt" in told.out
    assert "advanced ones: `viewcomfy deployments show shown`" in told.out
    assert as_admin("run", "shown", "--prompt", "a cat", "--detach").code == 0


def test_inputs_may_be_changed_on_the_way(as_admin: Type, written: Written) -> None:
    edits = written({"prompt": {"name": "scene", "required": True}, "7-inputs-cfg": {"hidden": True}}, "inputs.json")
    told = as_admin("deploy", "edited", written(POSTER), "--inputs", edits, "--json").json
    inputs = {one["key"]: one for one in told["inputs"]}
    assert (inputs["4-inputs-text"]["name"], inputs["4-inputs-text"]["required"]) == ("scene", True)
    assert inputs["7-inputs-cfg"]["hidden"]
    for wrong in ("[]", '{"prompt": 1}'):
        assert as_admin("deploy", "edited", "w.json", "--inputs", written(wrong, "inputs.json"), "--json").error["code"] == "bad_input"


def test_edits_that_found_no_input_any_more_are_told(as_admin: Type, written: Written) -> None:
    as_admin("deploy", "losing", written(POSTER), "--inputs", written({"negative_prompt": {"label": "Not this"}}, "inputs.json"))
    told = as_admin("deploy", "losing", written(without_negative(POSTER)), "--allow-breaking")
    assert told.code == 0
    assert "had changed about 5-inputs-text" in told.err


def test_a_version_may_be_deployed_without_answering_calls(as_admin: Type, written: Written) -> None:
    as_admin("deploy", "aside", written(PICTURE))
    told = as_admin("deploy", "aside", "w.json", "--not-current")
    assert "Calls go on with version 1" in told.err
    assert "viewcomfy run aside --version 2 " in told.out


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("Bad Name", json.dumps(PICTURE), "invalid_name"),
        ("../x", json.dumps(PICTURE), "invalid_name"),
        ("ui", '{"nodes": []}', "invalid_workflow"),
        ("broken", "{", "invalid_json"),
        ("empty", "[]", "invalid_workflow"),
    ],
)
def test_what_cannot_be_deployed_is_refused(as_admin: Type, written: Written, name: str, text: str, code: str) -> None:
    told = as_admin("deploy", name, written(text), "--json")
    assert (told.code, told.error["code"]) == (2, code)


def test_deploying_wants_the_admin_token(as_caller: Type, written: Written) -> None:
    told = as_caller("deploy", "mine", written(PICTURE), "--json")
    assert (told.code, told.error["code"]) == (3, "forbidden")
    assert "admin token" in told.error["detail"]


def test_a_workflow_that_nothing_can_run_is_deployed_on_purpose_only(as_admin: Type, written: Written) -> None:
    told = as_admin("deploy", "ill", written(BROKEN))
    assert told.code == 2
    assert "error" in told.err
    assert "Nearest: 'tiny_sd3.safetensors'" in told.err
    assert "Nearest: 'euler'" in told.err
    assert "--force" in told.err
    assert "Also:" not in told.err
    as_json = as_admin("deploy", "ill", "w.json", "--json").error
    assert as_json["code"] == "deployment_problems"
    assert {problem["code"] for problem in as_json["details"]["report"]["problems"]} == {"missing_model", "invalid_choice"}
    assert as_admin("deployments", "show", "ill").code == 4
    assert as_admin("deploy", "ill", "w.json", "--force").code == 0


def test_a_node_class_that_is_missing_is_told_with_the_nearest(as_admin: Type, written: Written) -> None:
    told = as_admin("deploy", "odd", written(UNKNOWN))
    assert told.code == 2
    assert "'ImageScal'" in told.err
    assert "ImageScale" in told.err


def test_what_would_break_calls_must_be_confirmed(as_admin: Type, written: Written) -> None:
    as_admin("deploy", "breaking", written(POSTER))
    told = as_admin("deploy", "breaking", written(without_negative(POSTER)))
    assert told.code == 2
    assert "'negative_prompt'" in told.err
    assert "--allow-breaking" in told.err
    assert as_admin("deploy", "breaking", "w.json", "--json").error["code"] == "breaking_change"
    told = as_admin("deploy", "breaking", "w.json", "--allow-breaking")
    assert told.code == 0
    assert "breaks  'negative_prompt'" in told.err


# --- --check ----------------------------------------------------------------------------------------------------------
def test_a_check_says_what_would_happen_and_does_nothing(as_admin: Type, written: Written) -> None:
    told = as_admin("deploy", "checked", written(POSTER), "--check")
    assert told.code == 0
    assert "Runs on comfyui-0" in told.err
    assert "It would be deployed." in told.err
    assert "sampler" in told.out
    found = as_admin("deploy", "checked", "w.json", "--check", "--json").json
    assert found["report"]["ok"]
    assert {"photo", "prompt", "negative_prompt", "seed"} < {one["name"] for one in found["inputs"]}
    assert as_admin("deployments", "show", "checked").code == 4


def test_a_check_looks_at_the_place_that_is_asked_for(as_admin: Type, written: Written) -> None:
    document = write_toml(Document(Code("0.3.75", package="a==1.0", sha256="0" * 64, folder="comfy/"), "3.11.7", Torch("2.13.0", "cpu")))
    told = as_admin("deploy", "unmade", written(PICTURE), "--check", "--environment", written(document, "environment.toml"))
    assert (told.code, f"has the environment {read_toml(document).id}" in told.err) == (0, True)
    assert "'nowhere'" in as_admin("deploy", "unmade", "w.json", "--check", "--pool", "nowhere").err
    assert as_admin("deploy", "unmade", "w.json", "--check", "--warm-up-with", '{"nothing": 1}').code == 2
    listed = as_admin("env", "list", "--json").json
    assert read_toml(document).id not in [one["id"] for one in listed], "a check keeps nothing"


def test_a_check_ends_as_the_deploying_would(as_admin: Type, written: Written) -> None:
    as_admin("deploy", "would", written(POSTER))
    told = as_admin("deploy", "would", written(BROKEN), "--check", "--json")
    assert (told.code, told.json["report"]["ok"]) == (2, False)
    assert as_admin("deploy", "would", "w.json", "--check", "--force").code == 0
    told = as_admin("deploy", "would", written(without_negative(POSTER)), "--check")
    assert told.code == 2
    assert "without --allow-breaking" in told.err
    assert as_admin("deploy", "would", "w.json", "--check", "--not-current").code == 0
    assert as_admin("deployments", "versions", "would", "--json").json[0]["version"] == 1


# --- app files --------------------------------------------------------------------------------------------------------
def app_file(*titles: str) -> dict[str, Any]:
    """Return an app file with a workflow for each title; only its prompt is shown."""
    fields = [{"title": "Scene", "value": "a cat", "workflowPath": ["4", "inputs", "text"], "valueType": "String", "key": "4-inputs-text"}]
    form = {"description": "", "previewImages": [], "advancedInputs": [], "inputs": [{"title": "Prompt", "inputs": fields}]}
    entries = [{"viewComfyJSON": {**form, "title": title, "id": title}, "workflowApiJSON": POSTER} for title in titles]
    return {"file_type": "view_comfy", "file_version": "1.0.0", "version": "0.0.1", "workflows": entries}


def test_an_app_file_brings_its_inputs_and_its_title(as_admin: Type, written: Written) -> None:
    told = as_admin("deploy", "app", written(app_file("Posters"), "view_comfy.json"), "--json").json
    assert told["title"] == "Posters"
    assert [one["key"] for one in told["inputs"] if not one["hidden"]] == ["4-inputs-text"]
    assert as_admin("deployments", "export", "app", "-o", "again.json").code == 0
    assert as_admin("deploy", "app", "again.json", "--json").json["version"] == 2


@pytest.mark.parametrize(("wanted", "title"), [("postcards", "Postcards"), ("2", "Postcards"), ("Posters", "Posters")])
def test_one_of_several_workflows_is_picked(as_admin: Type, written: Written, wanted: str, title: str) -> None:
    file = written(app_file("Posters", "Postcards"), "view_comfy.json")
    assert as_admin("deploy", f"picked-{wanted.lower()}", file, "--workflow", wanted, "--json").json["title"] == title


def test_which_of_several_must_be_said(as_admin: Type, written: Written) -> None:
    file = written(app_file("Posters", "Postcards"), "view_comfy.json")
    for words in ([], ["--workflow", "3"], ["--workflow", "Stamps"]):
        told = as_admin("deploy", "which", file, *words, "--json")
        assert (told.code, told.error["code"]) == (2, "bad_input")
        assert "1 'Posters', 2 'Postcards'" in told.error["hint"]
    told = as_admin("deploy", "which", written(APP_WORKFLOW), "--workflow", "1", "--json")
    assert "is one workflow" in told.error["detail"]


def test_the_environment_of_jobs_is_a_file_or_an_id_and_can_be_taken_back(as_admin: Type, written: Written) -> None:
    document = Document(Code("0.3.75", package="a==1.0", sha256="0" * 64, folder="comfy/"), "3.11.2", Torch("2.9.0", "cpu"))
    told = as_admin("deploy", "environed", written(PICTURE), "--environment", written(write_toml(document), "environment.toml"))
    assert (told.code, f"has the environment {document.id}" in told.err) == (0, True)
    assert document.id in as_admin("deployments", "show", "environed").out
    moved = as_admin("deployments", "place", "environed", "--environment", "env-00000000000a", "--json").json
    assert moved["environment"] == "env-00000000000a"
    assert as_admin("deployments", "place", "environed", "--environment", "", "--json").json["environment"] == ""
    assert "neither an id nor a file" in as_admin("deploy", "environed", "w.json", "--environment", "nowhere.toml").err
