"""The hardware that matters to ComfyUI: processor cores and GPUs."""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path

DEVICES = Path("/dev")
CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
MEMORY = Path("/proc/meminfo")
MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
MEMORY_USED = Path("/sys/fs/cgroup/memory.current")
MEMORY_STAT = Path("/sys/fs/cgroup/memory.stat")


def has_gpu() -> bool:
    """Tell whether there is a GPU that torch can use: NVIDIA, AMD, or Apple's own."""
    is_apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    return is_apple or bool(nvidia_gpus()) or (DEVICES / "kfd").exists()


def nvidia_gpus() -> list[int]:
    """Return the numbers of the NVIDIA GPUs, lowest first."""
    return sorted(int(name) for path in DEVICES.glob("nvidia[0-9]*") if (name := path.name.removeprefix("nvidia")).isdigit())


def cores() -> int:
    """Return the number of processor cores that we may use, a container's limit included."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CPU_LIMIT.read_text().split()
        return min(allowed, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        return allowed


def free_memory() -> int | None:
    """Return how many bytes of memory can be had without swapping, a container's limit included; None where Linux does not tell."""
    try:
        free = next(int(line.split()[1]) * 1024 for line in MEMORY.read_text().splitlines() if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    try:
        given_back = sum(int(line.split()[1]) for line in MEMORY_STAT.read_text().splitlines() if line.startswith("inactive_file "))
        return min(free, int(MEMORY_LIMIT.read_text()) - int(MEMORY_USED.read_text()) + given_back)
    except (OSError, ValueError):  # no container, or one without a limit
        return free
