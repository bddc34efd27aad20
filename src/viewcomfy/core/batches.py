"""A batch is many jobs of one deployment that were asked for at once: a list of params, or a grid over inputs."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from viewcomfy.core.errors import BadInput
from viewcomfy.core.jobs import JobStatus

LIMIT = 1000
"""Jobs in one batch, where the caller of `plan` says nothing else."""
MAX_LABEL = 40
"""The longest that one value gets in a label, in characters."""
HINT = (
    'Send {"list": [{"seed": 1}, {"seed": 2}]} or {"grid": {"prompt": ["a", "b"], "seed": [1, 2]}}, '
    'with "inputs" for what all jobs have in common.'
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of a grid: the input that varies, and what to write beside each of its values."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One job to be: what is sent for it, and what tells it from the others."""

    params: dict[str, Any]
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs of a batch in their order, the last axis varying fastest; a list has no axes."""

    cells: tuple[Cell, ...]
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """One accepted batch. `prompt_ids` and `labels` are in the plan's order; times are Unix seconds, `canceled_at` None if it never was."""

    batch_id: str
    deployment: str
    version: int
    key_id: str
    created_at: float
    total: int
    prompt_ids: tuple[str, ...]
    labels: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    canceled_at: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many jobs of a batch stand where; `done` are those that nothing can happen to any more."""

    queued: int
    running: int
    succeeded: int
    failed: int
    canceled: int
    total: int
    done: int

    @property
    def is_done(self) -> bool:
        """Tell whether every job has ended."""
        return self.done == self.total

    def as_dict(self) -> dict[str, int]:
        """Return it as JSON."""
        return asdict(self)


def plan(spec: Any, *, limit: int = LIMIT) -> Plan:
    """Return the jobs that a batch asks for; raise BadInput for one that is malformed, empty or over `limit` jobs.

    `spec` is JSON: `{"list": [params, …]}` or `{"grid": {input: [value, …], …}}`, both with optional `"inputs"`, params
    that all jobs have in common (in a list, a job's own go first).
    """
    if not isinstance(spec, Mapping):
        raise BadInput("A batch must be a JSON object.", hint=HINT)
    unknown = [str(name) for name in spec if name not in ("list", "grid", "inputs")]
    if unknown:
        raise BadInput(f"A batch has no field {unknown[0][:80]!r}.", hint=HINT)
    if ("list" in spec) == ("grid" in spec):
        raise BadInput("A batch has either a 'list' or a 'grid'.", hint=HINT)
    common = spec.get("inputs", {})
    if not isinstance(common, Mapping):
        raise BadInput("'inputs' of a batch must be an object.", hint=HINT)
    return _plan_list(spec["list"], common, limit) if "list" in spec else _plan_grid(spec["grid"], common, limit)


def progress(statuses: Iterable[JobStatus]) -> Progress:
    """Count the jobs of a batch by where they stand."""
    counts = Counter(JobStatus(status) for status in statuses)
    done = sum(count for status, count in counts.items() if status.is_final)
    return Progress(**{status.value: counts[status] for status in JobStatus}, total=counts.total(), done=done)


def _plan_list(items: Any, common: Mapping[str, Any], limit: int) -> Plan:
    if not isinstance(items, list) or not items:
        raise BadInput("'list' of a batch must be a list with at least one object of params.", hint=HINT)
    _check_count(len(items), limit, f"The list has {len(items):,} jobs")
    problems = [
        {"input": f"list[{place}]", "message": f"list[{place}] must be an object of params."}
        for place, item in enumerate(items)
        if not isinstance(item, Mapping)
    ]
    if problems:
        raise BadInput(problems[0]["message"], hint=HINT, problems=problems[:100])
    varying = _varying(items)
    return Plan(
        tuple(
            Cell({**common, **item}, _label({name: item[name] for name in varying if name in item}) or f"#{number}")
            for number, item in enumerate(items, start=1)
        )
    )


def _varying(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names whose values are not the same in every item, in the order in which they first appear."""
    first = {name: _same(value) for name, value in items[0].items()}
    differing = {name: None for item in items for name in (*item, *first) if name not in item or first.get(name) != _same(item[name])}
    return list(differing)


def _same(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _plan_grid(grid: Any, common: Mapping[str, Any], limit: int) -> Plan:
    if not isinstance(grid, Mapping) or not grid:
        raise BadInput("'grid' of a batch must be an object of inputs with lists of values.", hint=HINT)
    problems = [problem for name, values in grid.items() if (problem := _axis_problem(name, values, common))]
    if problems:
        raise BadInput(problems[0]["message"], hint=HINT, problems=problems[:100])
    sizes = [len(values) for values in grid.values()]
    shown = " × ".join(map(str, sizes[:8])) + (" × …" if len(sizes) > 8 else "")
    _check_count(math.prod(sizes), limit, f"The grid has {shown} jobs")
    axes = tuple(Axis(name, tuple(_shown(value) for value in values)) for name, values in grid.items())
    varying = [name for name, values in grid.items() if len(values) > 1]
    cells = []
    for number, combination in enumerate(itertools.product(*grid.values()), start=1):
        point = dict(zip(grid, combination, strict=True))
        cells.append(Cell({**common, **point}, _label({name: point[name] for name in varying}) or f"#{number}"))
    return Plan(tuple(cells), axes)


def _axis_problem(name: str, values: Any, common: Mapping[str, Any]) -> dict[str, Any] | None:
    fault = None
    if not isinstance(values, list):
        fault = "must be a list of values"
    elif not values:
        fault = "has no values"
    elif name in common:
        fault = "is in 'inputs' too; leave it out of one of them"
    return {"input": name, "message": f"{name[:80]!r} in the grid {fault}."} if fault else None


def _check_count(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise BadInput(f"{what}; {limit:,} is the most in one batch.", hint="Send it as several batches.")


def _label(values: Mapping[str, Any]) -> str:
    return " · ".join(f"{_shown(name)}={_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    """Return a value as people read it, on one line and short."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if text.startswith("data:"):  # a file in text: its kind is all that can be read of it
        text = text[:MAX_LABEL].partition(",")[0].partition(";")[0] + "…"
    text = " ".join(text[: MAX_LABEL * 4].split())
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1].rstrip() + "…"
