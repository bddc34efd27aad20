"""Orders to real ComfyUIs: stopped in mid-job, drained, restarted, and every job succeeds once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.product import Product, parse_sse, until
from tests.e2e.workflows import colour, sleeping, text_to_image

pytestmark = pytest.mark.e2e

Json = dict[str, Any]


def backend(product: Product, name: str = "comfyui-0") -> Json:
    """Return a backend as it stands."""
    return next(one for one in product.backends() if one["name"] == name)


def order(product: Product, action: str, name: str = "comfyui-0") -> Json:
    """Give an order and return the answer."""
    [worker] = product.admin.get("/api/workers").json()["workers"]
    answer = product.admin.post(f"/api/workers/{worker['name']}/backends/{name}/{action}")
    assert answer.status_code == 202, answer.text
    told: Json = answer.json()
    return told


def once(product: Product, state: str, name: str = "comfyui-0", *, draining: bool = False) -> Json:
    """Return a backend as soon as it stands like this."""

    def found() -> Json | None:
        one = backend(product, name)
        return one if (one["state"], one["draining"]) == (state, draining) else None

    return until(found, f"{name} is {state}")


def statuses(product: Product, prompt_id: str) -> list[str]:
    events = parse_sse(product.http.get(f"/api/jobs/{prompt_id}/events").content)
    return [json.loads(data)["status"] for kind, data in events if kind == "status"]


def runs_on(product: Product, prompt_id: str) -> str | None:
    """Return the backend that runs a job now."""
    return next((one["name"] for one in product.backends() if prompt_id in one["prompt_ids"]), None)


def test_a_comfyui_stopped_in_mid_job_runs_it_again_and_it_succeeds_once(serve: Callable[..., Product]) -> None:
    product = serve(attempts=1, idle_timeout=0)
    slow, plain = product.deploy(sleeping(2.0)), product.deploy(colour())
    product.result(plain, {"1-inputs-color": 1})
    [before] = product.comfyuis()
    running = product.run(slow, {"1-inputs-seed": 5})
    queued = [product.run(plain, {"1-inputs-color": color}) for color in (0x0A0000, 0x0B0000)]
    until(lambda: runs_on(product, running), "it runs")
    order(product, "stop")
    for prompt_id in (running, *queued):
        job = product.ended(prompt_id)
        assert (job["status"], len(job["outputs"])) == ("succeeded", 1), job
    assert statuses(product, running) == ["queued", "running", "queued", "running", "succeeded"]
    [after] = product.comfyuis()
    assert after.pid != before.pid
    shown = backend(product)
    assert (shown["starts"], shown["failures"], shown["draining"]) == (2, 0, False)
    product.tidies_up()


def test_a_drained_comfyui_leaves_its_jobs_to_the_other_one_and_comes_back(serve: Callable[..., Product]) -> None:
    product = serve(backends=2, idle_timeout=0)
    slow, plain = product.deploy(sleeping(2.0)), product.deploy(colour())
    for name in ("comfyui-0", "comfyui-1"):
        assert order(product, "start", name)["state"] in ("starting", "ready")  # a deploy may have started one already
    for name in ("comfyui-0", "comfyui-1"):
        shown = once(product, "ready", name)
        assert (shown["device"], shown["comfyui_version"], shown["vram_total"]) == ("cpu", "0.3.75", None)
        assert shown["ram_total"] > shown["ram_free"] > 0
    running = product.run(slow, {"1-inputs-seed": 6})
    name = until(lambda: runs_on(product, running), "it runs")
    other = "comfyui-1" if name == "comfyui-0" else "comfyui-0"
    pid = backend(product, other)["pid"]
    assert order(product, "drain", name)["draining"] is True
    for color in range(3):
        product.result(plain, {"1-inputs-color": color})
    assert product.ended(running)["status"] == "succeeded"
    assert product.job(running)["attempt"] == 1
    once(product, "stopped", name, draining=True)
    assert [process.pid for process in product.comfyuis()] == [pid]
    order(product, "start", name)
    once(product, "ready", name)


def test_a_busy_comfyui_is_restarted_after_its_job_and_forgets_its_models(serve: Callable[..., Product]) -> None:
    product = serve(idle_timeout=0)
    tiny, slow = product.deploy(text_to_image(side=64)), product.deploy(sleeping(1.5))
    product.result(tiny, {"7-inputs-seed": 1})
    models = ["tiny_clip_l.pt", "tiny_mmdit.safetensors", "tiny_taesd.safetensors"]
    assert until(lambda: backend(product)["warm"], "its models are told of", 5) == models
    running = product.run(slow, {"1-inputs-seed": 7})
    until(lambda: runs_on(product, running), "it runs")
    told = order(product, "restart")
    assert (told["state"], told["draining"]) == ("ready", True)
    waiting = product.run(slow, {"1-inputs-seed": 8})
    assert product.ended(running)["attempt"] == product.ended(waiting)["attempt"] == 1
    shown = backend(product)
    assert shown["pid"] != told["pid"]
    assert (shown["starts"], shown["draining"], shown["warm"]) == (2, False, [])
    [worker] = product.admin.get("/api/workers").json()["workers"]
    logs = product.admin.get(f"/api/workers/{worker['name']}/backends/comfyui-0/logs").json()
    texts = [line["text"] for line in logs["lines"]]
    assert sum(text.startswith("ComfyUI is ready after") for text in texts) == 2
    assert "ComfyUI was stopped." in texts
    assert texts.count("got prompt") == 3
