"""A ComfyUI that runs already, given by its URL: it is used with logs and files, and left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.comfy_jobs import sampling
from tests.e2e.pictures import decoded, encoded, likeness, opened, pixels, sample_photo
from tests.e2e.product import Product
from tests.e2e.workflows import colour, echo_photo, failing, sleeping

pytestmark = pytest.mark.e2e


def test_a_comfyui_by_url_is_used_and_left_running(product: Product, serve: Callable[..., Product], others_comfyui: str) -> None:
    attached = serve(comfyui=others_comfyui, cancel_grace=2)
    before = [process.pid for process in product.comfyuis()]
    assert attached.comfyuis() == []
    events = attached.events(attached.deploy(sampling(1)), {"4-inputs-seed": 77})
    assert any("8/8" in data for kind, data in events if kind == "log_message"), "its log comes through its socket"
    photo = sample_photo()
    outputs = attached.result(attached.deploy(echo_photo()), files={"1-inputs-image": ("photo.png", encoded(photo))})["outputs"]
    assert likeness(opened(decoded(outputs[0])), photo) > 0.99
    assert attached.infer(attached.deploy(failing("raise")), {"1-inputs-color": 5}).json()["detail"] == "TKFail: asked to fail"
    others = product.run(product.deploy(sleeping(1)), {"1-inputs-seed": 5})
    long = attached.run(attached.deploy(sleeping(60, steps=600)), {"1-inputs-seed": 6})
    attached.once(long, "running")
    assert attached.http.post(f"/api/jobs/{long}/cancel").json()["status"] == "canceled"
    assert product.ended(others)["status"] == "succeeded", "only our own job was interrupted"
    attached.stop()
    assert [process.pid for process in product.comfyuis()] == before
    assert pixels(product.result(product.deploy(colour()), {"1-inputs-color": 0x070809}))[:3] == b"\x07\x08\x09"


def test_a_url_where_nothing_answers_is_named(serve: Callable[..., Product]) -> None:
    attached = serve(comfyui="http://127.0.0.1:9", attempts=1)
    answer = attached.infer(attached.deploy(colour()), {"1-inputs-color": 1})
    assert answer.status_code == 503
    assert answer.json()["code"] == "no_backend"
    assert "http://127.0.0.1:9" in answer.json()["detail"]
