"""What the tests of packs are made of: wheels, repositories and a small ComfyUI, all made on the spot."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from viewcomfy.comfy.installation import Installation

FAKE_MAIN = Path(__file__).parent / "fake_main.py"
GOOD = "NODE_CLASS_MAPPINGS = {{'{name}': type('{name}', (), {{}})}}\n"


def write_wheel(folder: Path, name: str, version: str, *, requires: Sequence[str] = (), code: str = "") -> Path:
    """Write a wheel that holds one module."""
    folder.mkdir(parents=True, exist_ok=True)
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        f"{module}.py": f"version = {version!r}\n{code}",
        f"{info}/METADATA": _metadata(name, version, requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]))
    return wheel


def add_distribution(site_packages: Path, name: str, version: str, *, requires: Sequence[str] = (), code: str = "") -> None:
    """Put a package into a virtual environment, as if it had been installed."""
    module, info = name.replace("-", "_"), site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(_metadata(name, version, requires))
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in (f"{module}.py", *(f"{info.name}/{f}" for f in ("METADATA", "RECORD")))))
    (site_packages / f"{module}.py").write_text(f"version = {version!r}\n{code}")


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {each}\n" for each in requires)


class Repository:
    """A git repository with one pack."""

    def __init__(self, folder: Path, files: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.url = f"file://{folder}"
        self.commit(files if files is not None else {"__init__.py": GOOD.format(name=folder.name)})

    def commit(self, files: Mapping[str, str]) -> str:
        """Write files, commit them and return the commit."""
        for name, content in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        who = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=os.environ | who, capture_output=True, text=True, check=True)
        return done.stdout


def make_comfyui(folder: Path) -> Installation:
    """Make a checkout of a small ComfyUI with a virtual environment, in which torch and numpy are said to be."""
    (folder / "comfy").mkdir(parents=True)
    (folder / "custom_nodes").mkdir()
    (folder / "models").mkdir()
    (folder / "main.py").write_text(FAKE_MAIN.read_text())
    (folder / "nodes.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
    (folder / "comfyui_version.py").write_text('__version__ = "0.3.75"\n')
    (folder / "requirements.txt").write_text("torch\ntorchvision\nNumPy>=1.25\n")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True, capture_output=True)
    site_packages = next((folder / "venv").glob("lib/python*/site-packages"))
    add_distribution(site_packages, "torch", "2.13.0+cpu")
    add_distribution(site_packages, "numpy", "2.4.6")
    add_distribution(site_packages, "helper", "1.0", code="def old(): return 1\n")
    (site_packages / "torchvision").mkdir()
    (site_packages / "torchvision" / "__init__.py").touch()
    return Installation.from_folder(folder)


def everything_in(folder: Path) -> dict[str, str]:
    """Return all files below a folder with their content, compiled modules and our own records apart."""
    return {
        str(path.relative_to(folder)): path.read_text(errors="replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and ".viewcomfy" not in path.parts
    }
