"""A client on Node, as the published ones are: plain fetch, files first, and no patience with silence."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.pictures import encoded, sample_photo
from tests.e2e.product import PATIENCE, Product
from tests.e2e.workflows import echo_photo, failing, sleeping

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")]

CLIENT = Path(__file__).parent / "node_client.mjs"


def node(product: Product, name: str, *options: str) -> dict[str, Any]:
    """Return what the client has seen."""
    command = ["node", str(CLIENT), f"{product.url}/d/{name}/infer", *product.key, *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.stdout, ended.stderr
    seen: dict[str, Any] = json.loads(ended.stdout)
    return seen


@pytest.mark.parametrize("logs", [False, True])
def test_a_photo_goes_there_and_back(fragile: Product, tmp_path: Path, logs: bool) -> None:
    photo = tmp_path / "a photo.png"
    photo.write_bytes(encoded(sample_photo()))
    seen = node(fragile, fragile.deploy(echo_photo()), "--file", f"1-inputs-image={photo}", *(["--logs"] if logs else []))
    assert (seen["status"], seen["result"]["status"]) == (201, "success")
    assert [output["bytes"] == output["size"] > 0 for output in seen["result"]["outputs"]] == [True, True]
    assert seen["unknown"] == seen["errors"] == []
    assert ("got prompt" in seen["logs"]) is logs


@pytest.mark.parametrize("logs", [False, True])
def test_signs_of_life_are_no_news(fragile: Product, logs: bool) -> None:
    name = fragile.deploy(sleeping(2, steps=1))
    seen = node(fragile, name, "--params", '{"1-inputs-seed": 81}', *(["--logs"] if logs else []))
    assert seen["result"]["status"] == "success"
    assert seen["unknown"] == []


def test_a_failed_run_is_told(fragile: Product) -> None:
    seen = node(fragile, fragile.deploy(failing("raise")), "--params", '{"1-inputs-color": 82}', "--logs")
    assert [json.loads(error)["message"] for error in seen["errors"]] == ["TKFail: asked to fail"]
    assert seen["result"]["status"] == "error"


def test_a_silent_job_sends_white_space_ahead_of_its_json(fragile: Product) -> None:
    arrived = []
    data = {"logs": "false", "params": '{"1-inputs-seed": 83}'}
    name, begun = fragile.deploy(sleeping(2, steps=1)), time.monotonic()
    with fragile.http.stream("POST", f"/d/{name}/infer", data=data) as answer:
        headers_after = time.monotonic() - begun
        for chunk in answer.iter_raw():
            arrived.append(chunk)
    assert headers_after < 1.5
    assert b"".join(arrived).startswith(b"\n\n\n")
    assert json.loads(b"".join(arrived))["status"] == "success"


def test_a_silent_stream_has_pings(fragile: Product) -> None:
    answer = fragile.infer(fragile.deploy(sleeping(2, steps=1)), {"1-inputs-seed": 84}, logs=True)
    assert answer.text.count(": ping\n\n") >= 3
