"""A Python interpreter, asked for what is installed in it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.comfy.process import HIDDEN
from viewcomfy.core.errors import InstallFailed

PATIENCE = 60.0
_QUESTION = """
import importlib.metadata as m, json, platform
print(json.dumps({"python": platform.python_version(), "packages": [
    [d.metadata["Name"] or "", d.version or "", d.read_text("direct_url.json") or ""] for d in m.distributions()]}))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed package; `origin` is what PEP 610 keeps of one that came from a URL or a folder, empty for the registry's."""

    name: str
    version: str
    origin: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python's version, and the packages that it finds."""

    version: str
    packages: tuple[Installed, ...]


def ask(python: Path) -> Interpreter:
    """Return what a Python says of itself; raise InstallFailed where it does not answer."""
    try:
        answer = json.loads(_run(python, _QUESTION))
        return Interpreter(answer["python"], tuple(_packages(answer["packages"])))
    except (ValueError, KeyError, TypeError, OSError, subprocess.SubprocessError) as fault:
        raise InstallFailed(f"{python} does not say which packages it has: {fault}.", hint="Is its virtual environment whole?") from fault


def version_of(python: str | Path) -> str:
    """Return a Python's version; empty where it can't be run."""
    try:
        return _run(Path(python), "import platform, venv; print(platform.python_version())").strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _run(python: Path, code: str) -> str:
    env = {name: value for name, value in os.environ.items() if name not in HIDDEN}  # handed on, not read
    command = [str(python), "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, env=env, cwd="/")  # noqa: S603  a Python of ours
    return answer.stdout


def _packages(rows: list[list[str]]) -> Iterator[Installed]:
    seen: set[str] = set()
    for name, version, origin in rows:
        if name and version and name.lower() not in seen:  # what comes first is what is imported
            seen.add(name.lower())
            yield Installed(name, version, _origin(origin))


def _origin(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
