"""Who runs what on a virtual clock: viewcomfy's policy beside plain ones on the same jobs, and what a decision costs."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.policies import policies
from bench.simulation import Fleet, Job, Policy, Traffic, Worker, Workflow
from viewcomfy.core.scheduling import Lane, Shares
from viewcomfy.engine.base import Claimer
from viewcomfy.engine.claims import Choice, Waiter

WORKFLOWS = 200
SIZES = (("small", 0.4, (3, 8), (2, 6)), ("middle", 0.45, (12, 30), (6, 20)), ("large", 0.15, (40, 90), (40, 120)))
"""What share of the workflows is of which size, and the seconds to load its models and to run, from and to."""
WARM = 0.6
"""The share of the workers that have models loaded when it begins."""
FLOOD = 3
"""So many jobs for each worker does one key send within a minute."""
LOAD = 0.45
"""How much of the workers' time the jobs take without any loading, the flood aside; first in, first out can just keep up with it."""
SECONDS = 1200.0
WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a policy made of the jobs."""

    policy: str
    jobs: Sequence[Job]
    workers: Sequence[Worker]
    end: float

    def waits(self, *, flood: bool | None = None) -> list[float]:
        """Return the waits in order: of all jobs, of the key's that floods, or of the others'."""
        return sorted(job.wait for job in self.jobs if flood is None or (job.key == "flood") is flood)

    @property
    def loads(self) -> int:
        return sum(job.loads for job in self.jobs)

    @property
    def utilisation(self) -> float:
        """The share of the workers' time in which jobs ran, loading not counted, until the last one had ended."""
        return sum(worker.run for worker in self.workers) / (len(self.workers) * self.end)


def workflows() -> list[Workflow]:
    """Return the workflows, the most popular first; always the same."""
    chance = random.Random(7)
    sizes = chance.choices(SIZES, [share for _, share, _, _ in SIZES], k=WORKFLOWS)
    return [Workflow(f"w{number}", chance.uniform(*load), chance.uniform(*run)) for number, (_, _, load, run) in enumerate(sizes)]


def traffic(workers: int, load: float, *, flood: int = FLOOD) -> Traffic:
    """Return the jobs that take so much of so many workers' time."""
    ranked = [(1 / rank, one) for rank, one in enumerate(workflows(), start=1)]
    mean = sum(weight * one.run for weight, one in ranked) / sum(weight for weight, _ in ranked)
    return Traffic(load * workers / mean, SECONDS, flood=flood * workers, flood_at=SECONDS / 3)


def simulate(workers: int, load: float, *, flood: int = FLOOD, seed: int = 1) -> list[Result]:
    """Run the same jobs by each policy."""
    loop = asyncio.new_event_loop()
    try:
        jobs = traffic(workers, load, flood=flood)
        return [_simulate(name, workers, jobs.jobs(workflows(), seed), policy) for name, policy in policies(workers, loop).items()]
    finally:
        loop.close()


