"""The facts of a worker's machine: what the doctor judges, and what people tell machines apart by."""

from __future__ import annotations

import re
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMINFO = Path("/proc/meminfo")
_FIELD = re.compile(r"^(MemTotal|MemAvailable):\s+(\d+) kB", re.MULTILINE)
GPU_QUERY = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
GPU_SECONDS = 10.0
MIB = 1024 * 1024


def new_worker_name() -> str:
    """Return a name that no other worker has: machines made from one image may share host names and process ids."""
    return f"{socket.gethostname()}-{secrets.token_hex(3)}"


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


def gpu_facts() -> list[dict[str, Any]]:
    """Return the name and the memory in bytes of each NVIDIA GPU, by asking its driver: some tenths of a second, never more than ten."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        told = subprocess.run([program, *GPU_QUERY], capture_output=True, text=True, timeout=GPU_SECONDS, check=True).stdout  # noqa: S603 - no word of it comes from outside
    except (OSError, subprocess.SubprocessError):
        return []
    return read_gpus(told)


def read_gpus(told: str) -> list[dict[str, Any]]:
    """Return the GPUs of nvidia-smi's answer, such as `NVIDIA A100-SXM4-40GB, 40960`; the memory is null where it is shared."""
    gpus = []
    for line in told.splitlines():
        name, _, size = line.rpartition(",")
        if name:
            gpus.append({"name": name.strip(), "memory_total": int(size) * MIB if size.strip().isdigit() else None})
    return gpus
