"""How far the server grows for one large output and one large upload."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.server import Bench, BenchServer

MIB = 1024 * 1024
SIZE = 100 * MIB
BIG_OUTPUT = {"1": {"class_type": "TKSaveBytes", "inputs": {"megabytes": 100, "seed": 0, "filename_prefix": "bench"}}}
UPLOAD = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "bench"}},
}


async def growth(bench: Bench, call: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return by how many MiB the server's memory grew at most during the call, and by how many it stayed up."""
    before, peak = bench.rss(), 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, bench.rss())
            await asyncio.sleep(0.005)

    watcher = asyncio.create_task(watch())
    await call()
    await asyncio.sleep(1)
    watcher.cancel()
    return (peak - before) / MIB, (bench.rss() - before) / MIB


async def measure(comfyui: str) -> None:
    """Print the growth for an output through `logs=false` and through a link, and for an upload."""
    async with BenchServer(comfyui) as bench:
        await bench.deploy("big", BIG_OUTPUT)
        await bench.deploy("upload", UPLOAD)
        for turn in range(2):  # the first one loads code
            print_growth(turn, "100 MB output, logs=false", await growth(bench, lambda: fetch_json(bench)))
            print_growth(turn, "100 MB output, by link", await growth(bench, lambda: fetch_link(bench)))
            print_growth(turn, "100 MB upload", await growth(bench, lambda: send_upload(bench)))


def print_growth(turn: int, what: str, figures: tuple[float, float]) -> None:
    when = "first call" if turn == 0 else "again"
    print(f"{what} ({when}): the server grew by {figures[0]:.0f} MiB at most, {figures[1]:.0f} MiB afterwards")


async def fetch_json(bench: Bench) -> None:
    data = {"logs": "false", "params": json.dumps({"1-inputs-seed": next_seed()})}
    size = 0
    async with bench.http.stream("POST", "/d/big/infer", data=data) as answer:
        assert answer.status_code == 201, await answer.aread()
        async for chunk in answer.aiter_raw():
            size += len(chunk)
    assert size > SIZE * 4 / 3


async def fetch_link(bench: Bench) -> None:
    data = {"params": json.dumps({"1-inputs-seed": next_seed()})}
    job = (await bench.http.post("/d/big/run", data=data)).json()
    while job["status"] in ("queued", "running"):
        await asyncio.sleep(0.05)
        job = (await bench.http.get(f"/api/jobs/{job['prompt_id']}")).json()
    size = 0
    async with bench.http.stream("GET", job["outputs"][0]["url"]) as answer:
        async for chunk in answer.aiter_raw():
            size += len(chunk)
    assert size >= SIZE


async def send_upload(bench: Bench) -> None:
    """Send a real picture with 100 MB of padding behind it, which every reader ignores."""
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "big.png"
        picture.write_bytes(PIXEL + bytes(SIZE))
        with picture.open("rb") as file:
            answer = await bench.http.post(
                "/d/upload/infer", data={"logs": "false", "params": "{}"}, files={"1-inputs-image": ("big.png", file, "image/png")}
            )
        assert answer.status_code == 201, answer.text


PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
_seeds = iter(range(1, 1000))


def next_seed() -> int:
    return next(_seeds)
