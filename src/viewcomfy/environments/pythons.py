"""Pythons of this machine: one that fits a document."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from viewcomfy.core.errors import InstallFailed
from viewcomfy.environments.interpreter import version_of

UV_SECONDS = 600.0


def find_python(wanted: str, uv: Path | None, say: Callable[[str], None]) -> str:
    """Return a Python of a version, of its series where there is none: ours, one on the PATH, or one that `uv` has or gets.

    Raises InstallFailed where there is none.
    """
    series = ".".join(wanted.split(".")[:2])
    fitting: list[tuple[str, str]] = []
    for path in _candidates(series):
        found = version_of(path)
        if found == wanted:
            return path
        if found.startswith(f"{series}."):
            fitting.append((path, found))
    if not fitting and (managed := _managed(series, uv)):
        fitting.append((managed, version_of(managed)))
    if fitting:
        path, found = fitting[0]
        say(f"Python {found} stands in for {wanted}.")
        return path
    raise InstallFailed(
        f"This environment needs Python {series}, which is not on this machine.",
        hint=f"Install it so that python{series} is on the PATH, or install uv, which can get it.",
    )


def _candidates(series: str) -> Iterator[str]:
    yield sys.executable
    for name in (f"python{series}", "python3", "python"):
        if path := shutil.which(name):
            yield path


def _managed(series: str, uv: Path | None) -> str:
    """Return a Python that uv keeps, or gets now; empty where it can't."""
    program = shutil.which("uv") or (str(uv) if uv and uv.exists() else "")
    if not program:
        return ""
    for command in ([program, "python", "find", series], [program, "python", "install", series], [program, "python", "find", series]):
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=UV_SECONDS, check=False)  # noqa: S603  our own command
        except (OSError, subprocess.SubprocessError):
            return ""
        path = answer.stdout.strip()
        if answer.returncode == 0 and command[2] == "find" and version_of(path).startswith(f"{series}."):
            return path
    return ""
