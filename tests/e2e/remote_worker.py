"""A worker as its owner starts it: `viewcomfy worker` in a process of its own, and what it says."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e.product import COMMAND, PATIENCE, Json, environment, until


class RemoteWorker:
    """A worker for the engine at a URL. Settings are given by their names, as in `settings.py`."""

    def __init__(self, folder: Path, engine: str, comfyui: str | Path, *words: str, **settings: Any) -> None:
        self.folder = folder
        self._words = [*words, "--json", "--comfyui", str(comfyui), "--data-dir", str(folder)]
        self._settings = {"engine": engine, "shutdown_grace": 5, "lease_seconds": 6, **settings}
        self._lines: list[Json] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop(signal.SIGKILL)

    def start(self, program: list[str] = COMMAND) -> None:
        """Start it, by another program than the usual one if need be."""
        self._lines.clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("a") as log:
            self.process = subprocess.Popen(
                [*program, "worker", *self._words], stdout=subprocess.PIPE, stderr=log, text=True, env=environment(**self._settings)
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """End it by a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.ended()

    def ended(self) -> int:
        """Return its exit code once it has ended."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    @property
    def name(self) -> str:
        """Its name, once it has joined."""
        return str(until(lambda: self.told("joined"), f"the worker joins: {self.log()}")[0]["worker"])

    def jobs(self) -> list[str]:
        """Return the prompt_ids of the jobs that it has ended."""
        return [job["prompt_id"] for job in self.told("job")]

    def told(self, what: str) -> list[Json]:
        """Return what it has said since its start, of one kind."""
        return [line[what] for line in list(self._lines) if what in line]

    def log(self) -> str:
        """Return what it has logged, over all its starts."""
        return self._log_file.read_text() if self._log_file.exists() else ""

    @property
    def _log_file(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.append(json.loads(line))
