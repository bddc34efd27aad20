"""Documents and installations to test with: an installation whose Python is a script that says what it was told to say."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from viewcomfy.comfy.current import environments_folder
from viewcomfy.comfy.install import RegistryCopy
from viewcomfy.comfy.installation import Installation
from viewcomfy.environments.document import Code, Document, Pack, Torch
from viewcomfy.environments.here import note_environment

COMMIT, OTHER_COMMIT = "a" * 40, "b" * 40
HASH = "c" * 64
COPY = RegistryCopy()
CODE = Code("0.3.75", package=COPY.package, sha256=COPY.sha256, folder=COPY.folder)
DOCUMENT = Document(
    CODE,
    "3.11.7",
    Torch("2.13.0", "cpu"),
    packs=(Pack("ComfyUI-Foo", url="https://git.example/foo.git", commit=COMMIT), Pack("bar", id="bar", version="1.2.0")),
    packages=("aiohttp==3.14.5", "numpy==2.4.6"),
)
Packages = Sequence[tuple[str, str, dict[str, Any]]]
PACKAGES: Packages = (("torch", "2.13.0+cpu", {}), ("NumPy", "2.4.6", {}), ("pip", "23.2.1", {}))


def other(document: Document = DOCUMENT, **changes: Any) -> Document:
    """Return a document with other parts, by default with another package."""
    return replace(document, **(changes or {"packages": (*document.packages, "einops==0.8.2")}))


def make_installation(folder: Path, packages: Packages = PACKAGES, *, python: str = "3.11.7", **record: Any) -> Installation:
    """Make an installation as our install leaves it, which can say what it consists of and can't be started."""
    for name in ("ComfyUI/comfy", "base/custom_nodes", "base/models", "venv/bin"):
        (folder / name).mkdir(parents=True)
    (folder / "ComfyUI" / "main.py").touch()
    (folder / "ComfyUI" / "nodes.py").touch()
    (folder / "ComfyUI" / "comfyui_version.py").write_text('__version__ = "0.3.75"\n')
    said = {"python": python, "packages": [[name, version, json.dumps(origin) if origin else ""] for name, version, origin in packages]}
    program = folder / "venv" / "bin" / "python"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(said)}\nEND\n")
    program.chmod(0o755)
    facts = {
        "version": "0.3.75",
        "source": f"{COPY.package} of the package registry, an unmodified copy",
        "licence": "GPL-3.0",
        "use_cpu": True,
        "complete": True,
    }
    (folder / "install.json").write_text(json.dumps({**facts, **record}))
    return Installation.from_folder(folder)


def make_environment(data: Path, document: Document = DOCUMENT) -> str:
    """Make an environment as `env apply` leaves it, and return its id."""
    installation = make_installation(environments_folder(data) / document.id)
    note_environment(installation, document)
    return document.id


def git(folder: Path, *words: str) -> str:
    """Run git in a folder."""
    identity = {f"GIT_{role}_{what}": "tests@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    answer = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, env={**os.environ, **identity})
    return answer.stdout.strip()


def make_repository(folder: Path, files: dict[str, str], *, remote: str = "") -> str:
    """Make a git repository with one commit, and return that."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    for name, content in files.items():
        (folder / name).write_text(content)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "All of it")
    if remote:
        git(folder, "remote", "add", "origin", remote)
    return git(folder, "rev-parse", "HEAD")
