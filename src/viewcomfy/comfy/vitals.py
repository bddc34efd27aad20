"""Vitals are what a ComfyUI says of the machine that it runs on: its version, its device, its memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.comfy.api import ComfyApi
from viewcomfy.core.errors import RunError

TIMEOUT = 2.0
PAUSE = 30.0
"""Seconds without a question after one that was not answered: its loop is busy with something else, or hangs."""
_DEVICE = re.compile(r"(?:[a-z]+:\d+ )?(?P<name>.+?)(?: : \w+)?")


@dataclass(frozen=True, slots=True)
class Vitals:
    """`device` is the GPU's name, or "cpu" and then there is no memory of its own. Sizes are bytes; None is not known."""

    device: str | None = None
    vram_total: int | None = None
    vram_free: int | None = None
    ram_total: int | None = None
    ram_free: int | None = None
    comfyui_version: str | None = None


def read_vitals(stats: Mapping[str, Any]) -> Vitals:
    """Read the answer of `/system_stats`. Never raises: what is not there, or is no number, is not known."""
    system, devices = stats.get("system"), stats.get("devices")
    system = system if isinstance(system, dict) else {}
    first = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], dict) else {}
    is_cpu = first.get("type") == "cpu"
    return Vitals(
        device="cpu" if is_cpu else _device_name(first.get("name")),
        vram_total=None if is_cpu else _size(first.get("vram_total")),
        vram_free=None if is_cpu else _size(first.get("vram_free")),
        ram_total=_size(system.get("ram_total")),
        ram_free=_size(system.get("ram_free")),
        comfyui_version=version if isinstance(version := system.get("comfyui_version"), str) else None,
    )


async def watch_vitals(api: ComfyApi, every: float, *, may_ask: Callable[[], bool], tell: Callable[[Vitals], None]) -> None:
    """Ask for the vitals every so many seconds, for ever, and tell them; while it does not answer, nothing is told."""
    while True:
        await asyncio.sleep(every)
        if not may_ask():
            continue
        try:
            tell(read_vitals(await api.system_stats(timeout=TIMEOUT)))
        except RunError:
            await asyncio.sleep(PAUSE)


def _device_name(value: Any) -> str | None:
    """Return the name without what ComfyUI puts around it: `cuda:0 NVIDIA A10 : cudaMallocAsync`."""
    found = _DEVICE.fullmatch(value) if isinstance(value, str) else None
    return found["name"] if found else None


def _size(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 2**63 else None
