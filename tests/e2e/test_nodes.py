"""Packs in a real ComfyUI: a good one comes in and runs a job, one that does not fit or does not import leaves no trace."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.e2e.workflows import node
from tests.packs.kit import Repository, write_wheel
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import Packages
from viewcomfy.core.errors import PackBroken, PackConflict
from viewcomfy.packs.install import Installer
from viewcomfy.packs.registry import Registry
from viewcomfy.packs.shelf import listed
from viewcomfy.packs.source import parse_source
from viewcomfy.packs.twin import make_twin

pytestmark = pytest.mark.e2e

SHOUT = """
from pathlib import Path

import folder_paths
import shouting


class Shout:
    RETURN_TYPES = ()
    FUNCTION = "run"
    CATEGORY = "tests"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": "hello"})}}

    def run(self, text):
        Path(folder_paths.get_output_directory(), "shout.txt").write_text(shouting.shout(text))
        return {"ui": {"files": [{"filename": "shout.txt", "subfolder": "", "type": "output"}]}}


NODE_CLASS_MAPPINGS = {"Shout": Shout}
"""


@pytest.fixture(scope="module")
def copied(comfyui: Path) -> Iterator[Installation]:
    """A copy of the ComfyUI, beside it, so that it is made of links."""
    folder = Path(tempfile.mkdtemp(prefix=f".{comfyui.name}-copy-", dir=comfyui.parent))
    try:
        make_twin(comfyui, folder)
        yield Installation.from_folder(folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    write_wheel(folder, "shouting", "1.0", code="def shout(text): return text.upper() + '!'\n")
    write_wheel(folder, "shouting", "2.0", code="def whisper(text): return text.lower()\n")
    write_wheel(folder, "wants-vision", "1.0", requires=["torchvision"])
    write_wheel(folder, "wants-old-tokenizers", "1.0", requires=["tokenizers<0.1"])
    return folder


@pytest.fixture
def installer(copied: Installation, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    monkeypatch.setenv("PIP_FIND_LINKS", " ".join([*Packages(copied.python.parent.parent, print).find_links, str(wheels)]))
    return Installer(copied, Registry("http://127.0.0.1:9"), limit=120)


def state(installation: Installation) -> dict[str, Any]:
    """Return all that may not change: the freeze, and each file of the packages by its identity, compiled ones apart."""
    freeze = subprocess.run([installation.python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    root = Packages(installation.python.parent.parent, print).site_packages
    files = {str(path): path.stat().st_ino for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    return {"freeze": freeze, "files": files, "packs": [(each.name, each.pack) for each in listed(installation)]}


def test_packs_come_in_are_refused_and_are_rolled_back(
    installer: Installer, copied: Installation, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    good = Repository(tmp_path / "Shouting", {"__init__.py": SHOUT, "requirements.txt": "shouting<2\n"})
    added = installer.add(parse_source(good.url))
    assert [(each.name, each.after) for each in added.changes] == [("shouting", "1.0")]
    assert added.pack.classes == ("Shout",)

    before = state(copied)
    assert "shouting==1.0" in before["freeze"]
    for requirement, named in (("torch<2", "torch"), ("wants-old-tokenizers", "tokenizers"), ("shouting>=2", "shouting")):
        clashing = Repository(tmp_path / f"Clashing-{named}", {"__init__.py": "", "requirements.txt": f"{requirement}\n"})
        with pytest.raises(PackConflict, match=named):
            installer.add(parse_source(clashing.url))
    crash = "import shouting\nNODE_CLASS_MAPPINGS = {}\nraise SystemExit(0)\n"
    crashing = Repository(tmp_path / "Crashing", {"__init__.py": crash, "requirements.txt": "wants-vision\n"})
    with pytest.raises(PackBroken, match="SystemExit"):
        installer.add(parse_source(crashing.url))
    assert state(copied) == before

    with Product(tmp_path_factory.mktemp("nodes") / "data", copied.base.parent) as product:
        name = product.deploy({"1": node("Shout", text="hello")})
        job = product.made(name, {"text": "it works"})
        assert product.files(job) == [b"IT WORKS!"]


def test_a_dry_run_against_the_stand_ins_of_a_cpu_install(installer: Installer, copied: Installation, tmp_path: Path) -> None:
    if "torchvision" in Packages(copied.python.parent.parent, print).installed():
        pytest.skip("this ComfyUI has a real torchvision")
    made = Repository(tmp_path / "Vision", {"__init__.py": "", "requirements.txt": "torchvision>=0.2\nwants-vision\n"})
    outcome = installer.add(parse_source(made.url), is_dry=True)
    assert [each.name for each in outcome.changes] == ["wants-vision"]
    assert any("stand-in" in note for note in outcome.notes)
