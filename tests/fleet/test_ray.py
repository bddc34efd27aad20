"""Workers on a Ray cluster of this machine; a command that waits for SIGTERM stands for the worker."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.fleet.test_local import PROGRAM
from tools.services.process import Process, free_port, listens
from viewcomfy.core.errors import MissingExtra, ServerUnavailable
from viewcomfy.fleet.base import Instance
from viewcomfy.fleet.ray import WAITS, Needs, RayProvider, _pool_of

pytestmark = [
    pytest.mark.anyio,
    # Ray's own threads and files are its business
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning", "ignore::FutureWarning"),
]
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: 240 MB for one test")


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster with two CPUs; it is ended by its process id, with all that it has started."""
    folder = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))  # the paths of its sockets must be short
    port = free_port()
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--num-cpus=2", "--include-dashboard=false"]
    command += [f"--port={port}", "--node-ip-address=127.0.0.1", f"--temp-dir={folder}", "--object-store-memory=80000000"]
    search = os.pathsep.join(path for path in sys.path if path)
    head = Process(command, log=folder / "log", env={"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": search})
    head.start(lambda: listens(port))
    yield f"127.0.0.1:{port}"
    head.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def connect(cluster: str) -> AsyncIterator[Callable[[], RayProvider]]:
    """Connect anew, as another process would; at the end nothing is left."""
    opened: list[RayProvider] = []

    def make() -> RayProvider:
        for provider in opened:
            provider.close()
        arguments = ["-u", "-c", PROGRAM, "0"]
        opened.append(RayProvider.connect(cluster, pool="gpu", arguments=arguments, env={"WORD": "kept"}, needs=Needs(cpus=1.0)))
        return opened[-1]

    yield make
    provider = make()
    await provider.stop(await provider.instances())
    await until(provider, lambda found: not found)
    provider.close()


async def until(provider: RayProvider, good: Callable[[list[Instance]], bool]) -> list[Instance]:
    async with asyncio.timeout(90):
        while True:
            found = await provider.instances()
            if good(found):
                return found
            await asyncio.sleep(0.1)


@needs_ray
@pytest.mark.timeout(300)
async def test_workers_outlive_who_has_started_them_and_wait_for_room(connect: Callable[[], RayProvider]) -> None:
    before = connect()
    await before.start(3)
    found = await until(before, lambda found: [one.where != WAITS for one in found].count(True) == 2)
    assert [one.where for one in found].count(WAITS) == 1, "two CPUs hold two"
    after = connect()
    assert {one.id for one in await after.instances()} == {one.id for one in found}
    running = [one for one in found if one.where != WAITS]
    await after.stop(running[:1])
    there = await until(after, lambda left: len(left) == 2 and all(one.where != WAITS for one in left))
    assert running[0].id not in {one.id for one in there}, "the third has its room"
    os.kill(int(there[0].where.split()[1]), 9)
    assert len(await until(after, lambda left: len(left) == 1)) == 1


async def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="not installed") as told:
        RayProvider.connect("auto", pool="gpu", arguments=["x"], env={}, needs=Needs())
    assert told.value.hint == 'Type: pip install "viewcomfy[ray]"'


def test_an_actor_belongs_to_the_pool_that_its_whole_name_begins_with() -> None:
    assert _pool_of("gpu.1700000000.abcdef") == "gpu"
    assert _pool_of("gpu.a.1700000000.abcdef") == "gpu.a"


async def test_a_cluster_that_has_gone_away_is_told_as_such() -> None:
    ray = ModuleType("ray")  # stands for a Ray whose head is gone
    setattr(ray, "exceptions", SimpleNamespace(RayError=LookupError))  # noqa: B010 - a module has no such attribute for the type checker

    def gone() -> list[str]:
        raise ConnectionError("lost")

    setattr(ray, "util", SimpleNamespace(list_named_actors=gone))  # noqa: B010 - as above
    with pytest.raises(ServerUnavailable, match="does not answer: lost"):
        await RayProvider(ray, "gpu", [], {}, Needs()).instances()
