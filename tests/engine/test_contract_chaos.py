"""What every engine holds whatever happens in whatever order: no job is lost, none finishes twice, statuses follow the rules."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, precondition, rule, run_state_machine_as_test

from tests.engine.conftest import OpenKit, place_of
from tests.engine.kit import DONE, ENGINES, LOST, Kit, claim, log, soon, statuses, story, submit
from viewcomfy.core.errors import StaleLease, UnknownJob
from viewcomfy.core.events import Event
from viewcomfy.core.jobs import JobStatus, Manifest, may_become
from viewcomfy.engine.base import Claimer, Lease

ATTEMPTS = 2
ENDS = (Manifest(JobStatus.SUCCEEDED), Manifest(JobStatus.FAILED, error=LOST))


def check_story(events: list[Event], final: JobStatus) -> None:
    told = [JobStatus(status) for status, _ in statuses(events)]
    assert all(may_become(now, then) for now, then in pairwise(told)), told
    assert told[0] is JobStatus.QUEUED
    assert told[-1] is final
    assert [event.seq for event in events] == sorted({event.seq for event in events})


class _Machine(RuleBasedStateMachine):
    """Submit, claim, extend, commit, release, cancel and restart in any order, beside a model of what must come of it."""

    engine_name = "local"
    place: Callable[[], dict[str, Any]]
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.kit: Kit = ENGINES[self.engine_name](Path(self.folder.name), **self.place(), attempts=ATTEMPTS)
        self.do(self.kit.open())
        self.status: dict[str, JobStatus] = {}
        self.failures: Counter[str] = Counter()
        self.running: dict[str, Lease] = {}

    def do(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    @rule(priority=st.integers(0, 2), key=st.sampled_from("xy"), affinity=st.sampled_from(["", "sdxl"]))
    def submit(self, priority: int, key: str, affinity: str) -> None:
        prompt_id = f"job-{len(self.status)}"
        self.do(submit(self.kit, prompt_id, priority=priority, key_id=key, affinity=affinity))
        self.status[prompt_id] = JobStatus.QUEUED

    @precondition(lambda self: JobStatus.QUEUED in self.status.values())
    @rule(target=leases)
    def claim(self) -> Lease:
        lease: Lease = self.do(claim(self.kit))
        assert self.status[lease.prompt_id] is JobStatus.QUEUED
        self.status[lease.prompt_id] = JobStatus.RUNNING
        self.running[lease.prompt_id] = lease
        return lease

    @rule(lease=leases)
    def extend(self, lease: Lease) -> None:
        self.accepted(lease, self.kit.engine.extend(lease))

    @rule(lease=leases, manifest=st.sampled_from(ENDS))
    def commit(self, lease: Lease, manifest: Manifest) -> None:
        if self.accepted(lease, self.kit.engine.commit(lease, manifest)):
            self.end(lease.prompt_id, manifest.status)

    @rule(target=leases, lease=consumes(leases), counts=st.booleans())
    def release(self, lease: Lease, counts: bool) -> Any:
        if self.accepted(lease, self.kit.engine.release(lease, LOST, counts=counts)):
            self.lost(lease.prompt_id, counts)
        return multiple()

    @precondition(lambda self: self.status)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        prompt_id = data.draw(st.sampled_from(sorted(self.status)))
        if not self.status[prompt_id].is_final:
            self.end(prompt_id, JobStatus.CANCELED)
        assert self.do(self.kit.engine.cancel(prompt_id)) is self.status[prompt_id]

    @rule()
    def restart(self) -> None:
        self.do(self.kit.close())
        self.do(self.kit.open())
        for prompt_id in list(self.running):
            self.lost(prompt_id, counts=True)

    def accepted(self, lease: Lease, change: Any) -> bool:
        """Carry out what a lease permits; what a stale one does not permit must be refused."""
        valid = self.running.get(lease.prompt_id) is lease
        try:
            self.do(change)
        except StaleLease:
            assert not valid
            return False
        assert valid
        return True

    def lost(self, prompt_id: str, counts: bool) -> None:
        self.failures[prompt_id] += counts
        if counts and self.failures[prompt_id] >= ATTEMPTS:
            self.end(prompt_id, JobStatus.FAILED)
        else:
            self.running.pop(prompt_id)
            self.status[prompt_id] = JobStatus.QUEUED

    def end(self, prompt_id: str, status: JobStatus) -> None:
        self.running.pop(prompt_id, None)
        self.status[prompt_id] = status

    @invariant()
    def the_store_agrees(self) -> None:
        assert {prompt_id: self.do(self.kit.job(prompt_id)).status for prompt_id in self.status} == self.status
        assert self.do(self.kit.engine.queue_length()) == list(self.status.values()).count(JobStatus.QUEUED)

    def teardown(self) -> None:
        for prompt_id in self.status:
            status = self.do(self.kit.engine.cancel(prompt_id))
            check_story(self.do(story(self.kit, prompt_id)), status)
        self.do(self.kit.close())
        self.do(self.kit.remove())
        self.runner.close()
        self.folder.cleanup()


@pytest.mark.parametrize("name", list(ENGINES))
def test_whatever_is_called_in_whatever_order_the_rules_hold(name: str, request: pytest.FixtureRequest) -> None:
    machine = type("Machine", (_Machine,), {"engine_name": name, "place": staticmethod(lambda: place_of(name, request))})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)),
    )


class Chaos:
    """Clients that submit and cancel, and workers that finish, give back, fall silent or vanish, as chance has it."""

    def __init__(self, kit: Kit, seed: int) -> None:
        self.kit = kit
        self.chance = random.Random(seed)
        self.commits: Counter[str] = Counter()

    async def client(self, names: list[str]) -> None:
        for name in names:
            await submit(self.kit, name, priority=self.chance.randint(0, 2), key_id=self.chance.choice("xyz"))
            await asyncio.sleep(self.chance.random() * 0.01)
            if self.chance.random() < 0.1:
                await self.kit.engine.cancel(name)

    async def work(self, worker: str) -> None:
        while True:
            with suppress(TimeoutError, StaleLease):
                async with asyncio.timeout(self.chance.random() * 0.05):
                    lease = await self.kit.engine.claim(Claimer(worker, rank=self.chance.randint(0, 1)))
                await self.run(lease)

    async def run(self, lease: Lease) -> None:
        await self.kit.engine.emit(lease.prompt_id, [log(lease.worker)])
        await asyncio.sleep(self.chance.random() * 0.02)
        fate = self.chance.choice(["done"] * 7 + ["late", "given back", "gone"])
        if fate == "late":
            await asyncio.sleep(0.5)
        if fate in ("done", "late"):
            await self.kit.engine.commit(lease, DONE)
            self.commits[lease.prompt_id] += 1
        if fate == "given back":
            await self.kit.engine.release(lease, LOST, retry_in=self.chance.random() * 0.1, counts=self.chance.random() < 0.5)

    async def follow(self, name: str) -> list[Event]:
        while True:
            with suppress(UnknownJob):
                return await story(self.kit, name)
            await asyncio.sleep(0.02)


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(3))
async def test_many_at_once_lose_no_job_and_finish_none_twice(open_kit: OpenKit, seed: int) -> None:
    kit = await open_kit(lease_seconds=0.3, attempts=4)
    chaos = Chaos(kit, seed)
    names = [f"job-{number}" for number in range(80)]
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(chaos.work(f"w{number}")) for number in range(4)]
        followers = [group.create_task(chaos.follow(name)) for name in names]
        for number in range(4):
            group.create_task(chaos.client(names[number::4]))
        await soon(asyncio.gather(*followers))
        for worker in workers:
            worker.cancel()
    for name, follower in zip(names, followers, strict=True):
        job = await kit.job(name)
        assert job.status.is_final
        check_story(follower.result(), job.status)
        assert chaos.commits[name] == (job.status is JobStatus.SUCCEEDED)
