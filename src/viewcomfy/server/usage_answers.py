"""Usage as JSON and as a table; made piece by piece, so that others are served meanwhile."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, astuple, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from viewcomfy.core.spread import Percentiles
from viewcomfy.core.usage import Figures, Ledger

T = TypeVar("T")

STEP = 0.01
"""Seconds after which others get their turn."""
_TIMES = ("queue", "cold_start", "run", "total")
_COUNTS = tuple(field.name for field in fields(Figures) if field.name not in _TIMES)
_PARTS = tuple(field.name for field in fields(Percentiles))
_encode = json.JSONEncoder(separators=(",", ":")).encode


async def usage_json(usage: Ledger) -> str:
    """Return the JSON of `wire.usage.UsageOut`."""
    window = usage.window
    head = {"since": window.since, "until": window.until, "bucket_seconds": window.bucket_seconds, "all": asdict(usage.figures())}
    buckets = [_encode({"at": at, "group": group, **asdict(figures)}) async for at, group, figures in _in_turns(usage.buckets())]
    groups = [_encode({"group": group, **asdict(figures)}) async for group, figures in _in_turns(usage.groups())]
    errors = [_encode({"code": code, "jobs": count}) for code, count in usage.errors()]
    lists = {"buckets": buckets, "groups": groups, "errors": errors}
    return _encode(head)[:-1] + "".join(f',"{name}":[{",".join(items)}]' for name, items in lists.items()) + "}"


async def usage_csv(usage: Ledger) -> str:
    """Return a table with a row for each bucket and group; times are in ISO 8601, in UTC."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["at", "group", *_COUNTS, *(f"{name}_{part}" for name in _TIMES for part in _PARTS)])
    async for at, group, figures in _in_turns(usage.buckets()):
        table.writerow([datetime.fromtimestamp(at, UTC).isoformat(), group, *_cells(figures)])
    return out.getvalue()


def _cells(figures: Figures) -> list[Any]:
    counts = [getattr(figures, name) for name in _COUNTS]
    times = [getattr(figures, name) for name in _TIMES]
    return counts + [cell for one in times for cell in (astuple(one) if one else ("",) * len(_PARTS))]


async def _in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items, with a pause for others now and then."""
    since = time.monotonic()
    for item in items:
        yield item
        if time.monotonic() - since > STEP:
            await asyncio.sleep(0)
            since = time.monotonic()
