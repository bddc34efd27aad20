"""The hardware that matters to ComfyUI: processor cores and GPUs."""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path

DEVICES = Path("/dev")
CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


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
