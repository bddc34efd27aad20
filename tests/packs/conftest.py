"""A small ComfyUI with packages of its own, in a fresh copy for each test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.packs.kit import Repository, write_wheel
from viewcomfy.comfy.installation import Installation
from viewcomfy.packs.install import Installer
from viewcomfy.packs.registry import Registry
from viewcomfy.packs.twin import SMALL, make_twin

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages that can be had."""
    folder = tmp_path_factory.mktemp("wheels")
    write_wheel(folder, "small", "1.0")
    write_wheel(folder, "helper", "2.0", code="def new(): return 2\n")
    write_wheel(folder, "torch", "1.0")
    write_wheel(folder, "numpy", "1.26")
    write_wheel(folder, "torchvision", "0.28", requires=["torch==1.0"])
    write_wheel(folder, "needs-old-numpy", "1.0", requires=["numpy<2"])
    write_wheel(folder, "needs-vision", "1.0", requires=["torchvision"])
    return folder


@pytest.fixture
def comfyui(model_comfyui: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A ComfyUI of the test's own, to which nothing but these packages is known."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    make_twin(model_comfyui, tmp_path / "ComfyUI", small=SMALL)
    return Installation.from_folder(tmp_path / "ComfyUI")


@pytest.fixture
def said() -> list[str]:
    """What the installer has said."""
    return []


@pytest.fixture
def installer(comfyui: Installation, said: list[str]) -> Installer:
    """What adds packs to it."""
    return Installer(comfyui, Registry(NOBODY), limit=60, say=said.append)


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Repository]:
    """Make a repository by the name of its pack and its files."""

    def make(name: str = "Pack", files: Mapping[str, str] | None = None) -> Repository:
        return Repository(tmp_path / "repositories" / name, files)

    return make
