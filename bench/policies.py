"""The policies that the simulation compares: viewcomfy's own, by its own code, and three plain ones."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Iterator
from typing import TypeVar

from bench.simulation import Job, Policy, Worker
from viewcomfy.core.scheduling import NORMAL, Kind, Lane
from viewcomfy.engine.base import Claimer
from viewcomfy.engine.claims import Choice, Ledger, Waiter

POOL = "default"
T = TypeVar("T")


class Ours:
    """What every engine does: `Choice` over the lanes and those who wait, with `Ledger`. `limits` bound the running jobs of keys."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: dict[str, int] | None = None) -> None:
        self._granted = loop.create_future()  # nobody waits for it here
        self._limits = limits or {}
        self._ledger = Ledger()
        self._running: Counter[str] = Counter()
        self._lanes: dict[Kind, tuple[Lane, deque[Job]]] = {}
        self._waiters: dict[int, tuple[Waiter, Worker]] = {}
        self._number = 0
        self.decisions = 0

    def queue(self, job: Job, now: float) -> None:  # noqa: ARG002 - the job knows
        kind = (NORMAL, job.key, f"{job.workflow.name}+")
        if kind in self._lanes:
            self._lanes[kind][1].append(job)
        else:
            self._lanes[kind] = _lane(kind, job), deque([job])

    def free(self, worker: Worker, now: float) -> None:  # noqa: ARG002 - the numbers tell who came first
        self._number += 1
        claimer = Claimer(str(worker.number), POOL, frozenset({worker.models}) if worker.models else frozenset())
        self._waiters[self._number] = Waiter(claimer, self._number, self._granted), worker

    def ended(self, job: Job) -> None:
        self._running[job.key] -= 1
        if not self._running[job.key]:
            del self._running[job.key]

    def give(self, now: float) -> Iterator[tuple[Worker, Job]]:
        while self._waiters and self._lanes:
            self.decisions += 1
            choice = Choice([waiter for waiter, _ in self._waiters.values()], self._ledger.shares(self._running, self._limits, now), now)
            choice.pick([lane for lane, _ in self._lanes.values()])
            if choice.match is None:
                return
            lane = choice.match.lane
            self._ledger.gave(lane, now)
            self._running[lane.key_id] += 1
            yield self._waiters.pop(choice.match.waiter.number)[1], self._take(lane.kind)

    def _take(self, kind: Kind) -> Job:
        jobs = self._lanes.pop(kind)[1]
        job = jobs.popleft()
        if jobs:
            self._lanes[kind] = _lane(kind, jobs[0]), jobs
        return job


def _lane(kind: Kind, first: Job) -> Lane:
    priority, key_id, affinity = kind
    return Lane(POOL, priority, key_id, affinity, first.queued_at)


class InOrder:
    """First in, first out: the oldest job goes to the worker that waits longest."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._workers: deque[Worker] = deque()

    def queue(self, job: Job, now: float) -> None:  # noqa: ARG002 - the order is enough
        self._jobs.append(job)

    def free(self, worker: Worker, now: float) -> None:  # noqa: ARG002 - the order is enough
        self._workers.append(worker)

    def ended(self, job: Job) -> None:
        pass

    def give(self, now: float) -> Iterator[tuple[Worker, Job]]:  # noqa: ARG002 - the order is enough
        while self._jobs and self._workers:
            yield self._workers.popleft(), self._jobs.popleft()


class AtRandom:
    """Any job goes to any worker."""

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._jobs: list[Job] = []
        self._workers: list[Worker] = []

    def queue(self, job: Job, now: float) -> None:  # noqa: ARG002 - time does not matter
        self._jobs.append(job)

    def free(self, worker: Worker, now: float) -> None:  # noqa: ARG002 - time does not matter
        self._workers.append(worker)

    def ended(self, job: Job) -> None:
        pass

    def give(self, now: float) -> Iterator[tuple[Worker, Job]]:  # noqa: ARG002 - time does not matter
        while self._jobs and self._workers:
            yield self._any(self._workers), self._any(self._jobs)

    def _any(self, things: list[T]) -> T:
        place = self._chance.randrange(len(things))
        things[place], things[-1] = things[-1], things[place]
        return things.pop()


class LeastLoaded:
    """Each job goes at once to a worker with the fewest jobs, and waits there: what a load balancer does."""

    def __init__(self, workers: int, seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._jobs: list[deque[Job]] = [deque() for _ in range(workers)]
        self._counts = [0] * workers
        self._by_count: list[set[int]] = [set(range(workers))]
        self._idle: dict[int, Worker] = {}

    def queue(self, job: Job, now: float) -> None:  # noqa: ARG002 - time does not matter
        least = next(numbers for numbers in self._by_count if numbers)
        number = min(self._chance.sample(sorted(least), min(2, len(least))))
        self._jobs[number].append(job)
        self._count(number, 1)

    def free(self, worker: Worker, now: float) -> None:  # noqa: ARG002 - time does not matter
        self._idle[worker.number] = worker

    def ended(self, job: Job) -> None:
        self._count(job.worker, -1)

    def give(self, now: float) -> Iterator[tuple[Worker, Job]]:  # noqa: ARG002 - time does not matter
        for number in [number for number in self._idle if self._jobs[number]]:
            yield self._idle.pop(number), self._jobs[number].popleft()

    def _count(self, number: int, more: int) -> None:
        self._by_count[self._counts[number]].discard(number)
        self._counts[number] += more
        while len(self._by_count) <= self._counts[number]:
            self._by_count.append(set())
        self._by_count[self._counts[number]].add(number)


def policies(workers: int, loop: asyncio.AbstractEventLoop) -> dict[str, Policy]:
    """Return a new one of each, by name."""
    return {"viewcomfy": Ours(loop), "fifo": InOrder(), "random": AtRandom(), "least-loaded": LeastLoaded(workers)}
