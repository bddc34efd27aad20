"""Batches, sync and async: what is sent, waiting for many jobs, and fetching what they made."""

from __future__ import annotations

import io
import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from tests.client.conftest import MakeClient
from tests.client.scripted import BATCH, ScriptedServer
from viewcomfy import InvalidParams, InvalidUpload, ServerUnavailable, StillRunning, UnknownBatch, WorkflowFailed
from viewcomfy.client._batch import Waiting, batch_body
from viewcomfy.core.errors import BadInput, InternalError, LinkInvalid, ViewComfyError
from viewcomfy.wire.batches import BatchDetail, BatchRequest

GATEWAY = PlainTextResponse("<html>Bad gateway</html>", 502)


def body(*args: Any, **kwargs: Any) -> dict[str, Any]:
    given = {"items": None, "grid": None, "inputs": None, "batch_id": "b", **kwargs}
    return batch_body(*args, **given)[0]


# --- what is sent -----------------------------------------------------------------------------------------------------
def test_a_list_a_grid_and_what_all_share_are_sent_as_they_are() -> None:
    assert body(items=[{"seed": 1}, {"seed": 2}]) == {"list": [{"seed": 1}, {"seed": 2}], "batch_id": "b"}
    made = body(grid={"seed": range(2), "prompt": ("a", "b")}, inputs={"steps": 4})
    assert made == {"grid": {"seed": [0, 1], "prompt": ["a", "b"]}, "inputs": {"steps": 4}, "batch_id": "b"}
    assert BatchRequest.model_validate(made).inputs == {"steps": 4}


