"""Handles on deployments and batches against the whole server: what both sides mean by the API is the same."""

from __future__ import annotations

import base64
import io
import json
import uuid
import zipfile
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
    BadInput,
    BreakingChange,
    Client,
    DeploymentProblems,
    Forbidden,
    InvalidParams,
    JobCanceled,
    JobStatus,
    UnknownBatch,
    UnknownDeployment,
    UnknownJob,
    UnknownVersion,
    WorkflowFailed,
)

INVERT: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
    "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "inverted"}},
}
PAINT: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 255}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "painted"}},
}
WAIT: dict[str, Any] = {
    "1": {"class_type": "TKWait", "inputs": {"seconds": 0.1, "steps": 5, "seed": 1}},
    "2": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": "none"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "waited"}},
}
LOST: dict[str, Any] = {**PAINT, "1": {"class_type": "EmptyImagee", "inputs": PAINT["1"]["inputs"]}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeServer]:
    server = WholeServer(tmp_path_factory.mktemp("whole"))
    server.start()
    with Client(server.url, admin_token=server.admin_token) as admin:
        for name, workflow in {"paint": PAINT, "invert": INVERT, "wait": WAIT}.items():
            admin.deploy(name, workflow)
        server.key = admin.create_key("tests")
    yield server
    server.stop()


@pytest.fixture
def client(make_client: MakeClient, whole: WholeServer, server: ScriptedServer) -> Any:
    assert whole.key is not None
    return make_client(server=whole.url, client_id=whole.key.client_id, client_secret=whole.key.client_secret)


@pytest.fixture
def admin(make_client: MakeClient, whole: WholeServer, server: ScriptedServer) -> Any:
    return make_client(server=whole.url, client_id=None, client_secret=None, admin_token=whole.admin_token)


@pytest.fixture
def name() -> str:
    return f"own-{uuid.uuid4().hex[:8]}"


def colour(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").getpixel((0, 0))


def png(rgb: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), rgb).save(file, "PNG")
    return file.getvalue()


# --- running ----------------------------------------------------------------------------------------------------------
def test_named_inputs_paint_what_was_asked_for(client: Any) -> None:
    paint = client.deployment("paint")
    assert {"width", "height", "color"} <= {declared.name for declared in paint.inputs()}
    result = paint.infer(color=0x00FF00, width=16, timeout=30)
    assert colour(result.outputs[0].read()) == (0, 255, 0)
    assert result.prompt["1"]["inputs"] == {"width": 16, "height": 8, "batch_size": 1, "color": 0x00FF00}
    assert colour(paint.infer({"1-inputs-color": 0xFF0000}, width=24, timeout=30).outputs[0].read()) == (255, 0, 0)


@pytest.mark.parametrize("kind", ["path", "bytes", "file", "named", "data URL"])
def test_a_photo_goes_in_by_its_name(client: Any, tmp_path: Path, kind: str) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(data := png((255, 0, 0)))
    with photo.open("rb") as opened:
        text = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        given = {"path": photo, "bytes": data, "file": opened, "named": ("x.png", data), "data URL": text}[kind]
        result = client.deployment("invert").infer(image=given, timeout=30)
    assert colour(result.outputs[0].read()) == (0, 255, 255)


def test_lines_are_told(client: Any) -> None:
    lines: list[str] = []
    client.deployment("wait").infer_with_logs(seed=uuid.uuid4().int % 2**32, on_log=lines.append, timeout=30)
    assert "waited 0.1 s" in lines


def test_a_job_runs_again_and_goes(client: Any) -> None:
    job = client.deployment("paint").run(color=0xFF0000)
    first = job.result(timeout=60)
    again = job.retry()
    assert again.prompt_id != job.prompt_id
    assert again.result(timeout=60).prompt == first.prompt
    job.delete()
    with pytest.raises(UnknownJob):
        job.status()
    assert again.status() is JobStatus.SUCCEEDED


def test_a_link_is_shared_and_usage_is_told(admin: Any, client: Any) -> None:
    made = admin.share("paint", "friends", max_per_day=3, max_running=1)
    assert made.url.startswith("http")
    known = {key.client_id: key for key in admin.keys()}[made.client_id]  # noqa: SIM118  no dictionary's
    assert (known.share, known.name, known.deployments, known.max_per_day, known.max_running) == (True, "friends", ["paint"], 3, 1)
    admin.revoke_key(made.client_id)
    client.deployment("paint").infer(color=1, timeout=60)
    usage = admin.usage(deployment="paint", by="deployment")
    assert usage.all.jobs >= 1
    assert [group.group for group in usage.groups] == ["paint"]


