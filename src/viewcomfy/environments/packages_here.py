"""The packages of an installation as requirement lines that mean the same elsewhere, and its build of torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from viewcomfy.comfy.changes import canonical
from viewcomfy.core.errors import Conflict
from viewcomfy.environments.addresses import without_secrets
from viewcomfy.environments.checks import DIRECT, PINNED
from viewcomfy.environments.document import Torch
from viewcomfy.environments.interpreter import Installed

TOOLS = frozenset({"pip", "uv"})
"""What installs packages is no part of what is installed."""
TORCH = ("torch", "torchvision", "torchaudio")


@dataclass(slots=True)
class Found:
    """`lines` are requirement lines, `unknown` sentences about packages that can't be had elsewhere, `notes` what to know of others."""

    lines: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def packages_of(installed: Iterable[Installed]) -> Found:
    """Return what is installed, torch and the tools apart."""
    found = Found()
    for package in installed:
        name = canonical(package.name)
        if name not in TOOLS and name not in TORCH:
            _add(found, name, package)
    return found


def torch_of(installed: Iterable[Installed]) -> Torch:
    """Return the build of torch; raise Conflict where there is none."""
    versions = {canonical(package.name): package.version for package in installed}
    if "torch" not in versions:
        raise Conflict(
            "There is no torch in this ComfyUI's Python, so that it can't run.", hint="Install it, or name another with --comfyui."
        )
    version, _, build = versions["torch"].partition("+")
    return Torch(version, build, versions.get("torchvision", ""), versions.get("torchaudio", ""))


def _add(found: Found, name: str, package: Installed) -> None:
    line = _direct(name, package) or f"{name}=={package.version}"
    url = str(package.origin.get("url", ""))
    if "dir_info" in package.origin:
        found.unknown.append(f"the package {name} {package.version} is installed from a folder of this machine")
    elif not (PINNED.fullmatch(line) or DIRECT.fullmatch(line)):
        found.unknown.append(f"the package {name} has a version that can't be asked for: {package.version}")
    else:
        found.lines.append(line)
        if url.startswith("file:"):
            found.notes.append(
                f"The package {line} was installed from a file of this machine: elsewhere the package registry must have it."
            )


def _direct(name: str, package: Installed) -> str:
    """Return the line of a package that came from a URL, empty for any other; the commit is the one that was resolved."""
    url = without_secrets(str(package.origin.get("url", "")))
    if not url or url.startswith("file:"):
        return ""
    vcs = package.origin.get("vcs_info")
    folder = package.origin.get("subdirectory")
    fragment = f"#subdirectory={folder}" if folder else ""
    if isinstance(vcs, dict):
        return f"{name} @ {vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', '')}{fragment}"
    return f"{name} @ {url}{fragment}"
