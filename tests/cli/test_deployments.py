"""`viewcomfy deployments`, `doctor` and `client`, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.poster import POSTER, with_value, without_negative
from tests.cli.test_run_inputs import folded
from tests.cli.typed import Typed
from tests.e2e.product import ADMIN_TOKEN, COMMAND, Product, environment
from tests.server.site_kit import PICTURE

Type = Callable[..., Typed]


@pytest.fixture
def poster(server: Product) -> str:
    return server.deploy(POSTER)


@pytest.fixture
def grown(server: Product, poster: str) -> str:
    """A deployment of two versions, of which the second answers."""
    answer = server.admin.put(
        f"/api/deployments/{poster}", json={"workflow_api": with_value(POSTER, "7", "steps", 4), "note": "more steps"}
    )
    assert answer.status_code == 201
    return poster


# --- looking ----------------------------------------------------------------------------------------------------------
def test_deployments_are_listed(as_admin: Type, grown: str) -> None:
    row = next(line for line in as_admin("deployments", "list").out.splitlines() if line.startswith(f"{grown} "))
    assert row.split()[1] == "2"
    listed = {one["name"]: one for one in as_admin("deployments", "list", "--json").json}
    assert listed[grown]["current_version"] == 2


def test_a_deployment_is_shown_with_its_inputs(as_caller: Type, grown: str, server: Product) -> None:
    told = as_caller("deployments", "show", grown)
    assert "2, the current one" in told.out
    assert f"{server.url}/d/{grown}/docs" in told.out
    assert "more steps" in told.out
    basic, _, advanced = told.out.partition("Advanced inputs")
    assert "negative_prompt" in basic
    assert "From 1 to 10000." in advanced
    old = as_caller("deployments", "show", grown, "--version", "1", "--json").json
    assert next(one["default"] for one in old["inputs"] if one["name"] == "steps") == 2


def test_one_input_is_shown_with_all_its_choices(as_caller: Type, poster: str) -> None:
    for word in ("sampler", "7-inputs-sampler_name"):
        told = as_caller("deployments", "show", poster, word)
        assert "7-inputs-sampler_name" in told.out
        assert "euler_ancestral" in told.out.splitlines()
    assert as_caller("deployments", "show", poster, "sampler", "--json").json["kind"] == "choice"
    told = as_caller("deployments", "show", poster, "smapler", "--json")
    assert (told.code, told.error["hint"]) == (2, "Did you mean 'sampler'?")


def test_a_report_says_where_it_runs(as_admin: Type, server: Product, poster: str) -> None:
    told = as_admin("deployments", "report", poster)
    assert (told.code, "Runs on comfyui-0" in told.out) == (0, True)
    ill = server.deploy(with_value(POSTER, "7", "sampler_name", "eulr"), force=True)
    told = as_admin("deployments", "report", ill)
    assert (told.code, "Nearest: 'euler'" in told.out) == (1, True)
    assert as_admin("deployments", "report", ill, "--json").json["problems"][0]["nearest"] == ["euler"]


# --- versions ---------------------------------------------------------------------------------------------------------
def test_versions_are_listed_newest_first(as_admin: Type, grown: str) -> None:
    lines = as_admin("deployments", "versions", grown).out.splitlines()
    assert [line.split()[0] for line in lines] == ["VERSION", "2", "1"]
    assert "current" in lines[1]
    assert "more steps" in lines[1]
    assert [one["version"] for one in as_admin("deployments", "versions", grown, "-n", "1", "--json").json] == [2]


def test_a_diff_says_what_breaks_calls(as_admin: Type, server: Product, grown: str) -> None:
    told = as_admin("deployments", "diff", grown)
    assert "From version 1 to 2: every call goes on working." in told.out
    assert "'steps' is 4 now; it was 2" in told.out
    server.admin.put(f"/api/deployments/{grown}", json={"workflow_api": without_negative(POSTER), "allow_breaking": True})
    told = as_admin("deployments", "diff", grown, "1", "3")
    assert "From version 1 to 3: 1 breaking change." in told.out
    assert "breaks  'negative_prompt'" in told.out
    assert as_admin("deployments", "diff", grown, "3", "3", "--json").json["changes"] == []
    assert "nothing changes for callers" in as_admin("deployments", "diff", grown, "3", "3").out


def test_rolling_back_is_one_command(as_admin: Type, grown: str) -> None:
    assert "get version 1 now" in as_admin("deployments", "rollback", grown).err
    assert as_admin("deployments", "rollback", grown, "2", "--json").json["current_version"] == 2
    assert as_admin("deployments", "rollback", grown, "9", "--json").error["code"] == "unknown_version"


def test_a_canary_gets_a_share_of_the_calls(as_admin: Type, grown: str) -> None:
    assert "10 % of the calls" in as_admin("deployments", "canary", grown, "1", "10").err
    assert "1 (10 %)" in as_admin("deployments", "list").out
    assert "version 1 gets 10 % of the calls" in as_admin("deployments", "show", grown).out
    assert as_admin("deployments", "canary", grown, "1", "25%", "--json").json["canary_percent"] == 25
    assert "All calls" in as_admin("deployments", "canary", grown, "1", "0").err
    assert as_admin("deployments", "canary", grown, "1", "some", "--json").error["code"] == "bad_input"


# --- editing ----------------------------------------------------------------------------------------------------------
def test_an_input_is_edited_which_makes_a_version(as_admin: Type, poster: str) -> None:
    words = ["--label", "Steps", "--describe", "How long to paint.", "--default", "8", "--basic", "--order", "0", "--note", "friendlier"]
    told = as_admin("deployments", "edit", poster, "steps", *words)
    assert told.code == 0
    assert "is at version 2 now" in told.err
    assert "How long to paint." in told.out
    shown = as_admin("deployments", "show", poster, "steps", "--json").json
    assert (shown["default"], shown["advanced"], shown["order"]) == (8, False, 0)
    assert as_admin("deployments", "versions", poster, "--json").json[0]["note"] == "friendlier"


def test_limits_and_choices_are_of_the_inputs_kind(as_admin: Type, poster: str) -> None:
    words = ["--min", "1", "--max", "7.5", "--default", "7", "--allow-breaking", "--json"]
    shown = {one["name"]: one for one in as_admin("deployments", "edit", poster, "cfg", *words).json["inputs"]}["cfg"]
    assert (shown["minimum"], shown["maximum"], shown["default"]) == (1, 7.5, 7)
    edited = as_admin("deployments", "edit", poster, "steps", "--choices", "2,4,8", "--allow-breaking", "--json").json
    shown = {one["name"]: one for one in edited["inputs"]}["steps"]
    assert (shown["kind"], [choice["value"] for choice in shown["choices"]]) == ("choice", [2, 4, 8])
    edited = as_admin("deployments", "edit", poster, "prompt", "--choices", '"a cat", "a dog, asleep"', "--allow-breaking", "--json").json
    shown = {one["name"]: one for one in edited["inputs"]}["prompt"]
    assert [choice["value"] for choice in shown["choices"]] == ["a cat", "a dog, asleep"]


def test_an_edit_is_taken_back(as_admin: Type, poster: str) -> None:
    as_admin("deployments", "edit", poster, "steps", "--label", "Steps!", "--hide", "--default", "8")
    told = as_admin("deployments", "edit", poster, "steps", "--reset", "label", "--show", "--json").json
    shown = {one["name"]: one for one in told["inputs"]}["steps"]
    assert (shown["label"] == "Steps!", shown["hidden"], shown["default"]) == (False, False, 8)
    told = as_admin("deployments", "edit", poster, "steps", "--reset", "all", "--json").json
    assert {one["name"]: one for one in told["inputs"]}["steps"]["default"] == 2


def test_a_new_name_breaks_nobody_who_was_told(as_admin: Type, poster: str) -> None:
    told = as_admin("deployments", "edit", poster, "photo", "--name", "portrait")
    assert told.code == 2
    assert "--allow-breaking" in told.err
    assert "--not-current" not in told.err
    assert as_admin("deployments", "edit", poster, "photo", "--name", "portrait", "--required", "--allow-breaking").code == 0
    assert as_admin("deployments", "show", poster, "portrait", "--json").json["required"]


@pytest.mark.parametrize(
    "words",
    [
        ["steps"],
        ["stps", "--hide"],
        ["steps", "--min", "many"],
        ["steps", "--reset", "colour"],
        ["steps", "--name", "prompt", "--allow-breaking"],
        ["steps", "--choices", '"2'],
    ],
)
def test_what_cannot_be_edited_is_refused(as_admin: Type, poster: str, words: list[str]) -> None:
    told = as_admin("deployments", "edit", poster, *words, "--json")
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] in ("bad_input", "invalid_params")


# --- away with it -----------------------------------------------------------------------------------------------------
def test_an_app_file_is_written(as_admin: Type, poster: str, tmp_path: Path) -> None:
    assert "view_comfy.json" in as_admin("deployments", "export", poster).err
    assert json.loads((tmp_path / "view_comfy.json").read_text())["file_type"] == "view_comfy"
    assert as_admin("deployments", "export", poster, "-o", "-", "--version", "1").json["workflows"]
    assert as_admin("deployments", "export", poster, "-o", "no/folder.json").code == 2


def test_a_deployment_is_removed(as_admin: Type, poster: str) -> None:
    assert as_admin("deployments", "remove", poster, "--yes").code == 0
    assert as_admin("deployments", "show", poster).code == 4
    assert as_admin("deployments", "remove", poster, "--json").error["code"] == "unknown_deployment"


@pytest.mark.parametrize(("typed_in", "code", "shown"), [(b"n\n", 130, 0), (b"\x04", 130, 0), (b"y\n", 0, 4)])
def test_a_person_is_asked_before_a_deployment_goes(
    as_admin: Type, server: Product, poster: str, typed_in: bytes, code: int, shown: int
) -> None:
    keyboard, terminal = os.openpty()
    env = environment(server=server.url, admin_token=ADMIN_TOKEN)
    with subprocess.Popen([*COMMAND, "deployments", "remove", poster], env=env, stdin=terminal, stderr=subprocess.PIPE) as process:
        os.write(keyboard, typed_in)
        assert process.wait(30) == code
    os.close(terminal)
    os.close(keyboard)
    assert as_admin("deployments", "show", poster).code == shown


# --- doctor -----------------------------------------------------------------------------------------------------------
def test_the_doctor_looks_at_everything(as_admin: Type, server: Product, poster: str) -> None:
    ill = server.deploy(with_value(POSTER, "7", "sampler_name", "eulr"), force=True)
    told = as_admin("doctor")
    assert told.code == 1
    assert "disk of the data folder" in told.out
    rows = {line.split()[0]: folded(line) for line in told.out.splitlines() if line.startswith(("workflow-", "DEPLOYMENT"))}
    assert rows["DEPLOYMENT"] == "DEPLOYMENT comfyui-0"
    assert rows[poster] == f"{poster} runs"
    assert rows[ill] == f"{ill} 1 problem"
    assert "Nearest: 'euler'" in told.out
    found = as_admin("doctor", "--json")
    assert (found.code, found.json["ok"], found.json["deployments"][poster]["ok"]) == (1, False, True)


def test_the_doctor_is_for_the_owner(as_caller: Type) -> None:
    assert as_caller("doctor").code == 3


# --- client -----------------------------------------------------------------------------------------------------------
def test_a_typed_client_is_written(as_caller: Type, server: Product, tmp_path: Path) -> None:
    name = server.deploy(PICTURE)
    told = as_caller("client", name)
    file = f"{name.replace('-', '_')}_client.py"
    assert file in told.err
    text = (tmp_path / file).read_text()
    compile(text, file, "exec")
    assert "width: int | None = None" in text
    assert server.url in text
    assert as_caller("client", name, "--typescript", "--json").json["path"].endswith("_client.ts")
    assert "width?: number" in as_caller("client", name, "--typescript", "-o", "-", "--version", "1").out
    assert as_caller("client", "nowhere").code == 4
