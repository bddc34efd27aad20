"""Workers as processes of this machine; a command that waits for SIGTERM stands for the worker."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from viewcomfy.core.errors import Conflict, ServerUnavailable
from viewcomfy.fleet.base import Instance
from viewcomfy.fleet.local import LOG, LocalProvider

pytestmark = pytest.mark.anyio

PROGRAM = """
import os, signal, sys, time
def end(*_):
    print("told to end", flush=True)
    time.sleep(float(sys.argv[1]))
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("here", sys.argv[2:], os.environ["VIEWCOMFY_INSTANCE"], os.environ["WORD"], flush=True)
while True:
    signal.pause()
"""


def provider_in(folder: Path, *, lasting: float = 0.0) -> LocalProvider:
    return LocalProvider(folder, [sys.executable, "-u", "-c", PROGRAM, str(lasting)], {**os.environ, "WORD": "kept"})


async def until(provider: LocalProvider, good: Callable[[list[Instance]], bool]) -> list[Instance]:
    async with asyncio.timeout(20):
        while True:
            found = await provider.instances()
            if good(found):
                return found
            await asyncio.sleep(0.02)


async def log_of(folder: Path, word: str) -> str:
    async with asyncio.timeout(20):
        while True:
            text = (folder / LOG).read_text()
            if word in text:
                return text
            await asyncio.sleep(0.02)


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A folder for a fleet; what is still there at the end is killed."""
    place = tmp_path / "pool"
    yield place
    for found in await provider_in(place).instances():
        os.kill(int(found.where.split()[1]), signal.SIGKILL)


async def test_workers_are_started_each_in_a_folder_of_its_own(folder: Path) -> None:
    provider = provider_in(folder)
    await provider.start(2)
    found = await until(provider, lambda found: len(found) == 2)
    for number, instance in enumerate(found):
        text = await log_of(folder / str(number), "here")
        assert text.split("\n")[0] == f"here ['--data-dir', '{folder / str(number)}'] {instance.id} kept"


async def test_a_stop_asks_once_and_the_worker_takes_its_time(folder: Path) -> None:
    provider = provider_in(folder, lasting=1.0)
    await provider.start(1)
    await log_of(folder / "0", "here")
    for _ in range(3):
        await provider.stop(await provider.instances())
    [instance] = await provider.instances()
    assert instance.stopping
    await until(provider, lambda found: not found)
    assert (folder / "0" / LOG).read_text().count("told to end") == 1


async def test_another_process_finds_what_was_started_before(folder: Path) -> None:
    before = provider_in(folder)
    await before.start(2)
    for number in ("0", "1"):
        await log_of(folder / number, "here")
    after = provider_in(folder)
    assert [found.id for found in await after.instances()] == [found.id for found in await before.instances()]
    await after.stop((await after.instances())[:1])
    assert len(await until(before, lambda found: len(found) == 1)) == 1
    await after.start(1)
    assert (folder / "1").exists()
    assert not (folder / "2").exists(), "the free folder is used again"


async def test_a_worker_that_was_killed_is_no_longer_there(folder: Path) -> None:
    provider = provider_in(folder)
    await provider.start(1)
    [instance] = await provider.instances()
    os.kill(int(instance.where.split()[1]), signal.SIGKILL)
    await until(provider, lambda found: not found)


async def test_a_process_that_got_the_number_of_one_that_ended_is_left_alone(folder: Path) -> None:
    provider = provider_in(folder)
    await provider.start(1)
    record = folder / "0" / "instance.json"
    [instance] = await provider.instances()
    pid = int(instance.where.split()[1])
    record.write_text(record.read_text().replace('"born": "', '"born": "9'))
    assert await provider.instances() == []
    os.kill(pid, 0)
    os.kill(pid, signal.SIGKILL)


async def test_one_folder_is_looked_after_by_one_process(folder: Path) -> None:
    with provider_in(folder).held(), pytest.raises(Conflict, match="looks after the fleet"), provider_in(folder).held():
        pass
    with provider_in(folder).held():
        pass


async def test_a_command_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(ServerUnavailable, match="can't be started"):
        await LocalProvider(folder, ["/no/such/program"], {}).start(1)


async def test_a_folder_that_can_not_be_written_is_told_and_nobody_is_forgotten(folder: Path) -> None:
    provider = provider_in(folder)
    (folder / "0" / "instance.new").mkdir(parents=True)  # in the way of what is to be remembered
    with pytest.raises(ServerUnavailable, match="folder of the fleet can't be used"):
        await provider.start(1)
    async with asyncio.timeout(20):
        while provider._children:  # the process that was started in vain
            assert await provider.instances() == []
            await asyncio.sleep(0.02)
