"""What files do in a second, in a folder, on moto and on SeaweedFS, taking turns: `python -m bench files`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tools.services.s3 import Moto, SeaweedFS
from viewcomfy.files.base import Files
from viewcomfy.files.open import open_files

MIB = 1024 * 1024
SMALL = b"p" * 50_000
"""About what a small picture has."""
AT_ONCE = 8
ROUNDS = 5


async def measure(scale: float) -> None:
    """Print how long a small file takes, how many there are in a second, and how many MB of a large one."""
    async with opened() as houses:
        found: dict[str, dict[str, list[float]]] = {name: {} for name in houses}
        for turn in range(ROUNDS + 1):
            for name, files in houses.items():
                measured = await one_round(files, turn, max(1, int(100 * scale)), max(8, int(64 * scale)))
                for what, value in measured.items() if turn else ():  # the first round warms up
                    found[name].setdefault(what, []).append(value)
    for name, values in found.items():
        print(f"files in {name}: " + ", ".join(f"{what} {statistics.median(times):.3g}" for what, times in values.items()))


@asynccontextmanager
async def opened() -> AsyncIterator[dict[str, Files]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        houses = {"a folder": open_files(None, folder)}
        for server in (Moto(folder / "moto"), SeaweedFS(folder / "seaweedfs")):
            stack.callback(server.kill)
            await asyncio.to_thread(server.start)
            houses[type(server).__name__] = open_files(server.bucket(), folder)
        yield houses


async def one_round(files: Files, turn: int, count: int, large: int) -> dict[str, float]:
    """Return what one round measures; large is in MiB."""
    source = await asyncio.to_thread(made_file, large)

    async def put(number: int) -> None:
        await files.put(f"jobs/{turn}-{number}/out-1-a.png", repeat(SMALL, 1))

    async def read(number: int) -> None:
        assert sum([len(block) async for block in files.read(f"jobs/{turn}-{number}/out-1-a.png")]) == len(SMALL)

    async def put_large() -> None:
        await files.put_file("large", source)

    async def read_large() -> None:
        assert sum([len(block) async for block in files.read("large")]) == large * MIB

    try:
        return {
            "put ms": 1000 * await seconds(lambda: one_by_one(put, count)) / count,
            "read ms": 1000 * await seconds(lambda: one_by_one(read, count)) / count,
            "puts/s": count / await seconds(lambda: at_once(put, count)),
            "reads/s": count / await seconds(lambda: at_once(read, count)),
            "put MB/s": large * MIB / 1e6 / await seconds(put_large),
            "read MB/s": large * MIB / 1e6 / await seconds(read_large),
        }
    finally:
        await asyncio.to_thread(source.unlink)


async def one_by_one(call: Callable[[int], Awaitable[None]], count: int) -> None:
    for number in range(count):
        await call(number)


async def at_once(call: Callable[[int], Awaitable[None]], count: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await call(number)

    await asyncio.gather(*map(one, range(count)))


async def seconds(work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def made_file(mebibytes: int) -> Path:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        for _ in range(mebibytes):
            file.write(bytes(range(256)) * 4096)
        return Path(file.name)


async def repeat(part: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield part
