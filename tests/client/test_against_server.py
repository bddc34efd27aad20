"""The clients and the published interface against the whole server: what both sides mean by the API is the same."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.client.conftest import MakeClient
from tests.client.scripted import ScriptedServer
from tests.client.whole import WholeServer
from viewcomfy import (
    AuthError,
    Client,
    EventKind,
    Forbidden,
    InvalidParams,
    InvalidUpload,
    JobCanceled,
    JobStatus,
    StillRunning,
    UnknownDeployment,
    UnknownJob,
    WorkflowFailed,
    compat,
)
from viewcomfy.core.errors import InvalidKey, RevokedKey

PAINT: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 2, "color": 255}, "_meta": {"title": "Colour"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "painted"}},
}
INVERT: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
    "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "inverted"}},
}
WAIT: dict[str, Any] = {
    "1": {"class_type": "TKWait", "inputs": {"seconds": 0.5, "steps": 5, "seed": 1}},
    "2": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": "none"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "waited"}},
}
BIG: dict[str, Any] = {"1": {"class_type": "TKSaveBytes", "inputs": {"megabytes": 3, "seed": 1, "filename_prefix": "big"}}}
NODE_CLIENT = Path(__file__).parent.parent / "e2e" / "node_client.mjs"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeServer]:
    server = WholeServer(tmp_path_factory.mktemp("whole"))
    server.start()
    with Client(server.url, admin_token=server.admin_token) as admin:
        for name, workflow in {"paint": PAINT, "invert": INVERT, "wait": WAIT, "big": BIG}.items():
            admin.deploy(name, workflow)
        server.key = admin.create_key("tests")
    yield server
    server.stop()


@pytest.fixture
def key(whole: WholeServer) -> dict[str, Any]:
    assert whole.key is not None
    return {"client_id": whole.key.client_id, "client_secret": whole.key.client_secret}


@pytest.fixture
def client(make_client: MakeClient, whole: WholeServer, key: dict[str, Any], server: ScriptedServer) -> Any:
    return make_client(server=whole.url, **key)


def colour(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").getpixel((0, 0))


def png(rgb: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), rgb).save(file, "PNG")
    return file.getvalue()


def test_a_call_paints_what_it_was_asked_to(client: Any, tmp_path: Path) -> None:
    result = client.infer("paint", {"1-inputs-color": 0x00FF00}, timeout=30)
    assert result.status is JobStatus.SUCCEEDED
    assert result.prompt["1"]["inputs"]["color"] == 0x00FF00
    assert len(result.outputs) == 2
    saved = result.save(tmp_path)
    assert [colour(path.read_bytes()) for path in saved] == [(0, 255, 0)] * 2
    assert [output.size for output in result.outputs] == [path.stat().st_size for path in saved]


@pytest.mark.parametrize("kind", ["path", "bytes", "file", "named"])
def test_a_photo_goes_in_and_comes_out_changed(client: Any, tmp_path: Path, kind: str) -> None:
    photo = tmp_path / "größe 'x'.png"
    photo.write_bytes(png((255, 0, 0)))
    with photo.open("rb") as opened:
        given = {"path": photo, "bytes": photo.read_bytes(), "file": opened, "named": ("x.png", io.BytesIO(photo.read_bytes()))}[kind]
        result = client.infer("invert", {"1-inputs-image": given}, timeout=30)
    assert colour(result.outputs[0].read()) == (0, 255, 255)


def test_lines_and_progress_are_told_and_end_with_the_status(client: Any) -> None:
    lines: list[str] = []
    events: list[Any] = []
    client.infer_with_logs("wait", {"1-inputs-seed": uuid.uuid4().int % 2**32}, on_log=lines.append, on_event=events.append, timeout=30)
    assert "waited 0.5 s" in lines
    fractions = [event.data["fraction"] for event in events if event.kind is EventKind.PROGRESS]
    assert fractions == sorted(fractions)
    assert events[-1].data["status"] == "succeeded"
    numbered = [event.seq for event in events if event.seq]
    assert numbered == sorted(set(numbered))


def test_a_finished_job_is_told_again_to_whoever_asks(client: Any) -> None:
    job = client.run("wait", {"1-inputs-seed": 5, "1-inputs-seconds": 0.1})
    first = list(job.logs(timeout=30))
    again = client.job(job.prompt_id)
    assert list(again.logs(timeout=30)) == first
    assert again.status() is JobStatus.SUCCEEDED
    assert again.result(timeout=5).outputs


def test_it_works_by_polls_alone(make_client: MakeClient, whole: WholeServer, key: dict[str, Any]) -> None:
    result = make_client(server=whole.url, streams=False, **key).infer("wait", {"1-inputs-seed": 6}, timeout=30)
    assert result.outputs


def test_a_failing_node_is_named(client: Any) -> None:
    with pytest.raises(WorkflowFailed, match="asked to fail") as caught:
        client.infer("wait", {"2-inputs-mode": "raise", "1-inputs-seconds": 0.01}, timeout=30)
    assert caught.value.details["node_id"] == "2"
    assert client.job(caught.value.details["prompt_id"]).status() is JobStatus.FAILED


def test_a_job_is_canceled_and_a_wait_that_ends_lets_it_go_on(client: Any) -> None:
    with pytest.raises(StillRunning) as caught:
        client.infer("wait", {"1-inputs-seconds": 60.0, "1-inputs-steps": 600}, timeout=0.3)
    job = client.job(caught.value.details["prompt_id"])
    assert job.status() in {JobStatus.QUEUED, JobStatus.RUNNING}
    job.cancel()
    with pytest.raises(JobCanceled):
        job.result(timeout=30)
    assert job.cancel() is JobStatus.CANCELED


def test_the_same_prompt_id_is_the_same_job(client: Any) -> None:
    prompt_id = str(uuid.uuid4())
    jobs = [client.run("paint", {"1-inputs-color": 1}, prompt_id=prompt_id) for _ in range(2)]
    assert {job.prompt_id for job in jobs} == {prompt_id}
    assert sum(job.prompt_id == prompt_id for job in client.jobs(deployment="paint")) == 1


def test_mistakes_are_told_in_their_classes(client: Any, make_client: MakeClient, whole: WholeServer, key: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams, match="Did you mean '1-inputs-color'"):
        client.run("paint", {"1-inputs-colour": 1})
    with pytest.raises(InvalidUpload):
        client.run("paint", {"1-inputs-color": b"x"})
    with pytest.raises(UnknownDeployment):
        client.run("nothing", {"1-inputs-color": 1})
    with pytest.raises(UnknownJob):
        client.job(str(uuid.uuid4())).result(timeout=5)
    with pytest.raises(InvalidKey):
        make_client(server=whole.url, **key | {"client_secret": "wrong"}).run("paint", {"1-inputs-color": 1})
    with pytest.raises(AuthError):
        make_client(server=whole.url, client_id=None, client_secret=None).params("paint")
    with pytest.raises(Forbidden):
        client.deployments()


def test_management_does_what_it_says(make_client: MakeClient, whole: WholeServer) -> None:
    admin = make_client(server=whole.url, client_id=None, client_secret=None, admin_token=whole.admin_token)
    deployed = admin.deploy("short-lived", PAINT, time_limit=9)
    assert deployed.version >= 1
    assert deployed.url == f"{whole.url}/d/short-lived/infer"
    assert admin.params("short-lived")["1-inputs-color"] == 255
    assert admin.params(deployed.url)["_1-node-class_type-info"] == "Colour"
    made = admin.create_key("limited", deployments=["short-lived"])
    limited = make_client(server=whole.url, client_id=made.client_id, client_secret=made.client_secret)
    assert limited.infer(deployed.url, {"1-inputs-color": 2}, timeout=30).outputs
    with pytest.raises(Forbidden):
        limited.run("paint", {"1-inputs-color": 1})
    known = admin.keys()
    assert made.client_id in [key.client_id for key in known]
    assert admin.revoke_key(made.client_id).revoked_at is not None
    with pytest.raises(RevokedKey):
        limited.params("short-lived")
    assert "short-lived" in [known.name for known in admin.deployments()]
    admin.remove_deployment("short-lived")
    with pytest.raises(UnknownDeployment):
        admin.params("short-lived")
    assert admin.workers().queued == 0
    (worker,) = admin.workers().workers
    assert admin.order_backend(worker.name, worker.backends[0].name, "start").draining is False
    scale = admin.scale("a100", minimum=2, maximum=5, wait=10)
    assert (scale.wanted, scale.limits.max, scale.limits.wait) == (2, 5, 10.0)
    assert admin.backend_logs(worker.name, worker.backends[0].name).lines
    listed = list(admin.jobs(deployment="short-lived", status="succeeded", page_size=1))
    assert {job.deployment for job in listed} == {"short-lived"}


def test_a_big_output_arrives_whole(client: Any, tmp_path: Path) -> None:
    (output,) = client.infer("big", {"1-inputs-seed": 77}, timeout=30).outputs
    path = output.save(tmp_path)
    assert path.stat().st_size == output.size > 3_000_000
    assert path.read_bytes().startswith(b"77\n")


def test_a_wait_goes_on_while_the_server_restarts(make_client: MakeClient, tmp_path: Path, server: ScriptedServer) -> None:
    own = WholeServer(tmp_path)
    own.start()
    try:
        client = make_client(server=own.url, client_id=None, client_secret=None, admin_token=own.admin_token)
        client.deploy("wait", WAIT)
        job = client.run("wait", {"1-inputs-seconds": 1.0})
        lines: list[str] = []
        waiting = threading.Thread(target=lambda: lines.extend(job.logs(timeout=60)))
        waiting.start()
        own.stop()
        own.start()
        waiting.join(60)
        result = job.result(timeout=30)
    finally:
        own.stop()
    assert result.status is JobStatus.SUCCEEDED
    assert "waited 1.0 s" in lines


# --- the published interface ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("logs", [False, True])
def test_the_published_interface_gets_its_pictures(whole: WholeServer, key: dict[str, Any], tmp_path: Path, logs: bool) -> None:
    (tmp_path / "photo.png").write_bytes(png((255, 0, 0)))
    lines: list[str] = []
    with (tmp_path / "photo.png").open("rb") as photo:
        call = {"params": {"1-inputs-image": photo}, "api_url": f"{whole.url}/d/invert/infer", **key}
        result = asyncio.run(compat.infer_with_logs(logging_callback=lines.append, **call) if logs else compat.infer(**call))
    assert result is not None
    assert (result.status, result.completed) == ("success", True)
    (file,) = result.outputs
    data = base64.b64decode(file.data, validate=True)
    assert len(data) == file.size
    assert colour(data) == (0, 255, 255)
    assert bool(lines) is logs
    assert all(line.startswith("log_message: ") for line in lines)


def test_the_published_interface_hears_of_a_failure(whole: WholeServer, key: dict[str, Any]) -> None:
    call = {"params": {"2-inputs-mode": "raise", "1-inputs-seconds": 0.01}, "api_url": f"{whole.url}/d/wait/infer", **key}
    lines: list[str] = []
    result = asyncio.run(compat.infer_with_logs(logging_callback=lines.append, **call))
    assert result is not None
    assert result.status == "error"
    assert any(line.startswith("error: ") and "asked to fail" in line for line in lines)
    with pytest.raises(WorkflowFailed, match=r"API request failed with status 502: .*asked to fail"):
        asyncio.run(compat.infer(**call))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.parametrize("logs", [False, True])
def test_node_gets_its_pictures(whole: WholeServer, key: dict[str, Any], tmp_path: Path, logs: bool) -> None:
    (tmp_path / "photo.png").write_bytes(png((255, 0, 0)))
    command = ["node", str(NODE_CLIENT), f"{whole.url}/d/invert/infer", key["client_id"], key["client_secret"]]
    more = ["--file", f"1-inputs-image={tmp_path / 'photo.png'}", *(["--logs"] if logs else [])]
    ended = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)
    seen = json.loads(ended.stdout)
    assert ended.returncode == 0, seen
    (output,) = seen["result"]["outputs"]
    assert output["bytes"] == output["size"]
    assert colour(base64.b64decode(output["data"])) == (0, 255, 255)
    assert bool(seen["logs"]) is logs
    assert seen["unknown"] == seen["errors"] == []
