"""Looking into jobs, running them again and deleting them, over HTTP."""

from __future__ import annotations

import io
import json
import shutil
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.server.poster import PHOTO, POSTER, deploy, png, run, run_through
from tests.server.site_kit import UPLOADED, Site

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
RED = png((12, 8))


async def echoed(site: Site) -> Json:
    """Return a finished job that was sent a picture."""
    answer = await site.http.post("/d/uploaded/run", data={"inputs": "{}"}, files={"image": ("my photo.png", RED)}, headers=site.key)
    assert answer.status_code == 202, answer.text
    return await site.finished(answer.json()["prompt_id"])


async def retried(site: Site, job: Json, headers: dict[str, str] | None = None) -> httpx2.Response:
    return await site.http.post(f"/api/jobs/{job['prompt_id']}/retry", headers=headers or site.key)


async def deleted(site: Site, job: Json, headers: dict[str, str] | None = None) -> httpx2.Response:
    return await site.http.delete(f"/api/jobs/{job['prompt_id']}", headers=headers or site.key)


async def got(site: Site, url: str) -> bytes:
    answer = await site.http.get(url)
    assert answer.status_code == 200, answer.text
    return answer.content


async def picture(site: Site, job: Json) -> list[Any]:
    """Return the size and the pixels of what a job made: the rest of the file names its workflow."""
    shown = Image.open(io.BytesIO(await got(site, job["outputs"][0]["url"])))
    return [shown.size, shown.tobytes()]


# --- into it ----------------------------------------------------------------------------------------------------------
async def test_a_job_shows_its_inputs_by_their_names(site: Site) -> None:
    await deploy(site, "poster", POSTER)
    job = await run_through(site, "poster", {"prompt": "a cat", "seed": 77})
    assert {name: job["inputs"][name] for name in ("prompt", "seed", "steps")} == {"prompt": "a cat", "seed": 77, "steps": 2}
    assert job["uploads"] == []


async def test_a_job_shows_the_files_that_were_sent_in_with_links_to_them(site: Site) -> None:
    job = await echoed(site)
    assert job["inputs"]["image"] == "my photo.png"
    [upload] = job["uploads"]
    assert {name: upload[name] for name in ("input", "filename", "content_type", "size")} == {
        "input": "image",
        "filename": "my photo.png",
        "content_type": "image/png",
        "size": len(RED),
    }
    assert await got(site, upload["url"]) == RED
    assert upload["expires_at"] > job["created_at"]


async def test_a_job_says_which_worker_had_it_and_that_a_running_comfyui_is_no_cold_start(site: Site) -> None:
    job = await echoed(site)
    assert job["cold_start_seconds"] is None
    [worker] = (await site.http.get("/api/workers", headers=site.admin)).json()["workers"]
    assert job["worker"] == worker["name"]


async def test_a_failed_job_tells_how_long_it_ran(site: Site) -> None:
    job = await site.run("failing", {"1-inputs-seed": 5, "1-inputs-seconds": 0.2})
    job = await site.finished(job["prompt_id"])
    # not 0.2 exactly: the news of its start may have come late
    assert (job["status"], job["execution_time_seconds"] > 0) == ("failed", True)


async def test_the_holder_of_a_share_link_sees_the_form_and_not_the_workflow(site: Site) -> None:
    await deploy(site, "shared", PHOTO, inputs={"width": {"hidden": True}, "height": {"locked": True}})
    made = await site.http.post("/api/deployments/shared/shares", json={"name": "for friends"}, headers=site.admin)
    assert made.status_code == 201, made.text
    client_id, _, client_secret = made.json()["url"].partition("#share=")[2].partition(":")
    share = {"client_id": client_id, "client_secret": client_secret}
    answer = await site.http.post("/d/shared/run", data={"inputs": "{}"}, files={"image": ("a.png", RED)}, headers=share)
    assert answer.status_code == 202, answer.text
    prompt_id = answer.json()["prompt_id"]
    whole = await site.finished(prompt_id)
    assert whole["inputs"].keys() >= {"image", "width", "height"}
    seen = (await site.http.get(f"/api/jobs/{prompt_id}", headers=share)).json()
    assert seen["prompt"] == {}
    assert seen["inputs"]["image"] == "a.png"
    assert not {"width", "height"} & seen["inputs"].keys()
    assert [upload["input"] for upload in seen["uploads"]] == ["image"]
    assert (await retried(site, whole, share)).status_code == 202
    assert (await deleted(site, whole, share)).status_code == 204


