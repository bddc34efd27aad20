"""The scaler on processes of this machine, with a server that a test writes the answers of."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fleet.test_local import PROGRAM, until
from viewcomfy.core.backends import BackendAction
from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.core.scaling import Limits
from viewcomfy.fleet.local import LocalProvider
from viewcomfy.fleet.scaler import Scaler, Wishes
from viewcomfy.wire.scale import ScaleLimitsOut, ScaleOut
from viewcomfy.wire.workers import BackendOut, WorkerOut, WorkersOut

pytestmark = pytest.mark.anyio


@dataclass
class Desk:
    """What a server would say; the orders that it gets."""

    wanted: int = 0
    reachable: bool = True
    there: list[WorkerOut] = field(default_factory=list)
    drained: list[str] = field(default_factory=list)
    boots: list[float | None] = field(default_factory=list)

    async def scale(self, pool: str = "default", *, boot: float | None = None, **_: object) -> ScaleOut:
        if not self.reachable:
            raise ServerUnavailable("The server is away.")
        self.boots.append(boot)
        limits = ScaleLimitsOut(min=0, max=4, backends=1, wait=30.0, idle=300.0)
        return ScaleOut(
            pool=pool, wanted=self.wanted, pending=0, held_back=0, running=0, workers=0, idle=0, oldest_wait=0.0, job_seconds=None,
            cold_start=0.0, limits=limits, why="because",
        )  # fmt: skip

    async def workers(self) -> WorkersOut:
        return WorkersOut(workers=self.there, queued=0)

    async def order_backend(self, worker: str, backend: str, action: BackendAction | str) -> BackendOut:
        self.drained.append(f"{worker}/{backend} {action}")
        for found in self.there:
            for one in found.backends:
                one.draining |= found.name == worker
        return BackendOut(name=backend, draining=True)

    def join(self, instance: str, *, busy: bool = False) -> WorkerOut:
        backend = BackendOut(name="comfyui-0", prompt_ids=["p"] if busy else [])
        made = WorkerOut(name=f"worker-{instance}", pool="gpu", seen_at=0.0, backends=[backend], facts={"instance": instance})
        self.there.append(made)
        return made


@dataclass
class Clock:
    """A clock that a test sets, from the time on that a process really has."""

    ahead: float = 0.0

    def __call__(self) -> float:
        import time

        return time.time() + self.ahead


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[LocalProvider]:
    made = LocalProvider(tmp_path / "gpu", [sys.executable, "-u", "-c", PROGRAM, "0"], {**os.environ, "WORD": "kept"})
    yield made
    for found in await made.instances():
        os.kill(int(found.where.split()[1]), signal.SIGKILL)
    await until(made, lambda found: not found)


def scaler(desk: Desk, provider: LocalProvider, clock: Clock | None = None) -> Scaler:
    return Scaler(desk, provider, Wishes("gpu", Limits(maximum=4)), clock=clock or Clock())


async def test_it_starts_what_is_missing_once(provider: LocalProvider) -> None:
    desk = Desk(wanted=2)
    keeper = scaler(desk, provider)
    for _ in range(3):
        await keeper.look()
    assert len(await provider.instances()) == 2


async def test_it_drains_first_and_stops_who_was_seen_empty_twice(provider: LocalProvider) -> None:
    desk = Desk(wanted=1)
    keeper = scaler(desk, provider)
    await keeper.look()
    [instance] = await provider.instances()
    worker = desk.join(instance.id)
    desk.wanted = 0
    await keeper.look()
    assert desk.drained == [f"worker-{instance.id}/comfyui-0 drain"]
    worker.backends[0].prompt_ids = ["claimed in that moment"]
    for _ in range(3):
        await keeper.look()
    assert not (await provider.instances())[0].stopping
    worker.backends[0].prompt_ids = []
    await keeper.look()
    assert not (await provider.instances())[0].stopping
    await keeper.look()
    assert [found.stopping for found in await provider.instances()] in ([True], [])
    await until(provider, lambda found: not found)


async def test_another_scaler_goes_on_where_one_was_killed(provider: LocalProvider) -> None:
    desk = Desk(wanted=1)
    await scaler(desk, provider).look()
    [instance] = await provider.instances()
    desk.join(instance.id).backends[0].draining = True
    desk.wanted = 0
    after = scaler(desk, provider)
    await after.look()
    await after.look()
    await until(provider, lambda found: not found)


async def test_it_tells_the_server_how_long_its_workers_took(provider: LocalProvider) -> None:
    desk, clock = Desk(wanted=1), Clock()
    keeper = scaler(desk, provider, clock)
    await keeper.look()
    await keeper.look()
    [instance] = await provider.instances()
    clock.ahead = 40.0
    desk.join(instance.id)
    await keeper.look()
    await keeper.look()
    assert desk.boots[:3] == [None, None, None]
    assert desk.boots[3] == pytest.approx(40.0, abs=10.0)


async def test_after_a_start_that_came_to_nothing_it_waits(tmp_path: Path) -> None:
    broken = LocalProvider(tmp_path / "gpu", [sys.executable, "-c", "raise SystemExit(3)"], {})
    desk, clock = Desk(wanted=1), Clock()
    keeper = scaler(desk, broken, clock)
    started = list[str]()
    begin = broken.start

    async def counted(count: int) -> list[str]:
        started.extend(ids := await begin(count))
        await until(broken, lambda found: not found)
        return ids

    broken.start = counted  # type: ignore[method-assign]  # to count; it starts them all the same
    for _ in range(5):
        await keeper.look()
    assert len(started) == 1
    clock.ahead = 5.0
    await keeper.look()
    await keeper.look()
    assert len(started) == 2
    clock.ahead = 10.0
    await keeper.look()
    assert len(started) == 2, "each time longer"


async def test_one_that_never_tells_of_itself_is_stopped_in_the_end(provider: LocalProvider) -> None:
    desk, clock = Desk(wanted=1), Clock()
    keeper = scaler(desk, provider, clock)
    await keeper.look()
    clock.ahead = 1000.0
    desk.wanted = 0
    await keeper.look()
    await until(provider, lambda found: not found)


async def test_without_the_server_a_fleet_stays_as_it_is(provider: LocalProvider) -> None:
    desk = Desk(wanted=1)
    keeper = scaler(desk, provider)
    await keeper.look()
    desk.wanted, desk.reachable = 0, False
    with pytest.raises(ServerUnavailable):
        await keeper.look()
    assert [found.stopping for found in await provider.instances()] == [False]
