"""A deployment whose model is missing: refused, fetched through a line that breaks, and sampled with."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.comfy_jobs import sampling
from tests.e2e.pictures import opened
from tests.e2e.product import Product
from tests.fixtures.broken_files import BrokenFiles, broken_files
from viewcomfy.comfy.installation import RECORD, Installation

pytestmark = pytest.mark.e2e

MODEL = "xl/fetched.safetensors"


@pytest.fixture(scope="module")
def own(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ComfyUI in a folder of its own, without a checkpoint."""
    folder = tmp_path_factory.mktemp("own") / "comfyui"
    folder.mkdir()
    for name in ("ComfyUI", "venv", RECORD):
        (folder / name).symlink_to(installation.base.parent / name)
    shutil.copytree(installation.models, folder / "base" / "models", copy_function=os.link)
    (folder / "base" / "models" / "checkpoints" / "tiny_sd3.safetensors").unlink()
    (folder / "base" / "custom_nodes").mkdir()
    return folder


@pytest.fixture
def site() -> Iterator[BrokenFiles]:
    with broken_files() as served:
        yield served


def test_a_missing_model_is_fetched_through_a_line_that_breaks_and_makes_a_picture(
    own: Path, installation: Installation, site: BrokenFiles, tmp_path: Path
) -> None:
    data = (installation.models / "checkpoints" / "tiny_sd3.safetensors").read_bytes()
    cut = len(data) // 5
    url = site.put("/fetched.safetensors", data, cuts=[None, cut, cut, None], token="sesame")
    workflow = sampling(1, steps=2)
    workflow["1"]["inputs"]["ckpt_name"] = MODEL
    (tmp_path / "w.json").write_text(json.dumps(workflow))
    named = f"checkpoints/{MODEL}={url}?token=secret#sha256={hashlib.sha256(data).hexdigest()}"
    tokens = f"{site.url.removeprefix('http://')}=sesame"
    with Product(tmp_path / "data", own, idle_timeout=0, model_tokens=tokens) as product:
        refused = product.command("deploy", "fetched", "w.json", "--model", named, "--json", cwd=tmp_path)
        assert refused.returncode == 2
        assert json.loads(refused.stderr.splitlines()[-1])["code"] == "deployment_problems"
        done = product.command("deploy", "fetched", "w.json", "--model", named, "--fetch", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        assert (made["report"]["ok"], made["models"][0]["url"]) == (True, url)
        assert (own / "base" / "models" / "checkpoints" / MODEL).read_bytes() == data
        [picture] = product.files(product.made("fetched", {"seed": 3}))
        assert opened(picture).size[0] > 0
        assert len(site.ranges("/fetched.safetensors")) >= 4
        [backend] = product.backends()
        assert backend["starts"] == 1, "ComfyUI sees the new file without being started again"
        assert "sesame" not in product.log()