# --- again ------------------------------------------------------------------------------------------------------------
async def test_a_retry_is_a_new_job_that_makes_the_same(site: Site) -> None:
    job = await echoed(site)
    answer = await retried(site, job)
    assert answer.status_code == 202, answer.text
    again = answer.json()
    assert answer.headers["location"] == f"{site.url}/api/jobs/{again['prompt_id']}"
    assert answer.headers["x-prompt-id"] == again["prompt_id"] != job["prompt_id"]
    again = await site.finished(again["prompt_id"])
    assert again["status"] == "succeeded", again
    assert (again["key_id"], again["version"], again["inputs"]) == (job["key_id"], job["version"], job["inputs"])
    assert await picture(site, again) == await picture(site, job)


async def test_a_job_with_a_workflow_of_its_own_is_retried_with_that_one(site: Site) -> None:
    other = {**UPLOADED, "9": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "mine"}}}
    files = {"image": ("a.png", RED)}
    form = {"inputs": "{}", "workflow_api": json.dumps(other)}
    answer = await site.http.post("/d/uploaded/run", data=form, files=files, headers=site.key)
    await site.finished(answer.json()["prompt_id"])
    again = await site.finished((await retried(site, answer.json())).json()["prompt_id"])
    assert again["outputs"][0]["filename"].startswith("mine")


async def test_a_failed_job_can_be_retried(site: Site) -> None:
    job = await site.run("failing", {"1-inputs-seed": 6})
    await site.finished(job["prompt_id"])
    again = await site.finished((await retried(site, job)).json()["prompt_id"])
    assert (again["status"], again["error"]["code"]) == ("failed", "workflow_failed")


async def test_a_job_whose_files_were_removed_answers_410(site: Site) -> None:
    job = await echoed(site)
    shutil.rmtree(site.settings.data_dir / "files" / "jobs" / job["prompt_id"])
    answer = await retried(site, job)
    assert (answer.status_code, answer.json()["code"]) == (410, "uploads_removed")


# --- away -------------------------------------------------------------------------------------------------------------
async def test_a_deleted_job_is_gone_and_so_are_its_files(site: Site) -> None:
    job = await echoed(site)
    urls = [job["outputs"][0]["url"], job["uploads"][0]["url"]]
    assert (await deleted(site, job)).status_code == 204
    for path in ("", "/events"):
        assert (await site.http.get(f"/api/jobs/{job['prompt_id']}{path}", headers=site.key)).status_code == 404
    assert [(await site.http.get(url)).status_code for url in urls] == [404, 404]
    assert not (site.settings.data_dir / "files" / "jobs" / job["prompt_id"]).exists()
    assert (await deleted(site, job)).json()["code"] == "unknown_job"


async def test_a_job_that_runs_is_not_deleted(site: Site) -> None:
    job = await site.run("waiting", {"1-inputs-seconds": 5, "1-inputs-seed": 91})
    answer = await deleted(site, job)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_finished")
    await site.http.post(f"/api/jobs/{job['prompt_id']}/cancel", headers=site.key)
    assert (await deleted(site, job)).status_code == 204


async def test_other_keys_jobs_are_nobodys_business(site: Site) -> None:
    job, other = await echoed(site), await site.make_key()
    assert [(await act(site, job, other)).json()["code"] for act in (retried, deleted)] == ["unknown_job"] * 2
    assert (await deleted(site, job, site.admin)).status_code == 204


async def test_a_batch_goes_on_without_a_job_that_was_deleted(site: Site) -> None:
    answer = await site.http.post("/d/picture/batch", json={"list": [{"color": 1}, {"color": 2}]}, headers=site.key)
    jobs = answer.json()["jobs"]
    for job in jobs:
        await site.finished(job["prompt_id"])
    again = await retried(site, jobs[0])
    assert again.status_code == 202
    assert (await deleted(site, jobs[0])).status_code == 204
    batch = (await site.http.get(f"/api/batches/{answer.json()['batch_id']}", headers=site.key)).json()
    assert [job["prompt_id"] for job in batch["jobs"]] == [jobs[1]["prompt_id"]], "the retried one is a job of its own"
    zipped = await site.http.get(f"/api/batches/{answer.json()['batch_id']}/outputs.zip", headers=site.key)
    assert zipped.status_code == 200


async def test_several_statuses_can_be_asked_for_at_once(site: Site) -> None:
    failed = await site.run("failing", {"1-inputs-seed": 61})
    await site.finished(failed["prompt_id"])
    await echoed(site)
    answer = await site.http.get("/api/jobs?status=failed&status=succeeded&limit=200", headers=site.admin)
    assert {job["status"] for job in answer.json()["jobs"]} == {"failed", "succeeded"}
    assert (await site.http.get("/api/jobs?status=failed&status=nonsense", headers=site.admin)).status_code == 422
    assert (await run(site, "picture", {"color": 3})).status_code == 202
