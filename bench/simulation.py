"""A fleet on a virtual clock: jobs come, workers load models and run them; who gets what is up to a policy."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a job runs: seconds to load its models, and seconds to run once they are there."""

    name: str
    load: float
    run: float


@dataclass(slots=True)
class Job:
    """A job and what became of it. Times are seconds of the virtual clock."""

    number: int
    key: str
    workflow: Workflow
    queued_at: float
    claimed_at: float = 0.0
    started_at: float = 0.0
    ended_at: float = 0.0
    worker: int = -1
    loads: bool = False

    @property
    def wait(self) -> float:
        """The seconds until it ran: in the queue, and while its models were loaded."""
        return self.started_at - self.queued_at


@dataclass(slots=True)
class Worker:
    """One GPU. It keeps the models of its last job; `load` and `run` are the seconds that it has spent with each."""

    number: int
    models: str = ""
    load: float = 0.0
    run: float = 0.0


class Policy(Protocol):
    """Who runs what."""

    def queue(self, job: Job, now: float) -> None:
        """Take a job in."""

    def free(self, worker: Worker, now: float) -> None:
        """Take in that a worker has nothing to do."""

    def ended(self, job: Job) -> None:
        """Take in that a job has ended."""

    def give(self, now: float) -> Iterator[tuple[Worker, Job]]:
        """Yield who gets which job now, until nothing can be given."""
        raise NotImplementedError


@dataclass(slots=True)
class Fleet:
    """Workers and the time."""

    workers: list[Worker]
    ended: list[Job] = field(default_factory=list)

    def run(self, jobs: Iterable[Job], policy: Policy) -> float:
        """Run all jobs, which come in order of time; return when the last one has ended."""
        events: list[tuple[float, int, Job]] = []
        coming, now, number = iter(jobs), 0.0, 0
        upcoming = next(coming, None)
        for worker in self.workers:
            policy.free(worker, now)
        while upcoming is not None or events:
            if upcoming is not None and (not events or upcoming.queued_at <= events[0][0]):
                now = upcoming.queued_at
                policy.queue(upcoming, now)
                upcoming = next(coming, None)
            else:
                now, _, job = heapq.heappop(events)
                self.ended.append(job)
                policy.ended(job)
                policy.free(self.workers[job.worker], now)
            for worker, job in policy.give(now):
                number += 1
                heapq.heappush(events, (_begin(worker, job, now), number, job))
        return now


def _begin(worker: Worker, job: Job, now: float) -> float:
    job.claimed_at, job.worker, job.loads = now, worker.number, worker.models != job.workflow.name
    loading = job.workflow.load if job.loads else 0.0
    worker.models = job.workflow.name
    worker.load += loading
    worker.run += job.workflow.run
    job.started_at = now + loading
    job.ended_at = job.started_at + job.workflow.run
    return job.ended_at


@dataclass(frozen=True, slots=True)
class Traffic:
    """The jobs of a day's worst hour.

    `rate` jobs come each second on average, from `keys` keys; one workflow is as popular as its rank to the power of -`skew` (Zipf).
    For `burst` of the time `peak` times as many come as else. From `flood_at` on one more key sends `flood` jobs within a minute.
    """

    rate: float
    seconds: float
    keys: int = 50
    skew: float = 1.0
    burst: float = 0.15
    peak: float = 4.0
    burst_seconds: float = 20.0
    flood: int = 0
    flood_at: float = 600.0

    def jobs(self, workflows: list[Workflow], seed: int) -> list[Job]:
        """Return the jobs in order of time; the same seed makes the same."""
        chance = random.Random(seed)
        weights = [rank**-self.skew for rank in range(1, len(workflows) + 1)]
        came = [(at, f"key-{chance.randrange(self.keys)}") for at in self._times(chance, seed)]
        came += [(self.flood_at + 60.0 * chance.random(), "flood") for _ in range(self.flood)]
        chosen = chance.choices(workflows, weights, k=len(came))
        return [Job(number, key, workflow, at) for number, ((at, key), workflow) in enumerate(zip(sorted(came), chosen, strict=True))]

    def _times(self, chance: random.Random, seed: int) -> Iterator[float]:
        calm = self.rate / (1 + self.burst * (self.peak - 1))
        at, is_burst, changes = 0.0, False, self._changes(random.Random(f"bursts {seed}"))
        changes_at = next(changes)
        while at < self.seconds:
            step = chance.expovariate(calm * (self.peak if is_burst else 1.0))
            if at + step > changes_at:  # nothing is remembered of a step that was not made
                at, is_burst, changes_at = changes_at, not is_burst, next(changes)
            else:
                at += step
                if at < self.seconds:
                    yield at

    def _changes(self, chance: random.Random) -> Iterator[float]:
        """Yield when bursts begin and end, in turn: of their own, so that they are the same whatever the rate is."""
        at, calm = 0.0, self.burst_seconds * (1 - self.burst) / self.burst
        while True:
            for mean in (calm, self.burst_seconds):
                at += chance.expovariate(1 / mean)
                yield at
