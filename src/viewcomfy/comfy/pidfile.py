"""A pid file remembers which process we started, so that the next server can end one that outlived its server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from viewcomfy.core.errors import NoBackend

NAME = "process.json"
KILL_WAIT = 5.0


class PidFile:
    """The record of the one ComfyUI that runs in a folder, and of the server that owns it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def write(self, pid: int) -> None:
        """Remember a process that was just started."""
        owner = os.getpid()
        record = {"pid": pid, "born": birth(pid), "owner": owner, "owner_born": birth(owner)}
        self._path.write_text(json.dumps(record))

    def clear(self) -> None:
        """Forget the process: it has ended."""
        self._path.unlink(missing_ok=True)

    def end_stale(self) -> int | None:
        """End the process if its server is gone, and return its pid; raise NoBackend where that server still runs."""
        record = self._read()
        pid, owner = record.get("pid"), record.get("owner")
        if not isinstance(pid, int) or not isinstance(owner, int) or not _is_same(pid, record.get("born")):
            return None
        if owner != os.getpid() and _is_same(owner, record.get("owner_born")):
            message = f"The folder {self._path.parent} is in use by another server (process {owner})."
            raise NoBackend(message, hint="Use another data folder.")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        deadline = time.monotonic() + KILL_WAIT
        while _is_same(pid, record.get("born")) and time.monotonic() < deadline:
            time.sleep(0.01)
        return pid

    def _read(self) -> dict[str, object]:
        try:
            record = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}


def birth(pid: int) -> str | None:
    """Return when a process was started, as text to compare: a number alone may have been given to another. None: it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if Path("/proc/self/stat").exists() else _birth_by_ps(pid)
    return None if fields[0] == "Z" else fields[19]


def _birth_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  a number is all that varies
    return answer.stdout.strip() or None


def _is_same(pid: int, born: object) -> bool:
    return born is not None and birth(pid) == born