def _simulate(name: str, workers: int, jobs: Sequence[Job], policy: Policy) -> Result:
    chance, known = random.Random(3), workflows()
    weights = [1 / rank for rank in range(1, len(known) + 1)]
    fleet = Fleet([Worker(number, chance.choices(known, weights)[0].name if chance.random() < WARM else "") for number in range(workers)])
    end = fleet.run(jobs, policy)
    return Result(name, fleet.ended, fleet.workers, end)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that so much of the values is at most."""
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def jain(jobs: Sequence[Job]) -> float:
    """Return Jain's index of what keys got beside what was theirs (1: all of them got theirs), the mean over the minutes in which not
    all could have what they wanted.

    Theirs is the max-min fair share: what a key wanted, or an even share of what those did not want who wanted less.
    """
    wanted: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    got: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for job in jobs:
        for minute in range(int(job.queued_at // WINDOW), int(job.claimed_at // WINDOW) + 1):
            wanted[minute][job.key] += job.workflow.run
        got[int(job.claimed_at // WINDOW)][job.key] += job.workflow.run
    scarce = [minute for minute, wants in wanted.items() if 0 < sum(got[minute].values()) < 0.99 * sum(wants.values())]
    return sum(_index(got[minute], wanted[minute]) for minute in scarce) / len(scarce) if scarce else 1.0


def _index(got: dict[str, float], wanted: dict[str, float]) -> float:
    shares = max_min(wanted, sum(got.values()))
    ratios = [got.get(key, 0.0) / share for key, share in shares.items()]
    return sum(ratios) ** 2 / (len(ratios) * sum(ratio**2 for ratio in ratios))


def max_min(wanted: dict[str, float], total: float) -> dict[str, float]:
    """Return how much each gets when nobody gets more than wanted, and nobody could get more without one who has less getting less."""
    shares: dict[str, float] = {}
    for place, key in enumerate(sorted(wanted, key=lambda key: wanted[key])):
        shares[key] = min(wanted[key], total / (len(wanted) - place))
        total -= shares[key]
    return shares


def decision(lanes: int, waiters: int, runs: int = 5) -> float:
    """Return the seconds that one decision takes, the best of some."""
    chance, now = random.Random(1), 1e6
    loop = asyncio.new_event_loop()
    models = [f"m{number}" for number in range(WORKFLOWS)]
    waiting = [
        Waiter(Claimer(f"w{number}", warm=frozenset({chance.choice(models)})), number, loop.create_future()) for number in range(waiters)
    ]
    queue = [
        Lane("default", chance.choice((0, 1, 1, 2)), f"k{number % 50}", f"{chance.choice(models)}+{number}", now - 300 * chance.random())
        for number in range(lanes)
    ]
    shares = Shares({f"k{number}": chance.randrange(20) for number in range(50)}, {f"k{number}": now - number for number in range(50)})
    loop.close()
    return min(_timed(lambda: Choice(waiting, shares, now).pick(queue)) for _ in range(runs))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(workers: int) -> tuple[list[Result], dict[int, list[tuple[float, float]]]]:
    """Print the comparison and the cost of decisions, and return both."""
    flooded = f"one key sends {FLOOD * workers:,} jobs within a minute"
    print(f"{workers:,} workers, {WORKFLOWS} workflows, {SECONDS:g} s at a load of {LOAD:g}, bursts of 4 times as much; {flooded}")
    results = simulate(workers, LOAD)
    for result in results:
        waits, others = result.waits(), result.waits(flood=False)
        print(
            f"{result.policy:>12}: wait p50 {percentile(waits, 0.5):6.1f} s, p95 {percentile(waits, 0.95):6.1f} s, "
            f"p99 {percentile(waits, 0.99):6.1f} s; the others' p95 {percentile(others, 0.95):6.1f} s; "
            f"{result.loads:,} model loads for {len(waits):,} jobs; utilisation {result.utilisation:.2f}; fairness {jain(result.jobs):.2f}"
        )
    ours, fifo = (next(result for result in results if result.policy == name) for name in ("viewcomfy", "fifo"))
    print(f"p95 wait: {percentile(ours.waits(), 0.95) / percentile(fifo.waits(), 0.95):.2f} of first in, first out")
    costs: dict[int, list[tuple[float, float]]] = {
        waiters: [(lanes, decision(lanes, waiters)) for lanes in (10, 100, 600, 2000, 5000)] for waiters in (1, 100, 1000)
    }
    for waiters, points in costs.items():
        print(
            f"a decision among {waiters:,} waiting workers: "
            + ", ".join(f"{cost * 1000:.1f} ms ({lanes:,} lanes)" for lanes, cost in points)
        )
    return results, costs


def by_load(workers: int, seeds: Sequence[int] = (1, 2, 3)) -> dict[str, list[tuple[float, float]]]:
    """Return the 95th percentile of the waits by policy, for loads from little to too much; nobody floods the queue."""
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for load in (0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6):
        waits: dict[str, float] = defaultdict(float)
        for seed in seeds:
            for result in simulate(workers, load, flood=0, seed=seed):
                waits[result.policy] += percentile(result.waits(), 0.95) / len(seeds)
        for name, wait in waits.items():
            curves[name].append((load, wait))
    return curves
