"""`viewcomfy batch` and `viewcomfy batches`, against a real server."""

from __future__ import annotations

import json
import signal
import subprocess
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_run_inputs import folded
from tests.cli.typed import Typed
from tests.e2e.product import COMMAND, Product, environment, until
from tests.server.site_kit import FAILING, PICTURE, UPLOADED, WAITING
from viewcomfy.cli.samples.photo import photo

Type = Callable[..., Typed]
SLOW = {**WAITING, "1": {"class_type": "TKWait", "inputs": {"seconds": 60, "steps": 600, "seed": 1}}}


@pytest.fixture(scope="module")
def picture(server: Product) -> str:
    return server.deploy(PICTURE)


def folders(path: Path) -> dict[str, int]:
    """Return how many files each folder holds."""
    return {folder.name: len(list(folder.iterdir())) for folder in sorted(path.iterdir())}


# --- what is run ------------------------------------------------------------------------------------------------------
def test_a_grid_runs_each_combination_and_saves_each_in_a_folder(as_caller: Type, picture: str, tmp_path: Path) -> None:
    told = as_caller("batch", picture, "--grid", "width=8,16", "--grid", "color=1,2,3", "--height", "24", "-o", "out")
    assert told.code == 0
    assert "6 of 6 jobs succeeded." in told.err
    assert [folder.partition("_")[0] for folder in folders(tmp_path / "out")] == ["1", "2", "3", "4", "5", "6"]
    assert folders(tmp_path / "out")["6_width=16 · color=3"] == 1
    assert all((tmp_path / line).is_file() for line in told.out.splitlines())
    assert len(told.out.splitlines()) == 6


def test_a_list_runs_each_line(as_caller: Type, server: Product, picture: str, tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text('{"width": 8}\n\n{"width": 9, "height": 10}\n')
    told = as_caller("batch", picture, "--list", "jobs.jsonl", "--color", "5", "--height", "12", "--json").json
    prompts = [server.job(job["prompt_id"])["prompt"]["1"]["inputs"] for job in told["jobs"]]
    assert [(prompt["width"], prompt["height"], prompt["color"]) for prompt in prompts] == [(8, 12, 5), (9, 10, 5)]
    assert [job["status"] for job in told["jobs"]] == ["succeeded", "succeeded"]
    assert all((tmp_path / path).is_file() for job in told["jobs"] for path in job["paths"])
    assert told["jobs"][0]["paths"][0].startswith(f"{picture}-batch/1_")


def test_files_are_shared_by_all_jobs_or_differ(as_caller: Type, server: Product, tmp_path: Path) -> None:
    name = server.deploy(UPLOADED)
    (tmp_path / "a.jpg").write_bytes(photo())
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "b.jpg").write_bytes(photo())
    (tmp_path / "lists" / "jobs.json").write_text('[{"image": "@../a.jpg"}, {"image": "@b.jpg"}]')
    assert as_caller("batch", name, "--grid", "filename_prefix=a,b", "--image", "a.jpg").code == 0
    assert as_caller("batch", name, "--list", "lists/jobs.json", "-p", "filename_prefix=x").code == 0
    assert as_caller("batch", name, "--grid", "image=@a.jpg,@lists/b.jpg").code == 0
    told = as_caller("batch", name, "--grid", "image=@a.jpg,@c.jpg", "--json")
    assert (told.code, told.error["code"]) == (2, "invalid_upload")


def test_a_zip_and_a_contact_sheet_are_saved(as_caller: Type, picture: str, tmp_path: Path) -> None:
    told = as_caller("batch", picture, "--grid", "width=20,21", "--zip", "all.zip", "--contact-sheet", "sheet.png")
    assert told.code == 0
    assert told.out.splitlines() == ["all.zip", "sheet.png"]
    assert len(zipfile.ZipFile(tmp_path / "all.zip").namelist()) == 2
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "sheet.png"]


def test_a_batch_with_failures_saves_the_others_and_says_which(as_caller: Type, server: Product, tmp_path: Path) -> None:
    failing = server.deploy(FAILING)
    told = as_caller("batch", failing, "--grid", "mode=none,raise", "-o", "out")
    assert told.code == 1
    assert "1 of 2 jobs succeeded." in told.err
    assert "2 mode=raise" in told.err
    assert folders(tmp_path / "out") == {"1_mode=none": 1}
    jobs = as_caller("batch", failing, "--grid", "mode=none,raise", "--json").json["jobs"]
    assert [job["status"] for job in jobs] == ["succeeded", "failed"]
    assert jobs[1]["error"]["code"] == "workflow_failed"