def test_every_mistake_is_named_before_anything_runs(client: Any) -> None:
    with pytest.raises(BadInput) as caught:
        client.deployment("paint").run(colour=1, width=-5, height="tall")
    assert [problem["input"] for problem in caught.value.problems] == ["colour", "width", "height"]
    assert "color" in str(caught.value.problems[0])
    with pytest.raises(UnknownDeployment):
        client.deployment("nothing").run(width=1)
    assert not any(job.deployment == "nothing" for job in client.jobs())


def test_a_deployment_describes_itself(client: Any) -> None:
    paint = client.deployment("paint")
    assert paint.describe().workflow_api == PAINT
    assert paint.openapi()["openapi"].startswith("3.")
    for forbidden in (paint.rollback, paint.report, paint.diff, lambda: list(paint.versions())):
        with pytest.raises((AuthError, Forbidden)):
            forbidden()


# --- versions ---------------------------------------------------------------------------------------------------------
def test_versions_are_made_pinned_compared_and_rolled_back(admin: Any, name: str) -> None:
    admin.deploy(name, PAINT, note="first", title="Painter")
    made = admin.deploy(name, {**PAINT, "1": {**PAINT["1"], "inputs": {**PAINT["1"]["inputs"], "color": 7}}}, note="second")
    assert (made.version, made.current_version, made.title, made.report.ok) == (2, 2, "Painter", True)
    handle = admin.deployment(name)
    assert [(one.version, one.note, one.current) for one in handle.versions(page_size=1)] == [(2, "second", True), (1, "first", False)]
    assert handle.diff().breaking is False
    jobs = [admin.deployment(name, version=version).run(width=9) for version in (None, 1, 2)]
    jobs.append(admin.run(name, {"width": 9}, version=1))
    assert [job.detail().version for job in jobs] == [2, 1, 2, 1]
    with pytest.raises(UnknownVersion):
        admin.deployment(name, version=3).run(width=9)
    assert handle.rollback().current_version == 1
    assert handle.run(width=10).detail().version == 1
    assert handle.rollback(2).current_version == 2
    assert handle.canary(1, 100).canary_version == 1
    assert handle.run(width=11).detail().version == 1
    assert handle.canary(1, 0).canary_version is None


def test_a_version_beside_the_current_one_is_only_pinned(admin: Any, name: str) -> None:
    admin.deploy(name, PAINT)
    made = admin.deploy(name, PAINT, make_current=False, time_limit=9)
    assert (made.version, made.current_version) == (2, 1)
    assert admin.deployment(name).describe().version == 1
    assert admin.deployment(name, version=2).describe().time_limit == 9


def test_inputs_are_edited_and_what_breaks_calls_is_confirmed(admin: Any, name: str) -> None:
    admin.deploy(name, PAINT, inputs={"color": {"label": "Paint"}})
    handle = admin.deployment(name)
    assert handle.edit({"width": {"description": "In pixels"}}, note="described").version == 2
    for narrower in ({"maximum": 4096}, {"locked": True}):
        with pytest.raises(BreakingChange, match="'width'"):
            handle.edit({"width": narrower})
    assert handle.edit({"width": {"locked": True}}, allow_breaking=True).version == 3
    known = {declared.name: declared for declared in handle.inputs()}
    assert (known["color"].label, known["width"].description, known["width"].locked) == ("Paint", "In pixels", True)
    with pytest.raises(InvalidParams):
        handle.run(width=9)


def test_a_workflow_that_cannot_run_is_deployed_on_purpose_only(admin: Any, name: str) -> None:
    found = admin.check(LOST, name=name)
    assert not found.report.ok
    with pytest.raises(DeploymentProblems) as refused:
        admin.deploy(name, LOST)
    assert "EmptyImage" in json.dumps(refused.value.details["report"])
    assert admin.deploy(name, LOST, force=True).report.ok is False
    assert admin.deployment(name).report().ok is False
    doctor = admin.doctor()
    assert doctor.deployments[name].ok is False
    admin.remove_deployment(name)


