"""Who runs what: one pure policy, the same for every engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge

from viewcomfy.core.keys import client_of

AGEING = 60.0
"""Seconds of being passed over that make up for one level of priority."""

MEMORY = 60.0
"""Seconds after which a job that was given out counts for its key a third of what it did at first."""

URGENT, NORMAL, LOW = 0, 1, 2
"""The levels of priority."""

Kind = tuple[int, str, str]
"""What the jobs of a lane have in common: priority, key and affinity."""

Turn = tuple[int, int]
"""What comes before warm models, the smallest first: the aged level, and by how much the key has had more than its share."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs that are alike to the scheduler.

    `oldest` is the Unix time at which its first job was queued; priority 0 is the first to go. `affinity` names what the jobs need of a
    backend: the models, then after a `+` the node classes, then, if they were said, after an `@` the GiB of memory and after a `~` the
    environment.
    """

    pool: str
    priority: int
    key_id: str
    affinity: str
    oldest: float

    @property
    def kind(self) -> Kind:
        """What tells it from the other lanes of its pool."""
        return self.priority, self.key_id, self.affinity


@dataclass(frozen=True, slots=True)
class Shares:
    """What keys have and had.

    `running` is how many jobs run now by the key_id that they are filed under, `recent` how many were given out of late, the older the
    less of each. `served` is the Unix time at which each key_id was last given a job, `passed` the same for each kind of lane; who is in
    neither was never given one. `limits` is how many jobs of a client_id may run at once, its visitors' included (who is not there has no
    limit).
    """

    running: Mapping[str, int] = field(default_factory=dict)
    served: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    passed: Mapping[Kind, float] = field(default_factory=dict)
    recent: Mapping[str, float] = field(default_factory=dict)

    def used(self, key_id: str) -> float:
        """Return how much a key has: its running jobs, and those of late."""
        return self.running.get(key_id, 0) + self.recent.get(key_id, 0.0)

    def full(self) -> frozenset[str]:
        """Return the client_ids of which as many jobs run as may."""
        if not self.limits:
            return frozenset()
        running: Counter[str] = Counter()
        for key_id, count in self.running.items():
            running[client_of(key_id)] += count
        return frozenset(client_id for client_id, limit in self.limits.items() if running[client_id] >= limit)


def models_of(affinity: str) -> str:
    """Return the part of an affinity that names the models; empty where none are needed."""
    return affinity.partition("+")[0]


def memory_of(affinity: str) -> float:
    """Return the GiB of GPU memory that an affinity asks for; 0 where it asks for none."""
    return float(affinity.partition("~")[0].partition("@")[2] or 0.0)


def environment_of(affinity: str) -> str:
    """Return the id of the environment that an affinity names; empty where it names none."""
    return affinity.partition("~")[2]


def serves(wanted: str, environment: str, *, aside: bool) -> bool:
    """Tell whether a backend with an environment takes jobs that want this one, empty for any: one that is `aside` takes no others."""
    return wanted == environment if wanted else not aside


def is_cold(affinity: str, warm: Collection[str]) -> bool:
    """Tell whether models must be loaded first, where `warm` names those that are."""
    models = models_of(affinity)
    return bool(models) and models not in warm


def order(lanes: Iterable[Lane], shares: Shares, warm: Collection[str], now: float) -> list[Lane]:
    """Return the lanes, best first; those of keys that may run no more are left out.

    Priority with ageing; then keys that have had less than their share; then warm models; then the key with the fewest running, the
    key that was served longest ago, and the oldest. Nothing is left to chance: the same lanes always come in the same order.
    """
    return list(Ranking(lanes, shares, now).through(warm))


class Ranking:
    """The lanes of a pool in the order of the policy, but for what is warm: made once, then asked for many backends."""

    def __init__(self, lanes: Iterable[Lane], shares: Shares, now: float) -> None:
        lanes = list(lanes)
        siblings = Counter([lane.key_id for lane in lanes])
        full, steps = shares.full(), _steps(siblings, shares)
        groups: dict[Turn, list[Lane]] = defaultdict(list)
        for lane in lanes:
            if not full or client_of(lane.key_id) not in full:
                groups[_level(lane, shares, siblings[lane.key_id], now), steps[lane.key_id]].append(lane)
        self._groups = [_Group(groups[turn], shares) for turn in sorted(groups)]
        self.held_back = sum(map(len, groups.values())) < len(lanes)
        """Whether there are lanes that wait for nothing but a running job of their key to end."""

    def best(self, warm: Collection[str], ripe: Callable[[Lane], bool]) -> Lane | None:
        """Return the first lane that is ripe, for a backend with these models loaded."""
        return next((lane for lane in self.through(warm) if ripe(lane)), None)

    def through(self, warm: Collection[str]) -> Iterator[Lane]:
        """Yield the lanes, best first, for a backend with these models loaded."""
        for group in self._groups:
            yield from group.through(warm)


class _Group:
    """Lanes whose turn it is alike. They are sorted when they are first looked at, which for most of them is never."""

    def __init__(self, lanes: list[Lane], shares: Shares) -> None:
        self._lanes = lanes
        self._shares = shares
        self._by_models: dict[str, list[Lane]] | None = None

    def through(self, warm: Collection[str]) -> Iterator[Lane]:
        if len(self._lanes) == 1:
            yield self._lanes[0]
            return
        if self._by_models is None:
            self._lanes.sort(key=self._place)
            self._by_models = defaultdict(list)
            for lane in self._lanes:
                self._by_models[models_of(lane.affinity)].append(lane)
        ready = [self._by_models[models] for models in {"", *warm} if models in self._by_models]
        yield from merge(*ready, key=self._place)
        yield from (lane for lane in self._lanes if is_cold(lane.affinity, warm))

    def _place(self, lane: Lane) -> tuple[int, float, float, Kind]:
        return self._shares.running.get(lane.key_id, 0), self._shares.served.get(lane.key_id, 0.0), lane.oldest, lane.kind


def _steps(waiting: Collection[str], shares: Shares) -> dict[str, int]:
    """Return for each key that waits by how much it has had more than an even share, in steps.

    0 is less than half of it, 1 up to double: among those, warm models come first, which saves most of the loading and costs nobody
    more than that half. Each further doubling is a step more.
    """
    used = {key_id: shares.used(key_id) for key_id in {*waiting, *shares.running, *shares.recent}}
    total = sum(used.values())
    if not waiting or not total:
        return dict.fromkeys(waiting, 0)
    even = total / (len(waiting) + sum(1 for key_id, much in used.items() if much >= 1 and key_id not in waiting))
    return {key_id: _step(used[key_id] / even) for key_id in waiting}


def _step(shares_had: float) -> int:
    if shares_had < 0.5:
        return 0
    return max(1, int(shares_had).bit_length())


def _level(lane: Lane, shares: Shares, siblings: int, now: float) -> int:
    """Return the priority of a lane less what it has aged.

    A lane ages while its key is given nothing. It also ages while its key is given something but of other lanes, the slower the more
    of them there are: else a key with many kinds of jobs would get more than one with few, as each of them would grow old.
    Jobs only ever seem as old as the last one of theirs that went: a long queue that moves is no reason to pass others.
    """
    waited = now - max(lane.oldest, shares.served.get(lane.key_id, 0.0))
    if siblings > 1:
        waited = max(waited, (now - max(lane.oldest, shares.passed.get(lane.kind, 0.0))) / siblings)
    return lane.priority - int(max(0.0, waited) / AGEING)
