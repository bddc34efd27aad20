"""The facts of a worker's machine: what the doctor judges."""

from __future__ import annotations

import re
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMINFO = Path("/proc/meminfo")
_FIELD = re.compile(r"^(MemTotal|MemAvailable):\s+(\d+) kB", re.MULTILINE)


def machine_facts(folder: Path) -> dict[str, Any]:
    """Return the machine's name and clock (Unix seconds), and in bytes the disk that holds a folder and, on Linux, the memory."""
    facts: dict[str, Any] = {"machine": socket.gethostname(), "clock": time.time()}
    with suppress(OSError):
        disk = shutil.disk_usage(folder)
        facts |= {"disk_free": disk.free, "disk_total": disk.total}
    with suppress(OSError):
        memory = {name: int(size) * 1024 for name, size in _FIELD.findall(MEMINFO.read_text())}
        facts |= {"memory_available": memory["MemAvailable"], "memory_total": memory["MemTotal"]} if len(memory) == 2 else {}
    return facts
