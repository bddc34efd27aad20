"""Packages for ComfyUI's own virtual environment, installed with uv where it can be had, with pip otherwise."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from viewcomfy.comfy.changes import Change, canonical, pip_changes, uv_changes
from viewcomfy.core.errors import InstallFailed

KEPT_LINES = 15
HINT = "Mend the cause and run the command again: it goes on where it stopped."


def run(
    command: Sequence[str | Path], *, on_line: Callable[[str], None], env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run a command to its end, its output line by line to `on_line`; raise InstallFailed with its last lines where it fails."""
    last: deque[str] = deque(maxlen=KEPT_LINES)
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(  # noqa: S603  our own commands
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=env, cwd=cwd
        )
    except OSError as fault:
        raise InstallFailed(f"{words[0]} cannot be run: {fault}.", hint=HINT) from fault
    with process:
        try:
            for line in process.stdout or ():
                if line.strip():
                    last.append(line.rstrip())
                    on_line(line.rstrip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise InstallFailed(f"This failed ({process.returncode}): {' '.join(words)}\n" + "\n".join(last) + "\n", hint=HINT)


class Packages:
    """The packages of one virtual environment.

    pip's own settings (its files and PIP_* variables) are followed: uv is handed its find-links, its index and its certificates.
    """

    def __init__(self, venv: Path, on_line: Callable[[str], None]) -> None:
        self._venv, self._on_line = venv, on_line
        self.python = venv / "bin" / "python"
        self._settings: dict[str, str] | None = None

    @property
    def site_packages(self) -> Path:
        """The folder that packages are installed into."""
        return next(iter(self._venv.glob("lib/python*/site-packages")))

    def has(self, name: str) -> bool:
        """Tell whether a package can be imported, without importing it."""
        return (self.site_packages / name).is_dir()

    def install(self, *what: str) -> None:
        """Install requirements and pip options such as `--index-url`."""
        command: list[str | Path] = [*self._installer(), *self._sources(), *what]
        run(command, on_line=self._on_line, env=self._environment())

    def can_install(self, *what: str) -> bool:
        """Install if that is possible; False where no source has it."""
        try:
            self.install(*what)
        except InstallFailed:
            return False
        return True

    def installed(self) -> dict[str, str]:
        """Return the version of each package that is installed, by its one spelling; read from its files, nothing is run."""
        found = metadata.distributions(path=[str(self.site_packages)])
        return dict(sorted((canonical(each.metadata["Name"]), each.version) for each in found if each.metadata["Name"]))

    def would_change(self, *what: str) -> list[Change]:
        """Return what `install` would do, without doing it; raise InstallFailed with the installer's reasons where it could not."""
        if self.has_uv:
            command = [*self._installer(), *self._sources(), "--dry-run", *what]
            return uv_changes(self._answer(command))
        command = [*self._installer(), "--dry-run", "--quiet", "--report", "-", *what]
        return pip_changes(self._answer(command, both=False), self.installed())

    def problems(self) -> list[str]:
        """Return what does not fit together among the installed packages, a sentence each."""
        command = [str(self.python), "-m", "pip", "check"]
        if self.has_uv:
            command = [str(self._venv / "bin" / "uv"), "pip", "check", "--python", str(self.python)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment())  # noqa: S603  our own command
        lines = (answer.stdout + answer.stderr).splitlines()
        return sorted(line.strip() for line in lines if " requires " in line) if answer.returncode else []

    @property
    def has_uv(self) -> bool:
        """Tell whether packages are installed with uv."""
        return (self._venv / "bin" / "uv").exists()

    def download(self, requirement: str, folder: Path) -> Path:
        """Download one wheel, without what it depends on, and return its file."""
        folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [
            self.python,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--progress-bar=off",
            "-d",
            folder,
            requirement,
        ]
        run(command, on_line=self._on_line)
        return next(folder.glob("*.whl"))

    @property
    def find_links(self) -> list[str]:
        """The places besides the index that pip is told to look at."""
        return self._pip_settings().get("find-links", "").split()

    def _answer(self, command: Sequence[str], *, both: bool = True) -> str:
        env = {**self._environment(), "NO_COLOR": "1"}
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=env)  # noqa: S603  our own command
        if answer.returncode != 0:
            raise InstallFailed((answer.stderr or answer.stdout).strip(), hint=HINT)
        return answer.stdout + answer.stderr if both else answer.stdout

    def _installer(self) -> list[str]:
        if self.has_uv:
            return [str(self._venv / "bin" / "uv"), "pip", "install", "--python", str(self.python)]
        return [str(self.python), "-m", "pip", "install", "--progress-bar=off"]

    def _sources(self) -> list[str]:
        if not self.has_uv:
            return []  # pip reads its own settings
        return [part for link in self.find_links for part in ("--find-links", link)]

    def _environment(self) -> dict[str, str]:
        """Return ours with what uv is to know of pip's settings: an index may hold a password, and arguments can be read by all."""
        settings = self._pip_settings()
        known = {"SSL_CERT_FILE": "cert", "UV_DEFAULT_INDEX": "index-url"}
        told = {variable: settings[name] for variable, name in known.items() if settings.get(name)}
        return told | dict(os.environ)  # handed on, not read

    def _pip_settings(self) -> dict[str, str]:
        """Ask pip for its settings: `global.find-links='…'` a line, variables as `:env:.find-links='…'`, which win."""
        if self._settings is None:
            command = [str(self.python), "-m", "pip", "config", "list"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
            rows = [line.partition("=") for line in answer.stdout.splitlines()]
            rows.sort(key=lambda row: row[0].startswith(":env:"))
            self._settings = {name.rpartition(".")[2]: _unquoted(value) for name, _, value in rows}
        return self._settings


def _unquoted(value: str) -> str:
    """Undo the repr() that pip prints values with."""
    return value.strip().strip("'\"").replace("\\n", " ").strip()
