"""The commands that talk to a server, against a real one."""

from __future__ import annotations

import json
import signal
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from tests.e2e.product import COMMAND, Product, environment, until
from tests.server.site_kit import FAILING, PICTURE, UPLOADED, WAITING
from viewcomfy.cli.samples.photo import photo

Type = Callable[..., Typed]
SLOW = {**WAITING, "1": {"class_type": "TKWait", "inputs": {"seconds": 60, "steps": 600, "seed": 1}}}


@pytest.fixture
def picture(server: Product) -> str:
    return server.deploy(PICTURE)


@pytest.fixture
def ended(server: Product, picture: str) -> str:
    """A job that has succeeded."""
    prompt_id = server.run(picture, {"1-inputs-width": 8})
    assert server.ended(prompt_id)["status"] == "succeeded"
    return prompt_id


# --- run --------------------------------------------------------------------------------------------------------------
def test_a_run_saves_its_outputs_and_writes_their_paths(as_caller: Type, picture: str, tmp_path: Path) -> None:
    told = as_caller("run", picture, "-p", "1-inputs-width=16", "-o", "out")
    assert told.code == 0
    (saved,) = told.out.splitlines()
    assert (tmp_path / saved).read_bytes().startswith(b"\x89PNG")
    assert saved.startswith("out/")
    assert "Done in" in told.err


def test_a_run_for_programs_is_one_document(as_caller: Type, picture: str, tmp_path: Path) -> None:
    told = as_caller("run", picture, "-p", "1-inputs-width=16", "-o", "out", "--json")
    result = told.json
    assert sorted(result) == ["execution_time_seconds", "outputs", "prompt", "prompt_id", "status"]
    assert result["status"] == "succeeded"
    assert result["prompt"]["1"]["inputs"]["width"] == 16
    (output,) = result["outputs"]
    assert output["size"] == (tmp_path / output["path"]).stat().st_size
    assert output["content_type"] == "image/png"


def test_the_logs_come_on_stderr_unless_quiet_is_wanted(as_caller: Type, server: Product) -> None:
    waiting = server.deploy(WAITING)
    assert "got prompt" in as_caller("run", waiting, "-p", "1-inputs-seed=1").err
    assert "got prompt" not in as_caller("run", waiting, "-p", "1-inputs-seed=2", "--quiet").err


def test_a_file_is_sent_and_comes_back(as_caller: Type, server: Product, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo())
    told = as_caller("run", server.deploy(UPLOADED), "-p", "5-inputs-image=@photo.jpg", "--json")
    assert told.json["prompt"]["5"]["inputs"]["image"].endswith("photo.jpg")
    assert len(told.json["outputs"]) == 1


def test_a_run_may_be_given_by_the_endpoints_url_and_by_a_file_of_params(
    as_caller: Type, server: Product, picture: str, tmp_path: Path
) -> None:
    (tmp_path / "params.json").write_text('{"1-inputs-width": 24, "1-inputs-height": 24}')
    told = as_caller("run", f"{server.url}/d/{picture}/infer", "--params", "params.json", "-p", "1-inputs-width=32", "--json")
    assert told.json["prompt"]["1"]["inputs"] | {"width": 32, "height": 24} == told.json["prompt"]["1"]["inputs"]


def test_a_workflow_may_replace_the_deployed_one(as_caller: Type, picture: str, tmp_path: Path) -> None:
    other = {**PICTURE, "1": {"class_type": "EmptyImage", "inputs": {**PICTURE["1"]["inputs"], "width": 40}}}
    (tmp_path / "w.json").write_text(json.dumps(other))
    assert as_caller("run", picture, "--workflow-api", "w.json", "--json").json["prompt"]["1"]["inputs"]["width"] == 40


def test_a_run_that_fails_says_why_and_where_to_look(as_caller: Type, server: Product) -> None:
    failing = server.deploy(FAILING)
    told = as_caller("run", failing, "-p", "1-inputs-seed=5")
    assert told.code == 1
    assert "TKFail" in told.err
    assert "viewcomfy jobs show" in told.err
    assert as_caller("run", failing, "-p", "1-inputs-seed=6", "--json").error["code"] == "workflow_failed"


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (["run", "nowhere", "-p", "a=1"], 4, "unknown_deployment"),
        (["run", "{picture}", "-p", "9-inputs-nothing=1"], 2, "invalid_params"),
        (["run", "{picture}", "-p", "1-inputs-width=wide"], 2, "invalid_params"),
        (["run", "{picture}", "-p", "1-inputs-width=@nope.png"], 2, "invalid_upload"),
        (["run", "{picture}"], 2, "empty_params"),
        (["run", "{picture}", "-p", "1-inputs-width=1", "--client-secret", "wrong"], 3, "invalid_key"),
        (["jobs", "show", str(uuid.uuid4())], 4, "unknown_job"),
    ],
)
def test_each_mistake_has_its_code(as_caller: Type, picture: str, words: list[str], exit_code: int, code: str) -> None:
    told = as_caller(*(word.replace("{picture}", picture) for word in words), "--json")
    assert (told.code, told.error["code"], told.out) == (exit_code, code, "")


def test_waiting_can_end_before_the_job_does(as_caller: Type, server: Product) -> None:
    told = as_caller("run", server.deploy(SLOW), "-p", "1-inputs-seed=3", "--timeout", "0.5", "--json")
    assert (told.code, told.error["code"]) == (6, "still_running")
    prompt_id = told.error["details"]["prompt_id"]
    assert as_caller("jobs", "cancel", prompt_id, "--json").json["prompt_id"] == prompt_id
    assert server.ended(prompt_id)["status"] == "canceled"


