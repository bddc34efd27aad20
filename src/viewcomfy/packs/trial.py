"""A trial is a real start of ComfyUI with a pack beside those that are there already: were they all imported?"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.process import Folders, Launch
from viewcomfy.comfy.terminal import describe_exit

PROGRAM = Path(__file__).parent / "programs" / "trial_start.py"
QUICK = "--quick-test-for-ci"
QUOTED_LINES = 15
ABORT_SECONDS = 3.0
"""What a hanging process gets to say where it hangs."""
_HEADING = "Import times for custom nodes"
_ROW = re.compile(r"\d+\.\d seconds(?P<failed> \([A-Z ]+\))?: (?P<path>.+?)\s*$")
_TRACE = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a trial ended: the packs that were imported and those that were not, by folder.

    `end` says why it did not come so far (empty: it did), `classes` are the node classes of each pack, `lines` all that it printed.
    """

    loaded: frozenset[str]
    failed: frozenset[str]
    end: str
    lines: tuple[str, ...]
    classes: Mapping[str, tuple[str, ...]]

    def quote(self, name: str) -> str:
        """Return the last lines of what was said about a pack that was not imported, or of everything where it all ended."""
        lines = list(self.lines) if self.end else _about(self.lines, name)
        return "\n".join(lines[-QUOTED_LINES:])


class Trial:
    """Trials of an installation in a folder of their own: `packs` is where the pack to try lies, under its own name.

    `limit` is in seconds; `extra_args` are ComfyUI's further options.
    """

    def __init__(self, installation: Installation, folder: Path, limit: float, extra_args: Sequence[str] = ()) -> None:
        self._installation, self._limit, self._extra_args = installation, limit, tuple(extra_args)
        self._folder = folder
        self.base = folder / "base"
        self.packs = self.base / "custom_nodes"
        self.packs.mkdir(parents=True, exist_ok=True)

    def run(self, python: Path) -> Verdict:
        """Start ComfyUI with a Python, with the pack that lies in `packs` and with all others, and wait for its end."""
        self._link()
        return self._start(python, self.base)

    def run_without(self) -> Verdict:
        """Start it as it is, to see what works before."""
        return self._start(self._installation.python, self._installation.base)

    def _link(self) -> None:
        """Show the other packs and the models in the folder, by links."""
        custom_nodes = self._installation.base / "custom_nodes"
        for path in custom_nodes.iterdir() if custom_nodes.is_dir() else ():
            link = self.packs / path.name
            if path.name != "__pycache__" and not path.name.startswith(".") and not os.path.lexists(link):
                link.symlink_to(path)
        if self._installation.models.is_dir() and not os.path.lexists(self.base / "models"):
            (self.base / "models").symlink_to(self._installation.models)

    def _start(self, python: Path, base: Path) -> Verdict:
        launch = Launch(replace(self._installation, python=python, base=base), self._folder / "run", extra_args=(*self._extra_args, QUICK))
        Folders(launch.folder).make()
        report, log = self._folder / "report.json", self._folder / "log.txt"
        report.unlink(missing_ok=True)
        command = [str(python), str(PROGRAM), str(report), str(self._installation.main), *launch.arguments(0)]
        env = {**without_ours(launch.environment(os.environ)), "PYTHONFAULTHANDLER": "1"}  # handed on, not read
        code = run_limited(command, env, self._installation.main.parent, log, self._limit)
        return read_verdict(log.read_text(errors="replace"), _report(report), code, self._limit)


def read_verdict(text: str, report: Mapping[str, object], code: int | None, limit: float) -> Verdict:
    """Read what a trial has left: its output, its report (empty: none), its exit code (None: it took longer than `limit` seconds)."""
    lines = [line.rstrip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    start = next((i for i in reversed(range(len(lines))) if _HEADING in lines[i]), None)
    rows = [match for line in lines[start:] if (match := _ROW.search(line))] if start is not None else []
    failed = frozenset(Path(row["path"]).name for row in rows if row["failed"])
    loaded = frozenset(Path(row["path"]).name for row in rows) - failed
    classes = report.get("classes")
    found = {str(name): tuple(map(str, each)) for name, each in classes.items()} if isinstance(classes, dict) else {}
    return Verdict(loaded, failed, _end(report, code, limit), tuple(lines), found)


def without_ours(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without our own variables: the code of packs has no business with our tokens."""
    return {name: value for name, value in env.items() if not name.startswith("VIEWCOMFY_")}


def _end(report: Mapping[str, object], code: int | None, limit: float) -> str:
    if code is None:
        return f"did not come to an end within {limit:.0f} s"
    if report.get("stopped_in"):
        return f"was ended by a pack, in {report['stopped_in']}"
    if code != 0 or not report:
        return describe_exit(code)
    return ""


def run_limited(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path, limit: float) -> int | None:
    """Run a command with its output into a file and return its exit code, None where it was killed after `limit` seconds."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=dict(env), cwd=cwd, start_new_session=True
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # Python's fault handler prints where it hangs
            with suppress(subprocess.TimeoutExpired):
                process.wait(ABORT_SECONDS)
            return None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _report(file: Path) -> Mapping[str, object]:
    try:
        value = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _about(lines: Sequence[str], name: str) -> list[str]:
    """Return the traceback of a pack: ComfyUI prints it, and then that it cannot import the module."""
    end = next((i for i, line in enumerate(lines) if "Cannot import" in line and f"/{name} " in line), None)
    if end is None:
        return [line for line in lines if name in line]
    start = next((i for i in range(end, -1, -1) if _TRACE in lines[i]), end)
    return list(lines[start : end + 1])
