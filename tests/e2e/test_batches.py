"""Batches on a real ComfyUI: one call, many pictures, all of them on one sheet and in one zip."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.pictures import encoded, likeness, opened, sample_photo
from tests.e2e.product import PATIENCE, Json, Product, until
from tests.e2e.workflows import echo_photo, node, sleeping
from viewcomfy.cli.samples import TEXT_TO_IMAGE, sample_workflow
from viewcomfy.core.jobs import JobStatus

pytestmark = pytest.mark.e2e

PROMPTS = ["a red fox", "a blue whale"]
SEEDS = [1, 2, 3]
LEFT, TOP, GAP, CELL = 150, 50, 8, 256
"""Where a sheet of a grid has its cells, in pixels."""


def begun(product: Product, name: str, **batch: object) -> Json:
    """Return a batch that was accepted."""
    answer = product.http.post(f"/d/{name}/batch", json=batch)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["batch_id"])
    told: Json = answer.json()
    return told


def ended(product: Product, batch_id: str) -> Json:
    """Return a batch once nothing can happen to any of its jobs."""

    def done() -> Json | None:
        batch: Json = product.http.get(f"/api/batches/{batch_id}").json()
        return batch if batch["progress"]["done"] == batch["progress"]["total"] else None

    return until(done, "the batch has ended")


@pytest.fixture(scope="module")
def grid(product: Product) -> Json:
    """A batch of two prompts by three seeds that has ended."""
    name = product.deploy(sample_workflow(TEXT_TO_IMAGE))
    batch = begun(product, name, inputs={"steps": "3"}, grid={"prompt": PROMPTS, "seed": SEEDS})
    assert batch["progress"]["total"] == len(batch["jobs"]) == 6
    return ended(product, batch["batch_id"])


@pytest.fixture(scope="module")
def pictures(product: Product, grid: Json) -> list[Image.Image]:
    """Its pictures, in its order."""
    return [opened(*product.files(product.job(job["prompt_id"]))) for job in grid["jobs"]]


def test_a_grid_makes_a_picture_for_each_combination(product: Product, grid: Json, pictures: list[Image.Image]) -> None:
    assert (grid["progress"]["succeeded"], grid["canceled_at"]) == (6, None)
    assert [axis["name"] for axis in grid["axes"]] == ["prompt", "seed"]
    assert len({picture.tobytes() for picture in pictures}) == 6
    alone = product.made(grid["deployment"], {"steps": 3, "prompt": PROMPTS[1], "seed": 2})
    assert opened(*product.files(alone)).tobytes() == pictures[4].tobytes(), "the last input varies fastest"


def test_its_zip_holds_every_picture_as_it_is(product: Product, grid: Json, pictures: list[Image.Image]) -> None:
    answer = product.http.get(grid["outputs_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = sorted(archive.namelist())
        assert [opened(archive.read(name)).tobytes() for name in names] == [picture.tobytes() for picture in pictures]
    assert len({name.partition("/")[0] for name in names}) == 6
    assert "fox" in names[0]


def test_its_contact_sheet_shows_them_where_they_belong(product: Product, grid: Json, pictures: list[Image.Image]) -> None:
    answer = product.http.get(grid["contact_sheet_url"])
    sheet = opened(answer.content)
    assert (answer.headers["content-type"], sheet.mode) == ("image/png", "RGB")
    assert sheet.size == (LEFT + 3 * (CELL + GAP) + GAP, TOP + 2 * (CELL + GAP) + GAP)
    for (row, column), picture in zip(itertools.product(range(2), range(3)), pictures, strict=True):
        left, top = LEFT + GAP + column * (CELL + GAP), TOP + GAP + row * (CELL + GAP)
        shown = sheet.crop((left, top, left + CELL, top + CELL))
        assert shown.tobytes() == picture.tobytes(), "256 pixels need not be made smaller"
    labels = sheet.crop((0, 0, LEFT, sheet.height)), sheet.crop((LEFT, 0, sheet.width, TOP))
    assert all(len(part.getcolors(1 << 16) or []) > 2 for part in labels), "something is written there"
    again = product.http.get(grid["contact_sheet_url"], headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_file_that_all_jobs_share_is_sent_once(product: Product) -> None:
    saved = node("SaveImage", images=["5", 0], filename_prefix="grey")
    name, photo = product.deploy(echo_photo() | {"5": sleeping(0)["1"], "6": saved}), sample_photo()
    fields = {"batch": json.dumps({"list": [{"seed": 10}, {"seed": 20}]})}
    answer = product.http.post(f"/d/{name}/batch", data=fields, files={"image": ("photo.png", encoded(photo))})
    assert answer.status_code == 202, answer.text
    for job, grey in zip(ended(product, answer.json()["batch_id"])["jobs"], (10, 20), strict=True):
        made = product.job(job["prompt_id"])
        by_node = {output["node_id"]: opened(data) for output, data in zip(made["outputs"], product.files(made), strict=True)}
        assert likeness(by_node["8"], photo) > 0.99
        assert by_node["6"].getpixel((0, 0)) == (grey, grey, grey)


def test_one_bad_job_keeps_the_whole_batch_out(product: Product) -> None:
    name, before = product.deploy(sample_workflow(TEXT_TO_IMAGE)), product.prompts()
    answer = product.http.post(f"/d/{name}/batch", json={"grid": {"steps": [1, 0], "sampler": ["euler", "eulr"]}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
    told = json.dumps(answer.json())
    assert "between 1 and 10000" in told
    assert "Did you mean 'euler'?" in told
    assert product.http.get("/api/jobs", params={"deployment": name}).json()["jobs"] == []
    assert product.prompts() == before


def test_a_canceled_batch_ends_what_runs_and_what_waits(product: Product) -> None:
    batch = begun(product, product.deploy(sleeping(30, steps=300)), list=[{"seed": seed} for seed in range(5)])
    product.once(batch["jobs"][0]["prompt_id"], "running")
    assert product.http.post(f"/api/batches/{batch['batch_id']}/cancel").json()["canceled_at"]
    assert {job["status"] for job in ended(product, batch["batch_id"])["jobs"]} == {JobStatus.CANCELED}
    assert product.tidies_up()


def test_the_sdk_makes_a_batch_and_saves_it(product: Product, tmp_path: Path) -> None:
    name = product.deploy(sleeping(0))
    with product.client() as client:
        batch = client.deployment(name).batch(grid={"seed": [1, 2, 3]}, inputs={"steps": 1})
        results = batch.results(timeout=PATIENCE)
        assert [opened(result.outputs[0].read()).getpixel((0, 0)) for result in results] == [(seed,) * 3 for seed in (1, 2, 3)]
        assert zipfile.ZipFile(batch.save_zip(tmp_path / "all.zip")).testzip() is None
        assert opened(batch.save_contact_sheet(tmp_path / "sheet.png").read_bytes()).width > 256
        assert batch.batch_id in {one.batch_id for one in client.batches()}