def test_a_detached_run_is_found_again_by_its_id(as_caller: Type, picture: str) -> None:
    prompt_id = as_caller("run", picture, "-p", "1-inputs-width=12", "--detach").out.strip()
    told = as_caller("jobs", "save", prompt_id, "-o", "later", "--json").json
    assert told["prompt_id"] == prompt_id
    assert told["outputs"][0]["path"].startswith("later/")


def test_ctrl_c_cancels_the_job(server: Product, tmp_path: Path) -> None:
    client_id, client_secret = server.key
    env = environment(server=server.url, client_id=client_id, client_secret=client_secret)
    command = [*COMMAND, "run", server.deploy(SLOW), "-p", "1-inputs-seed=4"]
    with subprocess.Popen(command, env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        next(line for line in process.stderr if "got prompt" in line)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait() == 130
    assert "Canceled: " in told
    assert "Traceback" not in told
    prompt_id = next(word for word in told.split() if word.count("-") == 4)
    until(lambda: server.job(prompt_id)["status"] == "canceled", "the cancel")


# --- jobs -------------------------------------------------------------------------------------------------------------
def test_jobs_are_listed_newest_first_and_filtered(as_caller: Type, server: Product, picture: str) -> None:
    jobs = [server.run(picture, {"1-inputs-width": width}) for width in (1, 2, 3)]
    for job in jobs:
        server.ended(job)
    listed = as_caller("jobs", "list", "--deployment", picture, "--json").json
    assert [job["prompt_id"] for job in listed] == jobs[::-1]
    assert len(as_caller("jobs", "list", "-n", "2", "--json").json) == 2
    assert as_caller("jobs", "list", "--deployment", picture, "--status", "failed").err.strip() == "No jobs."
    assert jobs[0] in as_caller("jobs", "list", "--deployment", picture).out


def test_a_job_is_shown_with_its_outputs(as_caller: Type, ended: str, picture: str) -> None:
    told = as_caller("jobs", "show", ended)
    assert f"{picture}, version 1" in told.out
    assert "succeeded" in told.out
    assert "/files/" in told.out
    assert as_caller("jobs", "show", ended, "--json").json["prompt_id"] == ended


def test_the_log_of_a_job_that_ended_is_still_there(as_caller: Type, ended: str) -> None:
    assert "got prompt" in as_caller("jobs", "logs", ended).out
    events = [json.loads(line) for line in as_caller("jobs", "logs", ended, "--json").out.splitlines()]
    assert events[-1]["kind"] == "status"
    assert events[-1]["status"] == "succeeded"


def test_canceling_a_job_that_ended_changes_nothing(as_caller: Type, ended: str) -> None:
    assert "had ended before: succeeded" in as_caller("jobs", "cancel", ended).err


# --- keys -------------------------------------------------------------------------------------------------------------
def test_a_key_is_made_used_listed_and_revoked(as_admin: Type, server: Product, picture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = as_admin("keys", "create", "--name", "web shop", "--deployment", picture, "--json").json
    assert sorted(made) == ["client_id", "client_secret"]
    key = ["--client-id", made["client_id"], "--client-secret", made["client_secret"]]
    assert as_admin("run", picture, "-p", "1-inputs-width=9", *key).code == 0
    assert as_admin("run", server.deploy(PICTURE), "-p", "1-inputs-width=9", *key).code == 3
    listed = {row["client_id"]: row for row in as_admin("keys", "list", "--json").json}[made["client_id"]]
    assert listed["deployments"] == [picture]
    assert not listed["allow_override"]
    assert "web shop" in as_admin("keys", "list").out
    assert as_admin("keys", "revoke", made["client_id"]).code == 0
    told = as_admin("run", picture, "-p", "1-inputs-width=9", *key, "--json")
    assert (told.code, told.error["code"]) == (3, "revoked_key")


def test_a_secret_is_told_once_and_never_listed(as_admin: Type) -> None:
    made = as_admin("keys", "create")
    secret = next(word for word in made.out.split() if word.startswith("vcs_"))
    assert "not shown again" in made.err
    assert secret not in as_admin("keys", "list", "--json").out


def test_a_key_is_made_with_limits(as_admin: Type, picture: str) -> None:
    made = as_admin(
        "keys", "create", "--expires-days", "2", "--max-active", "3", "--max-per-day", "50", "--max-running", "1", "--json"
    ).json
    listed = {row["client_id"]: row for row in as_admin("keys", "list", "--json").json}[made["client_id"]]
    assert (listed["max_active"], listed["max_per_day"], listed["max_running"], listed["share"]) == (3, 50, 1, False)
    assert 1.9 * 86_400 < listed["expires_at"] - listed["created_at"] < 2.1 * 86_400
    told = as_admin("keys", "create", "--expires-days", "0", "--json")
    assert (told.code, told.error["code"]) == (2, "bad_input")


def test_a_share_link_is_made_and_revoked(as_admin: Type, server: Product, picture: str) -> None:
    made = as_admin("share", picture, "--name", "the team", "--max-per-day", "5", "--json").json
    assert made["url"].startswith(f"{server.url}/play/{picture}#share={made['client_id']}:vcs_")
    assert "the team (share link)" in as_admin("keys", "list").out
    assert as_admin("keys", "revoke", made["client_id"]).code == 0
    told = as_admin("share", picture)
    assert f"/play/{picture}#share=" in told.out
    assert "not shown again" in told.err
    assert as_admin("share", "absent").code == 4


def test_revoking_an_unknown_key_is_not_found(as_admin: Type) -> None:
    assert as_admin("keys", "revoke", "vc_nobody").code == 4
