"""Who runs what: one pure function, the same for every engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

AGEING = 60.0
"""A lane gains one priority level for each so many seconds that its oldest job has waited."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs that are alike to the scheduler.

    `oldest` is the Unix time at which its first job was queued; priority 0 is the first to go. `affinity` names what the jobs need of a
    backend: the models, then after a `+` the node classes.
    """

    pool: str
    priority: int
    key_id: str
    affinity: str
    oldest: float


@dataclass(frozen=True, slots=True)
class Shares:
    """What keys have had: how many jobs of each run now, and a number that grows with each claim, as it was at the key's last one."""

    running: Mapping[str, int] = field(default_factory=dict)
    served: Mapping[str, int] = field(default_factory=dict)


def models_of(affinity: str) -> str:
    """Return the part of an affinity that names the models; empty where none are needed."""
    return affinity.partition("+")[0]


def is_cold(affinity: str, warm: Collection[str]) -> bool:
    """Tell whether models must be loaded first, where `warm` names those that are."""
    models = models_of(affinity)
    return bool(models) and models not in warm


def order(lanes: Iterable[Lane], shares: Shares, warm: Collection[str], now: float) -> list[Lane]:
    """Return the lanes, best first.

    Priority with ageing, then the key with the fewest running, then the key that was served longest ago, then warm models, then the
    oldest.
    """

    def rank(lane: Lane) -> tuple[int, int, int, bool, float]:
        aged = lane.priority - int(max(0.0, now - lane.oldest) / AGEING)
        return aged, shares.running.get(lane.key_id, 0), shares.served.get(lane.key_id, 0), is_cold(lane.affinity, warm), lane.oldest

    return sorted(lanes, key=rank)
