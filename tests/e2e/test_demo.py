"""`viewcomfy demo`: real pictures from nothing but a command."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.product import COMMAND, environment

pytestmark = pytest.mark.e2e


@contextmanager
def demo(folder: Path, comfyui: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a demo; it is killed at the end unless it has ended."""
    command = [*COMMAND, "demo", "--comfyui", str(comfyui), "--data-dir", str(folder / "data"), "-o", str(folder / "out"), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_demo_makes_pictures_and_says_what_to_do_next(comfyui: Path, tmp_path: Path) -> None:
    with demo(tmp_path, comfyui) as first:
        told, errors = first.communicate(timeout=180)
    assert first.returncode == 0, errors
    assert "GPL-3.0" in told
    assert "got prompt" in told  # the log, live
    assert "viewcomfy serve --data-dir" in told
    assert "http://127.0.0.1:8000/" in told
    picture = Image.open(tmp_path / "out" / "text-to-image.png")
    assert picture.size == (256, 256)
    poster = Image.open(tmp_path / "out" / "photo-effect.png")
    assert poster.getcolors(16) is not None  # few colours is what the effect is about
    before = picture.tobytes()
    with demo(tmp_path, comfyui) as second:
        told, errors = second.communicate(timeout=180)
    assert second.returncode == 0, errors
    assert "vca_" not in told  # the admin token was told the first time
    assert Image.open(tmp_path / "out" / "text-to-image.png").tobytes() != before  # a new seed


def test_the_call_it_prints_can_be_pasted_while_it_keeps_serving(comfyui: Path, tmp_path: Path) -> None:
    with demo(tmp_path, comfyui, "--keep", "--port", "0") as process:
        assert process.stdout
        told = ""
        for line in process.stdout:
            told += line
            if "#share=" in line:
                break
        call = re.search(r"^  curl .*?sed -u .*?$", told, re.MULTILINE | re.DOTALL)
        assert call
        pasted = subprocess.run(["bash", "-c", call[0]], capture_output=True, text=True, timeout=120, check=True)
        assert "event: log_message" in pasted.stdout
        assert '"status":"success"' in pasted.stdout
        assert '"data":"…"' in pasted.stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
