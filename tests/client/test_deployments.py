"""Handles on deployments, sync and async: what they send, and what they make of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, StreamingResponse

from tests.client.conftest import MakeClient
from tests.client.scripted import DEPLOYED, LOGS, REPORT, WORKFLOW, ScriptedServer, Stream
from viewcomfy import BadInput, BreakingChange, DeploymentProblems, InvalidParams, InvalidUpload, JobStatus, ServerUnavailable, StillRunning
from viewcomfy.core.errors import InvalidName


@pytest.fixture
def demo(client: Any) -> Any:
    return client.deployment("demo")


def sent_params(server: ScriptedServer) -> list[Any]:
    return [json.loads(seen.fields["params"]) for seen in server.asked("POST", "/d/demo/run")]


# --- running ----------------------------------------------------------------------------------------------------------
def test_a_handle_sends_nothing_until_it_is_used(client: Any, server: ScriptedServer) -> None:
    handle = client.deployment("demo", version=3)
    assert (handle.name, handle.version) == ("demo", 3)
    with pytest.raises(InvalidName):
        client.deployment("No Name")
    assert server.seen == []


def test_inputs_are_keyword_arguments_and_files_go_along(demo: Any, server: ScriptedServer, tmp_path: Path) -> None:
    photo = tmp_path / "x.png"
    photo.write_bytes(b"\x89PNG")
    with photo.open("rb") as opened:
        demo.run(prompt="a cat", seed=7, image=photo, mask=b"mask", sound=opened, clip="https://x.example/a.mp4", name="self", params=1)
    (sent,) = server.asked("POST", "/d/demo/run")
    assert json.loads(sent.fields["params"]) == {
        "prompt": "a cat",
        "seed": 7,
        "clip": "https://x.example/a.mp4",
        "name": "self",
        "params": 1,
    }
    assert sent.files == {
        "image": ("x.png", "image/png", b"\x89PNG"),
        "mask": ("upload", "application/octet-stream", b"mask"),
        "sound": ("x.png", "image/png", b"\x89PNG"),
    }
    assert sent.query == {}


def test_what_cannot_be_a_keyword_goes_into_a_dict_in_front(demo: Any, server: ScriptedServer) -> None:
    demo.run({"6-inputs-text": "a dog", "on_log": 1, "timeout": 2}, seed=7, prompt_id="mine")
    demo.infer_with_logs({"on_log": 3}, on_log=str, steps=4, timeout=20)
    assert sent_params(server) == [{"6-inputs-text": "a dog", "on_log": 1, "timeout": 2, "seed": 7}, {"on_log": 3, "steps": 4}]
    assert server.asked("POST", "/d/demo/run")[0].fields["prompt_id"] == "mine"


def test_an_input_is_given_once(demo: Any, server: ScriptedServer) -> None:
    with pytest.raises(InvalidParams, match="'seed' is given twice"):
        demo.run({"seed": 1}, seed=2)
    with pytest.raises(InvalidParams):
        demo.run([1])
    with pytest.raises(InvalidUpload):
        demo.run(image=Path("nowhere.png"))
    assert server.seen == []


def test_infer_waits_and_tells_logs_and_events(demo: Any, server: ScriptedServer) -> None:
    server.template.outputs = [("a.png", "image/png", b"1")]
    assert demo.infer(seed=7, timeout=20).outputs[0].read() == b"1"
    lines: list[str] = []
    events: list[Any] = []
    assert demo.infer_with_logs(seed=8, on_log=lines.append, on_event=events.append).status is JobStatus.SUCCEEDED
    assert (lines, len(events)) == (LOGS, 5)


def test_a_wait_that_ends_names_the_job(demo: Any, server: ScriptedServer) -> None:
    server.streams = [Stream(1, "pings")] * 9
    server.template.polls_to_end = 999
    with pytest.raises(StillRunning) as caught:
        demo.infer(seed=7, prompt_id="mine", timeout=0.3)
    assert caught.value.details["prompt_id"] == "mine"


def test_a_version_is_pinned_by_every_call(client: Any, server: ScriptedServer) -> None:
    demo = client.deployment("demo", version=3)
    demo.run(seed=1)
    demo.run(image=b"x")
    demo.describe()
    demo.openapi()
    demo.batch([{"seed": 1}])
    client.run("demo", {"seed": 1}, version=3)
    client.infer("demo", {"seed": 1}, version=3)
    client.infer_with_logs("demo", {"seed": 1}, version=3, on_log=str)
    asked = [seen for seen in server.seen if seen.path.startswith("/d/")]
    assert len(asked) == 8
    assert all(seen.query == {"version": "3"} for seen in asked)


@pytest.mark.parametrize("version", [0, -1, True, "3", 1.0])
def test_what_is_no_version_is_refused_before_anything_is_sent(client: Any, server: ScriptedServer, version: Any) -> None:
    with pytest.raises(BadInput, match="not a version"):
        client.run("demo", {}, version=version)
    assert server.seen == []


def test_an_endpoint_url_names_the_server_of_all_its_calls(make_client: MakeClient, server: ScriptedServer) -> None:
    demo = make_client(server="http://127.0.0.1:1", admin_token="t").deployment(f"{server.url}/d/demo/infer")
    assert demo.infer(seed=1).status is JobStatus.SUCCEEDED
    assert demo.batch([{"seed": 1}]).wait(timeout=20).progress.done == 1
    assert demo.report().ok


# --- what it is -------------------------------------------------------------------------------------------------------
def test_a_deployment_is_described(demo: Any) -> None:
    assert demo.describe().workflow_api == WORKFLOW
    assert [(declared.name, declared.kind) for declared in demo.inputs()] == [("seed", "seed")]
    assert demo.openapi() == {"openapi": "3.1.0"}


# --- management -------------------------------------------------------------------------------------------------------
def test_management_of_versions_goes_with_the_admin_token(make_client: MakeClient, server: ScriptedServer) -> None:
    demo = make_client(admin_token="t0").deployment("demo", version=2)
    assert demo.diff().after == 2
    assert demo.diff(1, 2).before == 1
    assert demo.rollback().version == 1
    assert demo.rollback(4).name == "demo"
    assert demo.canary(3, 12.5).current_version == 1
    assert demo.edit({"seed": {"hidden": True}}, note="less to see").report.ok
    assert demo.app_file() == {"file_type": "view_comfy"}
    assert demo.report().summary == REPORT["summary"]
    assert [(seen.method, seen.path.removeprefix("/api/deployments/demo"), seen.query or seen.body) for seen in server.seen] == [
        ("GET", "/diff", None), ("GET", "/diff", {"before": "1", "after": "2"}), ("POST", "/rollback", {}),
        ("POST", "/rollback", {"version": 4}), ("PUT", "/canary", {"version": 3, "percent": 12.5}),
        ("PATCH", "/inputs", {"inputs": {"seed": {"hidden": True}}, "note": "less to see"}),
        ("GET", "/app", {"version": "2"}), ("GET", "/report", {"version": "2"}),
    ]  # fmt: skip
    assert {seen.headers.get("authorization") for seen in server.seen} == {"Bearer t0"}


def version(number: int) -> dict[str, Any]:
    return {"version": number, "created_at": 1.0, "note": "", "nodes": 1, "current": number == 5}


def page(*numbers: int) -> JSONResponse:
    return JSONResponse({"versions": [version(number) for number in numbers]})


def test_versions_are_listed_over_all_pages(make_client: MakeClient, server: ScriptedServer) -> None:
    demo = make_client(admin_token="t0").deployment("demo")
    server.fail("GET", "/api/deployments/demo/versions", page(5, 4), page(3, 2), page(1))
    assert [one.version for one in demo.versions(page_size=2)] == [5, 4, 3, 2, 1]
    assert [seen.query for seen in server.seen] == [{"limit": "2"}, {"limit": "2", "before": "4"}, {"limit": "2", "before": "2"}]
    server.fail("GET", "/api/deployments/demo/versions", page(5, 4), page())
    assert len(list(demo.versions(page_size=2))) == 2


def test_a_deploy_says_what_is_not_as_usual(make_client: MakeClient, server: ScriptedServer, tmp_path: Path) -> None:
    client = make_client(admin_token="t0")
    workflow, app = tmp_path / "workflow_api.json", tmp_path / "view_comfy.json"
    workflow.write_text(json.dumps(WORKFLOW))
    app.write_text('{"workflows": []}')
    made = client.deploy("demo", workflow, title="Demo", note="new", force=True, make_current=False, inputs={"seed": {"label": "Luck"}})
    assert made.report.ok
    client.deploy("demo", app_file=app)
    client.deploy("demo", app_file={"workflows": []}, allow_breaking=True, description="What it does", cancel_on_disconnect=True)
    assert [seen.body for seen in server.seen] == [
        {
            "workflow_api": WORKFLOW,
            "title": "Demo",
            "note": "new",
            "force": True,
            "make_current": False,
            "inputs": {"seed": {"label": "Luck"}},
        },
        {"app_file": {"workflows": []}},
        {"app_file": {"workflows": []}, "allow_breaking": True, "description": "What it does", "cancel_on_disconnect": True},
    ]


def test_there_is_one_source_of_a_deployment(make_client: MakeClient, server: ScriptedServer, tmp_path: Path) -> None:
    client = make_client(admin_token="t0")
    for source in ({}, {"workflow": WORKFLOW, "app_file": {}}, {"app_file": [1]}, {"app_file": tmp_path / "nowhere.json"}):
        with pytest.raises(BadInput):
            client.deploy("demo", **source)
        with pytest.raises(BadInput):
            client.check(**source)
    with pytest.raises(BadInput, match="time_limit"):
        client.deploy("demo", WORKFLOW, time_limit=-1)
    assert server.seen == []


def test_a_check_and_the_doctor_are_asked(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(admin_token="t0")
    assert client.check(WORKFLOW, name="demo", inputs={"seed": {"hidden": True}}).inputs[0].name == "seed"
    assert client.doctor().ok
    assert server.seen[0].body == {"workflow_api": WORKFLOW, "name": "demo", "inputs": {"seed": {"hidden": True}}}


def test_a_refused_deploy_says_why_in_its_class(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(admin_token="t0")
    problems = {"code": "deployment_problems", "detail": "No.", "problems": [{"node_id": "3"}], "details": {"report": REPORT}}
    breaking = {"code": "breaking_change", "detail": "Breaks.", "problems": [{"input": "seed"}]}
    server.fail("PUT", "/api/deployments/demo", JSONResponse(problems, 422), JSONResponse(breaking, 409))
    with pytest.raises(DeploymentProblems) as refused:
        client.deploy("demo", WORKFLOW)
    assert refused.value.details["report"] == REPORT
    with pytest.raises(BreakingChange) as broken:
        client.deploy("demo", WORKFLOW)
    assert broken.value.problems == [{"input": "seed"}]


def late(answer: Any) -> StreamingResponse:
    async def text() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.8)
        yield json.dumps(answer).encode()

    return StreamingResponse(text())


def test_what_waits_for_comfyui_may_take_longer_than_other_calls(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(admin_token="t0", timeout=0.2, tries=1)
    server.fail("PUT", "/api/deployments/demo", late(DEPLOYED))
    assert client.deploy("demo", WORKFLOW).report.ok
    server.fail("GET", "/d/demo", late({}))
    with pytest.raises(ServerUnavailable):
        client.params("demo")


@pytest.mark.parametrize(("method", "path"), [("PUT", ""), ("PATCH", "/inputs"), ("POST", "/rollback")])
def test_what_would_make_one_version_more_is_sent_once(make_client: MakeClient, server: ScriptedServer, method: str, path: str) -> None:
    client = make_client(admin_token="t0")
    demo = client.deployment("demo")
    calls = {
        "": lambda: client.deploy("demo", WORKFLOW),
        "/inputs": lambda: demo.edit({"seed": {"hidden": True}}),
        "/rollback": demo.rollback,
    }
    server.fail(method, f"/api/deployments/demo{path}", None)
    with pytest.raises(ServerUnavailable):
        calls[path]()
    assert len(server.seen) == 1
    server.fail("POST", "/api/deployments/demo/rollback", None)
    assert demo.rollback(1).version == 1
