"""Usage is what many jobs come to: how many, how they ended, how long they took; added up job by job, in little memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

from viewcomfy.core.durations import DAY, HOUR
from viewcomfy.core.errors import BadInput
from viewcomfy.core.keys import VISITOR_MARK
from viewcomfy.core.spread import Percentiles, Spread, cell_of

AUTO_HOURS = 4 * DAY
"""Up to so many seconds, `auto` means hours."""
MAX_BUCKETS = 1000
FINAL = ("succeeded", "failed", "canceled")
Key = TypeVar("Key", str, tuple[int, str])


class BucketSize(StrEnum):
    """How long a bucket is."""

    HOUR = "hour"
    DAY = "day"
    AUTO = "auto"


class Grouping(StrEnum):
    """What jobs are told apart by."""

    NONE = "none"
    DEPLOYMENT = "deployment"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is looked at, from `since` (included) to `until` (excluded), in buckets of so many seconds that count from `since`."""

    since: float
    until: float
    bucket_seconds: int

    @classmethod
    def of(cls, since: float | None, until: float | None, size: BucketSize, *, now: float) -> Window:
        """Return what was asked for; by default the last 24 hours, from a full hour on. Raises BadInput."""
        until = now if until is None else until
        since = (until - DAY) // HOUR * HOUR if since is None else since
        if not since < until:
            raise BadInput("`since` must be before `until`.", hint="Both are Unix times in seconds.")
        # an hour more, because a window that ends now rarely begins on a full hour
        by_hour = size is BucketSize.HOUR or (size is BucketSize.AUTO and until - since <= AUTO_HOURS + HOUR)
        seconds = HOUR if by_hour else DAY
        if (until - since) / seconds > MAX_BUCKETS:
            raise BadInput(f"That would be more than {MAX_BUCKETS:,} buckets.", hint="Ask for days, or for a shorter time.")
        return cls(since, until, seconds)


class UsageRow(NamedTuple):
    """What usage needs of a job. Times are Unix seconds, `execution_time` and `cold_start` seconds; `error_code` is of one that failed."""

    created_at: float
    started_at: float | None
    finished_at: float | None
    execution_time: float | None
    cold_start: float | None
    status: str
    deployment: str
    key_id: str
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What some jobs come to. Those that have not ended count in `jobs` only; percentiles are None where no job has such a time.

    `queue` is from accepted to claimed, `run` what ComfyUI took, `total` from accepted to finished; the last two are of
    jobs that succeeded: what breaks off early would make the rest look fast.
    """

    jobs: int
    succeeded: int
    failed: int
    canceled: int
    gpu_seconds: float
    cold_starts: int
    queue: Percentiles | None
    cold_start: Percentiles | None
    run: Percentiles | None
    total: Percentiles | None


class Ledger:
    """Adds jobs up over time and by group; what it has come to is asked for piece by piece, because it may be much."""

    def __init__(self, window: Window, by: Grouping) -> None:
        self.window = window
        self.by = by
        self._all = _Tally()
        self._groups: dict[str, _Tally] = {}
        self._buckets: dict[tuple[int, str], _Tally] = {}
        self._errors: Counter[str] = Counter()

    def add(self, rows: Iterable[UsageRow]) -> None:
        """Count jobs; those outside the window are passed over."""
        since, until, seconds = self.window.since, self.window.until, self.window.bucket_seconds
        for row in rows:
            if not since <= row.created_at < until:
                continue
            group = self._group(row)
            tallies = [self._all, _found(self._buckets, (int((row.created_at - since) // seconds), group))]
            if group:
                tallies.append(_found(self._groups, group))
            _count(row, tallies)
            if row.error_code is not None:
                self._errors[row.error_code] += 1

    def figures(self) -> Figures:
        """Return what all jobs come to."""
        return self._all.figures()

    def buckets(self) -> Iterator[tuple[float, str, Figures]]:
        """Yield when each bucket that has jobs begins, its group ("" without groups) and its figures, in the order of time."""
        for number, group in sorted(self._buckets):
            yield self.window.since + number * self.window.bucket_seconds, group, self._buckets[number, group].figures()

    def groups(self) -> Iterator[tuple[str, Figures]]:
        """Yield the groups with their figures, the one with the most jobs first."""
        for group in sorted(self._groups, key=lambda name: (-self._groups[name].jobs, name)):
            yield group, self._groups[group].figures()

    def errors(self) -> list[tuple[str, int]]:
        """Return the codes that jobs failed with and how many did, the most frequent first."""
        return sorted(self._errors.items(), key=lambda item: (-item[1], item[0]))

    def _group(self, row: UsageRow) -> str:
        if self.by is Grouping.NONE:
            return ""
        return row.deployment if self.by is Grouping.DEPLOYMENT else row.key_id.partition(VISITOR_MARK)[0]


class _Tally:
    """Figures in the making."""

    __slots__ = ("cold_start", "cold_starts", "ended", "gpu_seconds", "jobs", "queue", "run", "total")

    def __init__(self) -> None:
        self.jobs = 0
        self.ended = dict.fromkeys(FINAL, 0)
        self.gpu_seconds = 0.0
        self.cold_starts = 0
        self.queue, self.cold_start, self.run, self.total = Spread(), Spread(), Spread(), Spread()

    def figures(self) -> Figures:
        return Figures(
            jobs=self.jobs,
            succeeded=self.ended["succeeded"],
            failed=self.ended["failed"],
            canceled=self.ended["canceled"],
            gpu_seconds=round(self.gpu_seconds, 3),
            cold_starts=self.cold_starts,
            queue=self.queue.percentiles(),
            cold_start=self.cold_start.percentiles(),
            run=self.run.percentiles(),
            total=self.total.percentiles(),
        )


def _found(tallies: dict[Key, _Tally], key: Key) -> _Tally:
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = _Tally()
    return tally


def _count(row: UsageRow, tallies: Sequence[_Tally]) -> None:
    """Count a job in each of the tallies."""
    if row.finished_at is None:
        for tally in tallies:
            tally.jobs += 1
        return
    ran = row.execution_time or 0.0
    queue = None if row.started_at is None else cell_of(row.started_at - row.created_at)
    cold = None if row.cold_start is None else cell_of(row.cold_start)
    whole = (cell_of(ran), cell_of(row.finished_at - row.created_at)) if row.status == "succeeded" else None
    for tally in tallies:
        tally.jobs += 1
        tally.ended[row.status] += 1
        tally.gpu_seconds += ran
        if queue is not None:
            tally.queue.add(queue)
        if cold is not None:
            tally.cold_starts += 1
            tally.cold_start.add(cold)
        if whole is not None:
            tally.run.add(whole[0])
            tally.total.add(whole[1])