def test_the_help_tells_of_the_inputs(as_caller: Type, picture: str) -> None:
    text = folded(as_caller("batch", picture, "--help").out)
    assert f"Inputs of {picture}" in text
    assert "--width INTEGER From 1 to 16384." in text
    assert "--grid INPUT=A,B" in text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "bad_input"),
        (["--grid", "width=1", "--list", "jobs.json"], "bad_input"),
        (["--grid", "width"], "bad_input"),
        (["--grid", "width=1", "--grid", "width=2"], "bad_input"),
        (["--grid", 'width="1'], "bad_input"),
        (["--list", "nope.json"], "bad_input"),
        (["--list", "jobs.json"], "bad_input"),
        (["--grid", "wdth=1,2"], "invalid_params"),
        (["--grid", "width=1,wide"], "invalid_params"),
        (["--grid", "width=1,2", "--wdth", "3"], "bad_input"),
    ],
)
def test_a_wrong_batch_runs_nothing(as_caller: Type, picture: str, tmp_path: Path, words: list[str], code: str) -> None:
    (tmp_path / "jobs.json").write_text('{"width": 1}')
    told = as_caller("batch", picture, *words, "--json")
    assert (told.code, told.error["code"], told.out) == (2, code, "")


# --- waiting ----------------------------------------------------------------------------------------------------------
def test_a_detached_batch_is_found_again(as_caller: Type, picture: str, tmp_path: Path) -> None:
    batch_id = as_caller("batch", picture, "--grid", "width=30,31", "--detach").out.strip()
    until(lambda: as_caller("batches", "show", batch_id, "--json").json["progress"]["succeeded"] == 2, "the batch")
    told = as_caller("batches", "show", batch_id)
    assert "2 succeeded" in told.out
    assert "width=31" in told.out
    row = next(line for line in as_caller("batches", "list").out.splitlines() if line.startswith(batch_id))
    assert row.split()[1] == picture
    assert as_caller("batches", "list", "-n", "1", "--json").json[0]["batch_id"] == batch_id
    assert as_caller("batches", "zip", batch_id, "-o", "all.zip", "--json").json == {"path": "all.zip"}
    assert len(zipfile.ZipFile(tmp_path / "all.zip").namelist()) == 2
    assert "All its jobs have ended: 2 succeeded." in as_caller("batches", "cancel", batch_id).err


def test_waiting_can_end_before_the_batch_does(as_caller: Type, server: Product) -> None:
    told = as_caller("batch", server.deploy(SLOW), "--grid", "seed=1,2", "--timeout", "0.3", "--json")
    assert (told.code, told.error["code"]) == (6, "still_running")
    batch_id = told.error["details"]["batch_id"]
    assert f"viewcomfy batches show {batch_id}" in told.error["hint"]
    as_caller("batches", "cancel", batch_id)
    until(lambda: as_caller("batches", "show", batch_id, "--json").json["progress"]["canceled"] == 2, "the cancel")


def test_ctrl_c_cancels_the_batch(as_caller: Type, server: Product, tmp_path: Path) -> None:
    client_id, client_secret = server.key
    env = environment(server=server.url, client_id=client_id, client_secret=client_secret)
    command = [*COMMAND, "batch", server.deploy(SLOW), "--grid", "seed=3,4"]
    with subprocess.Popen(command, env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: _running(as_caller), "a job of the batch")
        process.send_signal(signal.SIGINT)
        assert process.stderr
        told = process.stderr.read()
        assert process.wait() == 130
    assert "Canceled: " in told
    assert "Traceback" not in told
    batch_id = next(word for word in told.split() if word.count("-") == 4)
    until(lambda: as_caller("batches", "show", batch_id, "--json").json["progress"]["canceled"] == 2, "the cancel")


def _running(as_caller: Type) -> bool:
    newest = json.loads(as_caller("batches", "list", "-n", "1", "--json").out)
    return bool(newest and newest[0]["progress"]["running"])


@pytest.mark.parametrize("command", ["show", "cancel", "zip"])
def test_an_unknown_batch_is_not_found(as_caller: Type, command: str) -> None:
    told = as_caller("batches", command, str(uuid.uuid4()), "--json")
    assert (told.code, told.error["code"]) == (4, "unknown_batch")
