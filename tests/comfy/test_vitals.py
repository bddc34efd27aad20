"""What a ComfyUI says of its machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from viewcomfy.comfy.backend import Backend
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.vitals import Vitals, read_vitals
from viewcomfy.testing.fake_comfy import run_fake_comfy

PICTURE = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "p"}},
}
GPU: dict[str, Any] = {
    "system": {"ram_total": 64, "ram_free": 32, "comfyui_version": "0.3.75"},
    "devices": [{"name": "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync", "type": "cuda", "vram_total": 24, "vram_free": 20}],
}


def test_a_gpu_is_named_without_its_number_and_allocator() -> None:
    assert read_vitals(GPU) == Vitals("NVIDIA GeForce RTX 4090", 24, 20, 64, 32, "0.3.75")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cuda:1 NVIDIA H100 80GB HBM3 : native", "NVIDIA H100 80GB HBM3"),
        ("mps", "mps"),
        ("Radeon: Pro", "Radeon: Pro"),
        ("", None),
        (7, None),
    ],
)
def test_devices_are_named_for_people(name: object, shown: str | None) -> None:
    assert read_vitals({"devices": [{"name": name, "type": "cuda"}]}).device == shown


def test_a_cpu_has_no_memory_of_its_own() -> None:
    found = read_vitals({"devices": [{"name": "cpu", "type": "cpu", "vram_total": 8, "vram_free": 4}]})
    assert (found.device, found.vram_total, found.vram_free) == ("cpu", None, None)


@pytest.mark.parametrize("odd", [{}, {"system": 3, "devices": {}}, {"devices": [None]}, {"system": {"ram_total": "8", "ram_free": True}}])
def test_an_odd_answer_is_not_known(odd: dict[str, Any]) -> None:
    assert read_vitals(odd) == Vitals()


@pytest.mark.anyio
async def test_a_running_backend_is_asked_now_and_then_and_not_while_it_may_hang() -> None:
    async with run_fake_comfy() as fake, asyncio.timeout(20):
        backend = Backend("fake", fake.url, limits=HealthLimits(silence=60, stall=120, vitals_every=0.1))
        assert backend.info().ram_total is None
        await backend.ensure_ready()
        while fake.requests["GET /system_stats"] < 4:  # noqa: ASYNC110  what the fake was asked is what counts
            await asyncio.sleep(0.01)
        info = backend.info()
        assert (info.device, info.ram_total, info.ram_free) == ("cpu", 8 * 1024**3, 4 * 1024**3)
        fake.pause()
        async with backend.link.follow("silent") as feed:
            await backend.link.queue(feed, PICTURE)
            await asyncio.sleep(0.4)
            asked = fake.requests["GET /system_stats"]
            await asyncio.sleep(0.3)
            assert fake.requests["GET /system_stats"] == asked
        await backend.stop()
        info = backend.info()
        assert (info.device, info.ram_total, info.ram_free) == ("cpu", 8 * 1024**3, None)
