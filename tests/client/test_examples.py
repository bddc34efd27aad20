"""The examples, as a reader would paste them, with their own server and key filled in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import viewcomfy
from tests.client.whole import WholeServer
from viewcomfy import Client

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCE = Path(viewcomfy.__file__).parents[1]

SAMPLER = {"steps": 1, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0, "seed": 1}
TEXT: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a dog"}},
    "2": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "3": {
        "class_type": "KSampler",
        "inputs": {**SAMPLER, "model": ["1", 0], "positive": ["6", 0], "negative": ["6", 0], "latent_image": ["2", 0]},
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "painted"}},
}
PHOTO: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "edited"}},
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeServer]:
    server = WholeServer(tmp_path_factory.mktemp("whole"))
    server.start()
    with Client(server.url, admin_token=server.admin_token) as admin:
        admin.deploy("text", TEXT)
        admin.deploy("photo", PHOTO)
        server.key = admin.create_key("examples")
    yield server
    server.stop()


def run(whole: WholeServer, folder: Path, command: list[str], name: str, deployment: str) -> str:
    assert whole.key is not None
    text = (EXAMPLES / name).read_text()
    for blank, filled in {
        "http://127.0.0.1:8000": whole.url,
        "<client id>": whole.key.client_id,
        "<client secret>": whole.key.client_secret,
        "my-deployment": deployment,
    }.items():
        text = text.replace(blank, filled)
    (folder / name).write_text(text)
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "CLIENT_ID": whole.key.client_id, "CLIENT_SECRET": whole.key.client_secret}
    ended = subprocess.run([*command, name], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", ["call.py", "follow.py", "call_async.py", "published_interface.py"])
def test_a_python_example_runs(whole: WholeServer, tmp_path: Path, name: str) -> None:
    (tmp_path / "photos").mkdir()
    for photo in ("photo.png", "photos/a.png", "photos/b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / photo)
    said = run(whole, tmp_path, [sys.executable], name, "text" if name in {"call.py", "follow.py"} else "photo")
    saved = {path.name for folder in (tmp_path, tmp_path / "out") for path in folder.glob("*_00001_*.png")}
    assert (said, saved) != ("", set())
    if name != "follow.py":
        assert len(saved) == (2 if name == "call_async.py" else 1)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_the_node_example_runs(whole: WholeServer, tmp_path: Path) -> None:
    assert run(whole, tmp_path, ["node"], "call.mjs", "text") == "painted_00001_.png\n"
    with Image.open(tmp_path / "painted_00001_.png") as picture:
        assert picture.size == (64, 64)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_the_curl_example_runs(whole: WholeServer, tmp_path: Path) -> None:
    run(whole, tmp_path, ["sh"], "curl.sh", "text")
    with Image.open(tmp_path / "painted_00001_.png") as picture:
        assert picture.size == (64, 64)
