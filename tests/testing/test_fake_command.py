"""The fake as a process in the place of ComfyUI's main.py."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

GREETING = "To see the GUI go to: "


@contextmanager
def started(folder: Path, *options: str, port: str = "0") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command with ComfyUI's usual options; give the process and its URL."""
    ignored = ["--cpu", "--user-directory", str(folder), "--database-url", "sqlite:///:memory:", "--front-end-root", str(folder)]
    folders = ["--input-directory", str(folder / "in"), "--output-directory", str(folder / "out"), "--temp-directory", str(folder)]
    command = [sys.executable, "-m", "viewcomfy.testing.fake_comfy", *ignored, "--port", port, *folders, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            assert process.stdout is not None
            greeting = next((line for line in process.stdout if line.startswith(GREETING)), GREETING)
            yield process, greeting.removeprefix(GREETING).strip()
        finally:
            process.kill()


def sampling(steps: int) -> dict[str, Any]:
    links = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0]}
    numbers = {"seed": 1, "steps": steps, "cfg": 4.0, "denoise": 1.0, "sampler_name": "euler", "scheduler": "simple"}
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "4": {"class_type": "KSampler", "inputs": {**links, **numbers}},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "sampled"}},
    }


def test_it_prints_what_comfyui_prints_and_writes_where_it_is_told(tmp_path: Path) -> None:
    with started(tmp_path) as (process, url), httpx2.Client(base_url=url, trust_env=False) as http:
        argv = http.get("/system_stats").json()["system"]["argv"]
        assert argv[argv.index("--port") + 1] == url.rsplit(":", 1)[1]
        http.post("/prompt", json={"prompt": sampling(2)})
        assert process.stdout is not None
        text = ""
        while "Prompt executed in" not in text:
            text += process.stdout.readline()
        assert "got prompt\n" in text
        assert "100%|██████████| 2/2 [" in text
        assert (tmp_path / "out" / "sampled_00001_.png").is_file()
        process.terminate()
        assert process.wait(5) == -signal.SIGTERM


@pytest.mark.parametrize(("mode", "code"), [("exit", 3), ("kill", -signal.SIGKILL)])
def test_a_node_ends_the_process(mode: str, code: int, tmp_path: Path) -> None:
    workflow = sampling(1) | {"7": {"class_type": "TKFail", "inputs": {"image": ["5", 0], "mode": mode}}}
    workflow["6"]["inputs"]["images"] = ["7", 0]
    with started(tmp_path) as (process, url), httpx2.Client(base_url=url, trust_env=False) as http:
        http.post("/prompt", json={"prompt": workflow})
        assert process.wait(5) == code


def test_a_taken_port_ends_the_second_process(tmp_path: Path) -> None:
    with started(tmp_path) as (_, url), started(tmp_path, port=url.rsplit(":", 1)[1]) as (second, second_url):
        assert second_url == ""
        assert second.wait(5) == 1
