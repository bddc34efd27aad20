"""The plan of one look at a fleet: how many workers to start, which to drain, which to stop; a pure function."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from viewcomfy.fleet.base import Instance
from viewcomfy.wire.workers import WorkerOut


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now. `drain` names workers that get no more jobs; `emptied` are instances whose workers drain and run nothing."""

    start: int = 0
    drain: tuple[WorkerOut, ...] = ()
    emptied: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """The instances of a provider and the workers of a pool, as they stand.

    A worker belongs to the instance that its facts name; one that belongs to none was started by somebody else, and is left alone.
    """

    instances: Sequence[Instance]
    workers: Sequence[WorkerOut]

    def worker_of(self, instance: Instance) -> WorkerOut | None:
        """Return the worker of an instance; None while it has not told of itself."""
        return next((worker for worker in self.workers if worker.facts.get("instance") == instance.id), None)

    def others(self) -> Iterable[WorkerOut]:
        """Yield the workers that somebody else has started."""
        ours = {instance.id for instance in self.instances}
        return (worker for worker in self.workers if worker.facts.get("instance") not in ours)


def plan(fleet: Fleet, wanted: int, maximum: int) -> Plan:
    """Return what makes the fleet as large as wanted.

    Only idle workers are drained, so that a scale-down touches no job; those that somebody else has started count as well. Never are
    more than `maximum` instances there at once, so that one which still ends has its GPU to itself.
    """
    known = [(instance, fleet.worker_of(instance)) for instance in fleet.instances]
    staying = [(instance, worker) for instance, worker in known if not _leaves(instance, worker)]
    leaving = [(instance, worker) for instance, worker in known if _leaves(instance, worker)]
    # a worker that leaves counts while it runs a job: so does the number that is wanted
    count = len(staying) + sum(is_busy(worker) for _, worker in leaving if worker) + sum(map(_counts, fleet.others()))
    starting = sum(worker is None for _, worker in staying)  # nobody who is there goes for the sake of one that is still to come
    idle = [(instance, worker) for instance, worker in staying if worker is not None and not is_busy(worker)]
    idle.sort(key=lambda pair: (any(backend.warm for backend in pair[1].backends), -pair[0].started_at))
    return Plan(
        start=max(0, min(wanted - count, maximum - len(known))),
        drain=tuple(worker for _, worker in idle[: max(0, count - starting - wanted)]),
        emptied=tuple(instance for instance, worker in leaving if worker and not instance.stopping and not is_busy(worker)),
    )


def plan_end(fleet: Fleet) -> Plan:
    """Return what ends a fleet: every worker drained, busy ones too, and those that are not there yet stopped."""
    known = [(instance, fleet.worker_of(instance)) for instance in fleet.instances]
    return Plan(
        drain=tuple(worker for instance, worker in known if worker and not _leaves(instance, worker)),
        emptied=tuple(
            instance
            for instance, worker in known
            if not instance.stopping and (not worker or (_leaves(instance, worker) and not is_busy(worker)))
        ),
    )


def never_came(fleet: Fleet, seen: Collection[str], now: float, patience: float) -> list[Instance]:
    """Return the instances that had that many seconds to tell of themselves and never did; `seen` are those that did once."""
    late = [instance for instance in fleet.instances if now - instance.started_at > patience and not instance.stopping]
    return [instance for instance in late if instance.id not in seen and fleet.worker_of(instance) is None]


def is_busy(worker: WorkerOut) -> bool:
    """Tell whether a worker runs jobs."""
    return any(backend.prompt_ids for backend in worker.backends)


def _counts(worker: WorkerOut) -> bool:
    return is_busy(worker) or not _drains(worker)


def _drains(worker: WorkerOut) -> bool:
    return bool(worker.facts.get("stopping")) or all(backend.draining for backend in worker.backends)


def _leaves(instance: Instance, worker: WorkerOut | None) -> bool:
    return instance.stopping or (worker is not None and _drains(worker))
