"""A whole server whose files are in a bucket: nothing needs them on its own disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests.server.site_kit import Site, open_site, until
from tools.services.s3 import Moto
from viewcomfy.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["server", "store"])
async def cloudy(request: pytest.FixtureRequest, moto: Moto, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path / "data", files=moto.bucket(), file_links=request.param) as site:
        yield site


def picture(color: str = "red") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (32, 32), color).save(data, "PNG")
    return data.getvalue()


async def test_jobs_run_and_their_files_are_in_the_bucket(cloudy: Site, moto: Moto) -> None:
    answer = await cloudy.infer("uploaded", {}, files={"5-inputs-image": ("cat.png", picture())})
    assert answer.status_code == 201, answer.text
    [output] = answer.json()["outputs"]
    job = await cloudy.job(answer.json()["prompt_id"])
    found = await cloudy.http.get(job["outputs"][0]["url"], follow_redirects=True)
    assert found.content[:4] == b"\x89PNG"
    assert len(found.content) == output["size"]
    assert (str(found.url).startswith(moto.url)) == (cloudy.settings.file_links == "store")
    folder = cloudy.settings.data_dir
    assert not (folder / "files").exists()
    assert not await cloudy.left()


async def test_a_job_runs_again_with_the_files_that_were_sent(cloudy: Site) -> None:
    first = (await cloudy.infer("uploaded", {}, files={"5-inputs-image": ("cat.png", picture())})).json()
    again = await cloudy.http.post(f"/api/jobs/{first['prompt_id']}/retry", headers=cloudy.admin)
    assert again.status_code == 202, again.text
    assert (await cloudy.finished(again.json()["prompt_id"]))["status"] == "succeeded"
    gone = await cloudy.http.delete(f"/api/jobs/{first['prompt_id']}", headers=cloudy.admin)
    assert gone.status_code == 204
    assert await cloudy.services.files.usage(f"jobs/{first['prompt_id']}/") == 0


async def test_a_batch_has_its_zip_and_its_sheet(cloudy: Site) -> None:
    spec = {"list": [{"1-inputs-color": color} for color in (1, 2, 3)]}
    sent = await cloudy.http.post("/d/picture/batch", json=spec, headers=cloudy.key)
    assert sent.status_code == 202, sent.text
    url = f"/api/batches/{sent.json()['batch_id']}"

    async def state() -> dict[str, int]:
        return dict((await cloudy.http.get(url, headers=cloudy.key)).json()["progress"])

    await until(state, lambda progress: progress["succeeded"] == 3)
    archive = zipfile.ZipFile(io.BytesIO((await cloudy.http.get(f"{url}/outputs.zip", headers=cloudy.key)).content))
    assert len(archive.namelist()) == 3
    sheet = await cloudy.http.get(f"{url}/contact-sheet.png", headers=cloudy.key)
    assert sheet.content[:4] == b"\x89PNG", sheet.text
    assert not await cloudy.left()


def test_where_files_are_is_not_printed_with_its_secrets() -> None:
    assert "SECRET" not in repr(Settings.model_validate({"files": "s3://KEY:SECRET@bucket"}))
