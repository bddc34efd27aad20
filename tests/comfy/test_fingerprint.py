"""Fingerprints: they move with what decides the node classes and choices of a ComfyUI, and with nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from viewcomfy.comfy.extra_paths import extra_folders, extra_paths_files
from viewcomfy.comfy.fingerprint import take_fingerprint
from viewcomfy.comfy.installation import Installation

CONFIG = """
#comfyui:
#    checkpoints: nowhere/
a111:
    base_path: {root}/webui  # where it is
    is_default: true
    checkpoints: models/Stable-diffusion
    loras: |
        models/Lora
        models/LyCORIS
    "odd line"
other:
    custom_nodes: '{root}/nodes'
    vae: relative
"""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    for folder in ("ComfyUI/comfy_extras", "base/models/loras/sub", "base/custom_nodes/pack/lib", "venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("ComfyUI/main.py", "ComfyUI/nodes.py", "base/custom_nodes/pack/__init__.py", "base/models/loras/sub/a.safetensors"):
        (tmp_path / file).touch()
    return Installation(tmp_path / "venv" / "bin" / "python", tmp_path / "ComfyUI" / "main.py", tmp_path / "base", "0.3.75", "test")


TIMES = count(1_000_000_000)


def touch(path: Path) -> None:
    """Change a file, and the folder that it is new in, with a time that nothing has had yet: clocks of file systems may be coarse."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)
    for changed in (path, path.parent):
        os.utime(changed, (moment := next(TIMES), moment))


def test_nothing_changes_while_nothing_changes(installation: Installation) -> None:
    assert take_fingerprint(installation) == take_fingerprint(installation)


def upgrade(installation: Installation) -> Installation:
    return replace(installation, version="0.4.0")


def file(path: str) -> Callable[[Installation], Installation]:
    def add(installation: Installation) -> Installation:
        touch(installation.base.parent / path)
        return installation

    return add


@pytest.mark.parametrize(
    "change",
    [
        upgrade,
        file("ComfyUI/nodes.py"),
        file("ComfyUI/comfy_extras/nodes_new.py"),
        file("base/custom_nodes/one_file.py"),
        file("base/custom_nodes/pack/lib/deep.py"),
        file("base/custom_nodes/pack/__init__.py"),
        file("base/custom_nodes/pack.disabled/readme.txt"),
        file("venv/lib/python3.11/site-packages/new-1.0.dist-info"),
    ],
)
def test_code_moves_its_own_half(installation: Installation, change: Callable[[Installation], Installation]) -> None:
    before = take_fingerprint(installation)
    after = take_fingerprint(change(installation))
    assert (after.code != before.code, after.models == before.models) == (True, True)


@pytest.mark.parametrize("path", ["base/models/loras/sub/b.safetensors", "base/models/new_kind/x.pt", "base/models/top.txt"])
def test_a_model_moves_the_other_half(installation: Installation, path: str) -> None:
    before = take_fingerprint(installation)
    touch(installation.base.parent / path)
    after = take_fingerprint(installation)
    assert (after.code == before.code, after.models != before.models) == (True, True)


@pytest.mark.parametrize(
    "path", ["base/custom_nodes/pack/__pycache__/x.pyc", "base/custom_nodes/pack/settings.json", "base/input/x.png", "base/output/y.png"]
)
def test_what_comes_with_every_start_and_job_moves_nothing(installation: Installation, path: str) -> None:
    before = take_fingerprint(installation)
    touch(installation.base.parent / path)
    assert take_fingerprint(installation) == before


def test_other_arguments_are_other_code(installation: Installation) -> None:
    assert take_fingerprint(installation, ("--disable-all-custom-nodes",)).code != take_fingerprint(installation).code


def test_a_folder_that_is_linked_into_itself_has_an_end(installation: Installation) -> None:
    (installation.models / "loras" / "again").symlink_to(installation.models)
    (installation.base / "custom_nodes" / "gone.py").symlink_to(installation.base / "absent.py")
    assert take_fingerprint(installation).models


def test_extra_paths_are_read_as_comfyui_does(tmp_path: Path) -> None:
    config = tmp_path / "extra_model_paths.yaml"
    config.write_text(CONFIG.format(root=tmp_path))
    webui = tmp_path / "webui" / "models"
    assert extra_folders(config)[:3] == [
        ("checkpoints", webui / "Stable-diffusion"),
        ("loras", webui / "Lora"),
        ("loras", webui / "LyCORIS"),
    ]
    assert extra_folders(config)[-2:] == [("custom_nodes", tmp_path / "nodes"), ("vae", tmp_path / "relative")]
    assert extra_folders(tmp_path / "absent.yaml") == []


def test_models_of_extra_paths_count(installation: Installation, tmp_path: Path) -> None:
    config = tmp_path / "extra.yaml"
    config.write_text(CONFIG.format(root=tmp_path))
    args = ("--fast", "--extra-model-paths-config", str(config), "--cpu")
    assert extra_paths_files(installation, args)[1:] == [config]
    assert extra_paths_files(installation, (f"--extra-model-paths-config={config}",))[1:] == [config]
    before = take_fingerprint(installation, args)
    touch(tmp_path / "webui" / "models" / "Lora" / "x.safetensors")
    with_model = take_fingerprint(installation, args)
    touch(tmp_path / "nodes" / "x.py")
    with_node = take_fingerprint(installation, args)
    assert (with_model.code, with_model.models) == (before.code, with_model.models)
    assert with_model.models != before.models
    assert (with_node.code != before.code, with_node.models) == (True, with_model.models)
