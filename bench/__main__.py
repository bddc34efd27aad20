"""Measure viewcomfy beside a raw driver on the same ComfyUI, taking turns: `python -m bench --comfyui DIR [NAME …]`."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench import downloads, engines, files, forks, memory, report, scheduling, scheduling_plots, starts, stores, validation
from bench.raw import RawDriver
from bench.server import Bench, BenchServer
from bench.workflows import CHANGING, sleeping, text_to_image, trivial

numbers = itertools.count(1)


async def timed(call: Callable[[], Awaitable[list[bytes]]]) -> float:
    started = time.perf_counter()
    outputs = await call()
    seconds = time.perf_counter() - started
    assert [data[:4] for data in outputs] == [b"\x89PNG"], "a wrong answer"
    return seconds


async def one_at_a_time(bench: Bench, raw: RawDriver, name: str, make: Callable[[int], dict[str, Any]], runs: int) -> None:
    """Request to the output's bytes in hand, raw and ours in turn."""
    await bench.deploy(name, make(0))
    ours, theirs = [], []
    for turn in range(runs + 3):
        raw_seconds = await timed(lambda: raw.run(make(next(numbers))))
        our_seconds = await timed(lambda: bench.infer(name, {CHANGING[name]: next(numbers)}))
        if turn >= 3:  # the first ones warm up
            theirs.append(raw_seconds)
            ours.append(our_seconds)
    median, base = statistics.median(ours), statistics.median(theirs)
    print(f"{name}: raw {base * 1000:.1f} ms, viewcomfy {median * 1000:.1f} ms, ratio {median / base:.2f} (medians of {runs})")


async def many_at_once(bench: Bench, raw: RawDriver, clients: int, jobs: int, rounds: int) -> None:
    """Jobs per second with several clients, each sending its next when it has its answer."""

    async def load(call: Callable[[], Awaitable[list[bytes]]]) -> float:
        async def client() -> None:
            for _ in range(jobs // clients):
                await timed(call)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(client())
        return jobs / (time.perf_counter() - started)

    ours, theirs = [], []
    cpu = 0.0
    for _ in range(rounds):
        theirs.append(await load(lambda: raw.run(trivial(next(numbers)))))
        cpu -= bench.cpu()
        ours.append(await load(lambda: bench.infer("trivial", {CHANGING["trivial"]: next(numbers)})))
        cpu += bench.cpu()
    median, base = statistics.median(ours), statistics.median(theirs)
    print(
        f"{clients} clients: raw {base:.0f} jobs/s, viewcomfy {median:.0f} jobs/s, ratio {median / base:.2f} (medians of {rounds}); "
        f"the server takes {cpu / rounds / jobs * 1000:.1f} ms of CPU a job"
    )


async def beside_raw(comfyui: str, chosen: set[str], scale: float) -> None:
    async with BenchServer(comfyui, "--idle-timeout", "0") as bench:
        await bench.deploy("trivial", trivial(0))
        await bench.infer("trivial", {CHANGING["trivial"]: next(numbers)})
        [url] = await bench.backend_urls()
        async with RawDriver(url) as raw:
            if "trivial" in chosen:
                await one_at_a_time(bench, raw, "trivial", trivial, int(200 * scale))
            if "image" in chosen:
                await one_at_a_time(bench, raw, "text-to-image", text_to_image, int(20 * scale))
            if "clients" in chosen:
                await many_at_once(bench, raw, 8, int(160 * scale), 15)


async def two_backends(comfyui: str, scale: float) -> None:
    """Sleeping jobs on one and on two backends."""
    rates = []
    for backends in (1, 2):
        async with BenchServer(comfyui, "--backends", str(backends), "--idle-timeout", "0") as bench:
            await bench.deploy("sleeping", sleeping(0, 0.3))
            async with asyncio.TaskGroup() as warm_up:
                for _ in range(4 * backends):
                    warm_up.create_task(bench.infer("sleeping", {CHANGING["sleeping"]: next(numbers)}))
            jobs = int(40 * scale)
            started = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for _ in range(jobs):
                    group.create_task(bench.infer("sleeping", {CHANGING["sleeping"]: next(numbers)}))
            rates.append(jobs / (time.perf_counter() - started))
    print(f"sleeping jobs: 1 backend {rates[0]:.2f} jobs/s, 2 backends {rates[1]:.2f} jobs/s, ratio {rates[1] / rates[0]:.2f}")


async def on_comfyui(comfyui: str, chosen: set[str], scale: float) -> None:
    """Measure what needs a ComfyUI."""
    if chosen & {"trivial", "image", "clients"}:
        await beside_raw(comfyui, chosen, scale)
    if "backends" in chosen:
        await two_backends(comfyui, scale)
    if "forks" in chosen:
        await forks.measure(comfyui, scale)
    if "validation" in chosen:
        validation.measure()
    for name, measure in (("memory", memory.measure), ("starts", starts.measure), ("report", report.measure)):
        if name in chosen:
            await measure(comfyui)


def simulate(workers: int, *, plots: bool) -> None:
    """Compare policies on a virtual clock."""
    results, costs = scheduling.measure(workers)
    if plots:
        scheduling_plots.draw(results, scheduling.by_load(min(workers, 200)), costs, Path(__file__).parent.parent / "docs" / "images")


async def main() -> None:
    names = (
        "trivial",
        "image",
        "clients",
        "backends",
        "memory",
        "starts",
        "forks",
        "validation",
        "report",
        "stores",
        "files",
        "downloads",
        "engines",
        "scheduling",
    )
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(names), help=f"what to measure: {', '.join(names)}")
    parser.add_argument(
        "--comfyui",
        help="what `viewcomfy comfyui install` made, with the test nodes; not for: stores, files, downloads, engines, scheduling",
    )
    parser.add_argument("--postgres", help="the URL of an empty database; absent: a server is started")
    parser.add_argument("--workers", type=int, default=1000, help="scheduling: how many workers are simulated")
    parser.add_argument("--plots", action="store_true", help="scheduling: draw the pictures of the docs")
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer runs")
    options = parser.parse_args()
    chosen = set(options.names)
    if "stores" in chosen:
        await stores.measure(options.postgres, options.scale)
    if "files" in chosen:
        await files.measure(options.scale)
    if "downloads" in chosen:
        await asyncio.to_thread(downloads.measure, options.scale)
    if "engines" in chosen:
        await engines.measure(options.postgres, options.scale)
    if "scheduling" in chosen:
        simulate(options.workers, plots=options.plots)
    if chosen <= {"stores", "files", "downloads", "engines", "scheduling"}:
        return
    if not options.comfyui:
        parser.error("--comfyui is missing")
    await on_comfyui(options.comfyui, chosen, options.scale)


if __name__ == "__main__":
    asyncio.run(main())
