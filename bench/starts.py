"""How fast the server and a cold ComfyUI start."""

from __future__ import annotations

import asyncio
import json
import time

from bench.server import Bench, BenchServer
from bench.workflows import CHANGING, trivial

MIB = 1024 * 1024


async def measure(comfyui: str) -> None:
    """Print the server's start and idle memory, then a cold start seen by a caller beside ComfyUI's own start."""
    ready, idle, first_line, result, own = [], [], [], [], []
    for turn in range(5):
        async with BenchServer(comfyui) as bench:
            ready.append(bench.ready_seconds)
            await asyncio.sleep(1)
            idle.append(bench.rss() / MIB)
            if turn < 3:
                await bench.deploy("trivial", trivial(0), force=True)
                line, end = await cold_call(bench)
                first_line.append(line)
                result.append(end)
                own.append(await start_seconds(bench))
    print(f"server: ready in {min(ready):.2f}-{max(ready):.2f} s, idle with {max(idle):.0f} MiB at most ({len(ready)} starts)")
    for line, end, start in zip(first_line, result, own, strict=True):
        print(f"cold start: first log line after {line:.3f} s, result after {end:.2f} s, of which ComfyUI's own start took {start:.2f} s")


async def cold_call(bench: Bench) -> tuple[float, float]:
    """Return the seconds to the first log line and to the result."""
    started = time.perf_counter()
    first = 0.0
    data = {"logs": "true", "params": json.dumps({CHANGING["trivial"]: 7})}
    async with bench.http.stream("POST", "/d/trivial/infer", data=data) as answer:
        async for line in answer.aiter_lines():
            if not first and line.startswith("event: log_message"):
                first = time.perf_counter() - started
    return first, time.perf_counter() - started


async def start_seconds(bench: Bench) -> float:
    """Return how long ComfyUI's own start took; a worker tells of it every two seconds."""
    async with asyncio.timeout(10):
        while True:
            workers = (await bench.admin.get("/api/workers")).json()["workers"]
            if seconds := workers[0]["backends"][0]["start_seconds"]:
                return float(seconds)
            await asyncio.sleep(0.2)
