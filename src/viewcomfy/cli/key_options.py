"""The options that bound a key or a share link, and the request that they make."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from viewcomfy.client.client import Client

    Answer = TypeVar("Answer", bound=BaseModel)

DAY = 86_400.0

ExpiresDays = Annotated[float | None, typer.Option("--expires-days", metavar="DAYS", help="Refuse it after so many days.", min=0.0)]
MaxActive = Annotated[int | None, typer.Option("--max-active", metavar="N", help="At most so many jobs waiting or running at once.", min=1)]
MaxPerDay = Annotated[int | None, typer.Option("--max-per-day", metavar="N", help="At most so many jobs in 24 hours.", min=1)]


def bounds(expires_days: float | None, max_active: int | None, max_per_day: int | None) -> dict[str, Any]:
    """Return what the options say as fields of a request."""
    expires_at = None if expires_days is None else time.time() + expires_days * DAY
    return {"expires_at": expires_at, "max_active": max_active, "max_per_day": max_per_day}


def post(client: Client, path: str, body: dict[str, Any], answer: type[Answer]) -> Answer:
    """Send a request of the admin's that makes something."""
    from viewcomfy.client._core import Call

    call = Call(method="POST", path=path, json=body, admin=True, repeatable=False, read=answer.model_validate)
    return client._http.call(client._base, call)  # the commands' own way of sending what the client has no method for
