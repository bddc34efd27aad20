"""The actor that holds a worker on a machine of a Ray cluster, as a process of its own that it can ask to end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any


class RayHost:
    """Runs a worker, Python with some arguments, as its child: with the GPUs that Ray has given to this actor, and a data folder.

    Where Ray ends the actor, it ends the child too.
    """

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        self._started_at = time.time()
        self._stopping = False
        self._folder = tempfile.mkdtemp(prefix="viewcomfy-worker-")
        self._child = subprocess.Popen(  # noqa: S603 - starting what is given is what this is for
            [sys.executable, *arguments, "--data-dir", self._folder], stdin=subprocess.DEVNULL, env={**os.environ, **env}
        )

    def facts(self) -> dict[str, Any]:
        """Return when it was started (Unix time), where, whether it was asked to end, and whether it has ended."""
        ended = self._child.poll() is not None
        if ended:
            shutil.rmtree(self._folder, ignore_errors=True)
        return {
            "started_at": self._started_at,
            "where": f"process {self._child.pid} on {socket.gethostname()}",
            "stopping": self._stopping,
            "ended": ended,
        }

    def stop(self) -> None:
        """Ask the worker to end."""
        self._stopping = True
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
