"""Who runs what: one pure function, the same for every engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

AGEING = 60.0
"""A lane gains one priority level for each so many seconds that its oldest job has waited."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs that are alike to the scheduler. `oldest` is the Unix time at which its first job was queued; priority 0 is the first to go."""

    pool: str
    priority: int
    key_id: str
    affinity: str
    oldest: float


def order(lanes: Iterable[Lane], running_by_key: Mapping[str, int], warm: Collection[str], now: float) -> list[Lane]:
    """Return the lanes, best first: priority with ageing, then the key with the fewest running, then warm models, then the oldest."""

    def rank(lane: Lane) -> tuple[int, int, bool, float]:
        aged = lane.priority - int(max(0.0, now - lane.oldest) / AGEING)
        return aged, running_by_key.get(lane.key_id, 0), bool(lane.affinity) and lane.affinity not in warm, lane.oldest

    return sorted(lanes, key=rank)
