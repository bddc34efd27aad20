"""A warm-up on a real ComfyUI: after a restart the first job finds its models loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.product import Product, parse_sse, until
from tests.e2e.test_backend_orders import backend, once, order
from tests.e2e.workflows import text_to_image

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
LOADER, SAMPLER = "UNETLoader", "KSampler"


def executed(product: Product, name: str, workflow: Json, seed: int) -> set[str]:
    """Run a job and return the classes of the nodes that ComfyUI said it executes: those that were cached are not among them."""
    [key] = [f"{node_id}-inputs-seed" for node_id, node in workflow.items() if node["class_type"] == SAMPLER]
    prompt_id = product.run(name, {key: seed})
    events = parse_sse(product.http.get(f"/api/jobs/{prompt_id}/events").content)
    told = [json.loads(data) for _, data in events]
    assert told[-1]["status"] == "succeeded", told[-1]
    return {workflow[one["node_id"]]["class_type"] for one in told if one.get("node_id") in workflow and "fraction" in one}


def warm(product: Product) -> Json | None:
    told = backend(product)["warm_up"]
    assert not told or told["state"] != "failed", told
    return told if told and told["state"] == "done" else None


def test_after_a_restart_the_first_job_finds_its_models_loaded(serve: Callable[..., Product]) -> None:
    product, workflow = serve(idle_timeout=0), text_to_image(steps=2, side=64)
    name = product.deploy(workflow)
    assert {LOADER, SAMPLER} <= executed(product, name, workflow, seed=11)
    assert backend(product)["warm_up"] is None
    edited = product.admin.patch(f"/api/deployments/{name}/inputs", json={"inputs": {}, "warm_up": {"steps": 1}})
    assert edited.is_success, edited.text
    order(product, "restart")
    until(lambda: backend(product)["starts"] == 2, "it has been started again")
    once(product, "ready")
    assert until(lambda: warm(product), "it is warm")["deployment"] == f"{name}@2"
    assert backend(product)["warm"], "the models that are loaded are known to whoever gives out jobs"
    ran = executed(product, name, workflow, seed=12)
    assert SAMPLER in ran
    assert LOADER not in ran
    assert len(product.admin.get("/api/jobs").json()["jobs"]) == 2, "a warm-up is no job"
    assert product.tidies_up()
