"""The Python of docs/clients.md, run from top to bottom as one program, with a server and a key filled in."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from PIL import Image

from tests.client.whole import WholeServer
from viewcomfy import Client

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
SAMPLER = {"steps": 1, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0, "seed": 1}
POSTER: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
    "4": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 2]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a dog"}},
    "3": {
        "class_type": "KSampler",
        "inputs": {**SAMPLER, "model": ["1", 0], "positive": ["6", 0], "negative": ["6", 0], "latent_image": ["4", 0]},
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "poster"}},
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeServer]:
    server = WholeServer(tmp_path_factory.mktemp("whole"))
    server.start()
    with Client(server.url, admin_token=server.admin_token) as admin:
        admin.deploy("poster", POSTER)
        server.key = admin.create_key("documentation")
    yield server
    server.stop()


def programs(whole: WholeServer) -> Iterator[CodeType]:
    assert whole.key is not None
    page = PAGE.read_text()
    for blank, filled in {
        "http://127.0.0.1:8000": whole.url,
        "vc_…": whole.key.client_id,
        "vcs_…": whole.key.client_secret,
        "<admin token>": whole.admin_token,
    }.items():
        page = page.replace(blank, filled)
    for found in re.finditer(r"```python\n(.*?)```", page, re.DOTALL):
        lines = "\n" * page.count("\n", 0, found.start(1))  # so that a traceback names the page's line
        yield compile(lines + found[1], str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_everything_shown_of_the_python_client_runs(
    whole: WholeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name in ("photo.png", "photos/a.png", "photos/b.png"):
        Image.new("RGB", (64, 64)).save(tmp_path / name)
    (tmp_path / "workflow.json").write_text(json.dumps(POSTER))
    names: dict[str, Any] = {}
    with ExitStack() as stack:
        for program in programs(whole):
            try:
                if (waiting := eval(program, names)) is not None:
                    asyncio.run(waiting)
            finally:  # the page leaves its clients open, as readers do
                for opened in [value for value in names.values() if isinstance(value, Client | BufferedReader)]:
                    stack.callback(opened.close)
    said = capsys.readouterr().out
    assert "promt" in said
    assert "prompt=a dog" in said
    assert "sharper" in said
    assert {path.suffix for path in tmp_path.glob("cats-and-dogs.*")} == {".zip", ".png"}
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
