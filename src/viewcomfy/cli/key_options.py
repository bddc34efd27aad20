"""The options that bound a key or a share link."""

from __future__ import annotations

import time
from typing import Annotated, TypedDict

import typer

from viewcomfy.core.durations import DAY

ExpiresDays = Annotated[float | None, typer.Option("--expires-days", metavar="DAYS", help="Refuse it after so many days.", min=0.0)]
MaxActive = Annotated[int | None, typer.Option("--max-active", metavar="N", help="At most so many jobs waiting or running at once.", min=1)]
MaxRunning = Annotated[
    int | None, typer.Option("--max-running", metavar="N", help="At most so many jobs running at once; the rest of them waits.", min=1)
]
MaxPerDay = Annotated[int | None, typer.Option("--max-per-day", metavar="N", help="At most so many jobs in 24 hours.", min=1)]


class Bounds(TypedDict):
    """What bounds a key or a share link, as the client's methods take it."""

    expires_at: float | None
    max_active: int | None
    max_per_day: int | None
    max_running: int | None


def bounds(expires_days: float | None, max_active: int | None, max_per_day: int | None, max_running: int | None) -> Bounds:
    """Return what the options say."""
    expires_at = None if expires_days is None else time.time() + expires_days * DAY
    return {"expires_at": expires_at, "max_active": max_active, "max_per_day": max_per_day, "max_running": max_running}
