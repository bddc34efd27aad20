"""Cold starts, retries and deletions of jobs on a real ComfyUI."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from tests.e2e.pictures import encoded, opened, sample_photo
from tests.e2e.product import PATIENCE, Json, Product
from tests.e2e.workflows import colour, echo_photo

pytestmark = pytest.mark.e2e


def finished(product: Product, answer: httpx2.Response) -> Json:
    assert answer.status_code == 202, answer.text
    job = product.ended(answer.json()["prompt_id"])
    assert job["status"] == "succeeded", job
    return job


def test_a_cold_start_is_told_of_the_job_that_waited_for_it_and_of_no_other(serve: Callable[..., Product]) -> None:
    product = serve()
    name = product.deploy(colour(), force=True)  # without a check, which would start ComfyUI
    cold, warm = (product.ended(product.run(name, {"1-inputs-color": color})) for color in (1, 2))
    [backend] = product.backends()
    assert 0.2 < cold["cold_start_seconds"] == pytest.approx(backend["start_seconds"], abs=1.0)
    assert cold["cold_start_seconds"] + cold["execution_time_seconds"] <= cold["finished_at"] - cold["started_at"]
    assert warm["cold_start_seconds"] is None
    assert cold["worker"] == warm["worker"] != ""
    figures = product.admin.get("/api/usage", params={"deployment": name}).json()["all"]
    assert (figures["succeeded"], figures["cold_starts"]) == (2, 1)
    assert figures["cold_start"]["p50"] == pytest.approx(cold["cold_start_seconds"], rel=0.01)


def test_a_job_with_an_upload_is_retried_and_deleted(product: Product) -> None:
    name = product.deploy(echo_photo())
    photo = sample_photo()
    files = {"image": ("my photo.png", encoded(photo), "image/png")}
    job = finished(product, product.http.post(f"/d/{name}/run", data={"inputs": "{}"}, files=files))
    assert job["inputs"]["image"] == "my photo.png"
    again = finished(product, product.http.post(f"/api/jobs/{job['prompt_id']}/retry"))
    assert again["inputs"] == job["inputs"]
    assert product.http.delete(f"/api/jobs/{job['prompt_id']}").status_code == 204
    pictures = [opened(made).convert("RGB").tobytes() for made in product.files(again)]
    assert photo.tobytes() in pictures
    [sent] = again["uploads"]
    assert httpx2.get(sent["url"], timeout=PATIENCE, trust_env=False).content == encoded(photo)
    third = finished(product, product.http.post(f"/api/jobs/{again['prompt_id']}/retry"))
    assert product.files(third)
    assert not (product.data_dir / "files" / "jobs" / job["prompt_id"]).exists()
    assert product.tidies_up()