def test_files_of_single_jobs_go_as_text_and_shared_ones_as_parts(tmp_path: Path) -> None:
    photo = tmp_path / "x.png"
    photo.write_bytes(b"abc")
    url = "data:image/png;base64,YWJj"
    assert body(items=[{"image": photo}, {"image": ("y.png", io.BytesIO(b"abc"))}])["list"] == [{"image": url}, {"image": url}]
    assert body(grid={"image": [photo, "https://x.example/y.png"]})["grid"] == {"image": [url, "https://x.example/y.png"]}
    made, files = batch_body([{"seed": 1}], None, {"image": photo, "steps": 2}, None)
    assert made["inputs"] == {"steps": 2}
    assert [(part.key, part.source) for part in files] == [("image", photo)]
    assert uuid.UUID(made["batch_id"]).version == 4


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({}, BadInput, "either a list or a grid"),
        ({"items": [{}], "grid": {"a": [1]}}, BadInput, "either a list or a grid"),
        ({"items": [1]}, InvalidParams, "a dict for each job"),
        ({"items": {"seed": 1}}, InvalidParams, "must be a list"),
        ({"grid": [1]}, InvalidParams, "a dict of inputs"),
        ({"grid": {"prompt": "a cat"}}, InvalidParams, "'prompt' of a batch must be a list"),
        ({"grid": {"seed": 3}}, InvalidParams, "'seed' of a batch must be a list"),
        ({"grid": {"image": io.BytesIO(b"x")}}, InvalidParams, "'image' of a batch must be a list"),
        ({"items": [{"seed": {1}}]}, InvalidParams, "'seed' is set"),
        ({"items": [{"seed": float("nan")}]}, InvalidParams, "'seed' is float nan"),
        ({"items": [{}], "inputs": {"seed": object()}}, InvalidParams, "'seed' is object"),
        ({"items": [{"image": Path("nowhere.png")}]}, InvalidUpload, r"nowhere\.png"),
        ({"items": [{"image": io.StringIO("x")}]}, InvalidUpload, "as text"),
    ],
)
def test_what_is_no_batch_is_refused_before_it_is_sent(wrong: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        body(**wrong)


def test_a_batch_without_files_is_json_and_one_with_files_a_form(client: Any, server: ScriptedServer) -> None:
    batch = client.deployment("demo").batch([{"seed": 1}, {"seed": 2}], inputs={"steps": 3})
    client.deployment("demo").batch(grid={"seed": [1, 2]}, inputs={"image": b"abc", "steps": 3}, batch_id="mine")
    plain, form = server.asked("POST", "/d/demo/batch")
    assert plain.body == {"list": [{"seed": 1}, {"seed": 2}], "inputs": {"steps": 3}, "batch_id": batch.batch_id}
    assert json.loads(form.fields["batch"]) == {"grid": {"seed": [1, 2]}, "inputs": {"steps": 3}, "batch_id": "mine"}
    assert form.files == {"image": ("upload", "application/octet-stream", b"abc")}


@pytest.mark.parametrize("inputs", [{}, {"image": b"abc"}], ids=["json", "form"])
def test_a_submission_that_is_lost_is_sent_again_and_makes_one_batch(client: Any, server: ScriptedServer, inputs: Any) -> None:
    server.fail("POST", "/d/demo/batch", None, GATEWAY)
    batch = client.deployment("demo").batch([{"seed": 1}], inputs=inputs)
    assert len(server.asked("POST", "/d/demo/batch")) == 3
    assert list(server.batches) == [batch.batch_id]


# --- waiting ----------------------------------------------------------------------------------------------------------
def test_jobs_are_told_as_they_end_each_once(client: Any, server: ScriptedServer) -> None:
    server.template.outputs = [("a.png", "image/png", b"1")]
    batch = client.deployment("demo").batch([{"seed": 1}, {"seed": 2}, {"seed": 3}])
    seen = []
    for job in batch:
        seen.append((job.prompt_id, job.label, server.batches[batch.batch_id].polls))
        assert job.result(timeout=20).outputs[0].read() == b"1"
    assert seen == [("job 0", "seed=1", 1), ("job 1", "seed=2", 2), ("job 2", "seed=3", 3)]


def test_a_batch_is_found_again_by_its_id(client: Any, server: ScriptedServer) -> None:
    batch = client.batch(client.deployment("demo").batch([{"seed": 1}, {"seed": 2}]).batch_id)
    assert [job.label for job in batch.jobs()] == ["seed=1", "seed=2"]
    assert batch.detail().progress.total == 2
    assert batch.wait(timeout=20).progress.succeeded == 2
    assert [result.prompt_id for result in batch.results(timeout=20)] == ["job 0", "job 1"]
    assert server.streams_asked() == []
    with pytest.raises(UnknownBatch):
        client.batch("not mine").wait()


def test_results_raise_what_the_first_failed_job_failed_with(client: Any, server: ScriptedServer) -> None:
    batch = client.deployment("demo").batch([{"seed": 1}, {"seed": 2}])
    failed = server.jobs["job 1"]
    failed.status, failed.error = "failed", {"code": "workflow_failed", "message": "KSampler: boom"}
    with pytest.raises(WorkflowFailed, match="boom"):
        batch.results(timeout=20)
    assert [job.status().value for job in batch.finished()] == ["succeeded", "failed"]


def test_a_batch_is_canceled(client: Any) -> None:
    batch = client.deployment("demo").batch([{"seed": 1}, {"seed": 2}])
    assert batch.cancel().progress.canceled == 2
    assert batch.wait(timeout=20).progress.done == 2


def test_a_wait_for_a_batch_ends_when_its_time_is_up(client: Any, server: ScriptedServer) -> None:
    batch = client.deployment("demo").batch([{"seed": n} for n in range(99)])
    started = time.monotonic()
    with pytest.raises(StillRunning, match=r"within 0\.4 s") as caught:
        batch.wait(timeout=0.4)
    assert 0.3 < time.monotonic() - started < 5
    assert caught.value.details == {"batch_id": batch.batch_id}
    with pytest.raises(StillRunning):
        batch.results(timeout=0.01)


def test_a_wait_for_a_batch_bears_a_server_that_restarts(client: Any, server: ScriptedServer) -> None:
    batch = client.deployment("demo").batch([{"seed": 1}])
    server.fail("GET", f"/api/batches/{batch.batch_id}", None, GATEWAY)
    assert batch.wait(timeout=20).progress.done == 1


def test_patience_ends_for_a_batch_too(make_client: MakeClient, server: ScriptedServer) -> None:
    batch = make_client(patience=0.2).deployment("demo").batch([{"seed": 1}])
    server.fail("GET", f"/api/batches/{batch.batch_id}", *[GATEWAY] * 99)
    with pytest.raises(ServerUnavailable):
        batch.wait(timeout=20)


def seen_batch(*statuses: str) -> BatchDetail:
    jobs = [{"number": n, "prompt_id": str(n), "label": "", "status": status} for n, status in enumerate(statuses)]
    progress = dict.fromkeys(["queued", "running", "succeeded", "failed", "canceled", "total", "done"], 0)
    return BatchDetail.model_validate({**BATCH, "batch_id": "b", "progress": progress, "jobs": jobs})


def test_polls_are_a_tenth_of_the_wait_apart() -> None:
    waiting = Waiting("b", 60.0, 0.0, chance=lambda: 1.0)
    assert [waiting.pause(now) for now in (0.0, 1.0, 20.0, 50.0, 900.0)] == [0.2, 0.2, 2.0, 5.0, 5.0]
    assert Waiting("b", 60.0, 0.0, chance=lambda: 0.0).pause(20.0) == 1.0
    assert Waiting("b", 60.0, 0.0, timeout=20.5, chance=lambda: 1.0).pause(20.0) == 0.5


def test_an_ended_job_is_told_once_and_the_last_one_ends() -> None:
    waiting = Waiting("b", 60.0, 0.0)
    assert not waiting.done
    told = [[job.prompt_id for job in waiting.polled(seen_batch(*statuses.split()), 0.0)] for statuses in (
        "queued queued running", "queued failed running", "canceled failed running", "canceled failed succeeded",
    )]  # fmt: skip
    assert told == [[], ["1"], ["0"], ["2"]]
    assert waiting.done


def test_patience_with_polls_counts_from_the_last_answer() -> None:
    waiting = Waiting("b", 60.0, 0.0)
    waiting.polled(seen_batch("queued"), 100.0)
    for error in (ServerUnavailable("away"), InternalError("oops")):
        waiting.unanswered(error, 159.0)
        with pytest.raises(ViewComfyError):
            waiting.unanswered(error, 161.0)
    with pytest.raises(UnknownBatch):
        waiting.unanswered(UnknownBatch("no"), 100.0)


# --- what they made ---------------------------------------------------------------------------------------------------
def test_a_zip_is_saved_whole_with_our_key_and_only_from_our_server(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    batch = client.batch("b")
    server.cuts = [700_000]
    path = batch.save_zip(tmp_path)
    assert path == tmp_path / "b.zip"
    assert path.read_bytes() == server.archive
    assert batch.save_contact_sheet(tmp_path / "new" / "sheet.png").read_bytes() == server.archive
    assert [seen.path for seen in server.seen] == ["/api/batches/b/outputs.zip"] * 2 + ["/api/batches/b/contact-sheet.png"]
    assert {seen.headers.get("client_id") for seen in server.seen} == {"me"}
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "new"]


def test_no_key_goes_along_with_a_redirect(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    server.fail("GET", "/api/batches/b/outputs.zip", PlainTextResponse("", 307, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(ViewComfyError, match="redirect"):
        client.batch("b").save_zip(tmp_path)
    assert len(server.seen) == 1


def test_a_zip_that_always_breaks_is_given_up_and_leaves_nothing(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    server.cuts = [700_000] * 99
    with pytest.raises(ServerUnavailable, match="does not get on"):
        client.batch("b").save_zip(tmp_path)
    assert len(server.seen) < 9
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_a_zip_is_raised(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    server.fail("GET", "/api/batches/b/outputs.zip", JSONResponse({"code": "link_invalid", "detail": "No."}, 403))
    with pytest.raises(LinkInvalid):
        client.batch("b").save_zip(tmp_path)


def test_batches_are_listed_over_all_pages(client: Any, server: ScriptedServer) -> None:
    shown = [{**BATCH, "batch_id": str(n), "progress": seen_batch().progress.model_dump()} for n in range(3)]
    pages = [{"batches": shown[:2], "next_cursor": "2"}, {"batches": shown[2:], "next_cursor": None}]
    server.fail("GET", "/api/batches", *map(JSONResponse, pages))
    assert [batch.batch_id for batch in client.batches(page_size=2)] == ["0", "1", "2"]
    assert [seen.query for seen in server.seen] == [{"limit": "2"}, {"limit": "2", "cursor": "2"}]