def test_an_app_file_makes_a_round_trip(admin: Any, name: str, tmp_path: Path) -> None:
    admin.deploy(name, PAINT, title="Painter", inputs={"color": {"label": "Paint"}})
    app = admin.deployment(name).app_file()
    (tmp_path / "view_comfy.json").write_text(json.dumps(app))
    again = f"{name}-again"
    assert admin.check(app_file=app).report.ok
    assert admin.deploy(again, app_file=tmp_path / "view_comfy.json").title == "Painter"
    assert "Paint" in [declared.label for declared in admin.deployment(again).inputs()]
    assert admin.deployment(again).app_file() == app


# --- batches ----------------------------------------------------------------------------------------------------------
def test_a_grid_is_run_and_its_outputs_fetched(client: Any, tmp_path: Path) -> None:
    batch = client.deployment("paint").batch(grid={"color": [0xFF0000, 0x0000FF], "width": range(16, 18)}, inputs={"height": 9})
    seen = {job.prompt_id: job.status() for job in batch.finished(timeout=60)}
    assert list(seen.values()) == [JobStatus.SUCCEEDED] * 4
    results = batch.results(timeout=60)
    assert [colour(result.outputs[0].read()) for result in results] == [(255, 0, 0)] * 2 + [(0, 0, 255)] * 2
    assert [result.prompt["1"]["inputs"]["width"] for result in results] == [16, 17, 16, 17]
    assert len({job.label for job in batch.jobs()}) == 4
    with zipfile.ZipFile(batch.save_zip(tmp_path)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 4
    with Image.open(batch.save_contact_sheet(tmp_path / "sheet.png")) as sheet:
        assert sheet.format == "PNG"
    assert batch.detail().progress.succeeded == 4
    assert batch.batch_id in [known.batch_id for known in client.batches(page_size=1)]


def test_files_may_be_shared_or_each_jobs_own(client: Any, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(png((255, 0, 0)))
    invert = client.deployment("invert")
    own = invert.batch([{"image": photo}, {"image": png((0, 255, 0))}]).results(timeout=60)
    assert [colour(result.outputs[0].read()) for result in own] == [(0, 255, 255), (255, 0, 255)]
    shared = invert.batch([{"filename_prefix": "a"}, {"filename_prefix": "b"}], inputs={"image": photo}).results(timeout=60)
    assert [colour(result.outputs[0].read()) for result in shared] == [(0, 255, 255)] * 2


def test_the_same_batch_id_is_the_same_batch(client: Any) -> None:
    batch_id = str(uuid.uuid4())
    paint = client.deployment("paint")
    batches = [paint.batch([{"color": 1}, {"color": 2}], batch_id=batch_id) for _ in range(2)]
    first, second = ([job.prompt_id for job in batch.jobs()] for batch in batches)
    assert first == second
    assert client.batch(batch_id).wait(timeout=60).progress.total == 2


def test_one_failed_job_leaves_the_others_their_results(client: Any) -> None:
    batch = client.deployment("wait").batch([{"mode": "none", "seed": 41}, {"mode": "raise", "seed": 42}])
    assert batch.wait(timeout=60).progress.failed == 1
    with pytest.raises(WorkflowFailed, match="asked to fail"):
        batch.results()
    assert len(batch.jobs()[0].result().outputs) == 1


def test_a_batch_is_canceled_as_one(client: Any) -> None:
    batch = client.deployment("wait").batch(grid={"seed": range(5)}, inputs={"seconds": 60.0, "steps": 600})
    batch.cancel()
    assert batch.wait(timeout=60).progress.canceled == 5
    with pytest.raises(JobCanceled):
        batch.results()


def test_a_batch_with_mistakes_makes_no_job(client: Any, admin: Any) -> None:
    before = len(list(client.batches()))
    with pytest.raises(BadInput) as caught:
        client.deployment("paint").batch([{"color": 1}, {"colour": 2}, {"width": -1}])
    assert len(caught.value.problems) == 2
    assert len(list(client.batches())) == before


def test_a_batch_is_its_keys_own(client: Any, admin: Any, make_client: MakeClient, whole: WholeServer, tmp_path: Path) -> None:
    batch = client.deployment("paint").batch([{"color": 1}])
    batch.wait(timeout=60)
    other = admin.create_key("other")
    stranger = make_client(server=whole.url, client_id=other.client_id, client_secret=other.client_secret).batch(batch.batch_id)
    for forbidden in (stranger.detail, stranger.cancel, stranger.wait, lambda: stranger.save_zip(tmp_path)):
        with pytest.raises(UnknownBatch):
            forbidden()
    assert list(tmp_path.iterdir()) == []
    assert admin.batch(batch.batch_id).save_zip(tmp_path).stat().st_size > 100
