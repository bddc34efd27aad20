"""`viewcomfy comfyui`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from viewcomfy.cli import comfyui
from viewcomfy.comfy.install import InstallProgress


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as a finished install leaves it, without what is of no interest here."""
    folder = tmp_path / "comfy"
    (folder / "venv/bin").mkdir(parents=True)
    (folder / "venv/bin/python").touch()
    (folder / "ComfyUI/comfy").mkdir(parents=True)
    (folder / "ComfyUI/main.py").touch()
    record = {"version": "0.3.75", "source": "a test", "licence": "GPL-3.0", "complete": True, "use_cpu": True}
    (folder / "install.json").write_text(json.dumps(record))
    return folder


def test_an_install_that_is_there_is_told_with_its_source_and_licence(typed: Callable[..., Typed], installed: Path) -> None:
    told = typed("comfyui", "install", "--dir", installed)
    assert told.code == 0
    for fact in ("0.3.75", "GPL-3.0", "a test", str(installed / "ComfyUI"), str(installed / "base" / "models"), "the CPU"):
        assert fact in told.out


def test_info_is_json_for_programs(typed: Callable[..., Typed], installed: Path) -> None:
    told = typed("comfyui", "info", "--comfyui", installed, "--json").json
    assert told["licence"] == "GPL-3.0"
    assert told["folder"] == str(installed / "ComfyUI")
    assert typed("comfyui", "info", "--comfyui", "http://127.0.0.1:9", "--json").json == {"url": "http://127.0.0.1:9"}


def test_a_folder_without_a_comfyui_is_named(typed: Callable[..., Typed], tmp_path: Path) -> None:
    told = typed("comfyui", "info", "--comfyui", tmp_path, "--json")
    assert (told.code, told.error["code"]) == (7, "comfyui_not_found")
    assert str(tmp_path) in told.error["detail"]


def test_progress_is_a_line_for_each_step_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with comfyui.install_view() as report:
        report(InstallProgress("torch", "getting PyTorch", 3, 6, 0.2))
        report(InstallProgress("torch", "getting PyTorch", 3, 6, 0.2, "Using 7 wheels"))
    assert capsys.readouterr().err == "[3/6] getting PyTorch\n  Using 7 wheels\n"
