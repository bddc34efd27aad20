"""The rules of batches that the sync and the async client share: what is sent, and how to wait for many jobs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from viewcomfy.client._core import is_passing
from viewcomfy.client._form import FilePart, apart, in_text, json_text
from viewcomfy.core.errors import BadInput, InternalError, InvalidParams, StillRunning, ViewComfyError
from viewcomfy.wire.batches import BatchDetail, BatchJobOut

POLL_FIRST, POLL_MOST, POLL_SHARE = 0.2, 5.0, 0.1
"""Between two polls: seconds at least, seconds at most, and between these so much of the time that was waited already."""
MADE_SECONDS = 300.0
"""How long the server may be silent while it makes a zip or a contact sheet."""

Items = Iterable[Mapping[str, Any]]
Grid = Mapping[str, Iterable[Any]]


def batch_body(
    items: Items | None, grid: Grid | None, inputs: Mapping[str, Any] | None, batch_id: str | None
) -> tuple[dict[str, Any], tuple[FilePart, ...]]:
    """Return the body of a batch, and the files that all its jobs share; raise BadInput and its kin.

    Files in `inputs` are those parts; files in a list or a grid go as data URLs in the body.
    """
    if (items is None) == (grid is None):
        raise BadInput("A batch has either a list or a grid.", hint='For example batch([{"seed": 1}, {"seed": 2}]).')
    values, files = apart(inputs or {})
    json_text(values)
    jobs = {"list": [_item(item) for item in _many(items, "list")]} if items is not None else {"grid": _grid(grid)}
    body = {**jobs, "batch_id": batch_id or str(uuid.uuid4())}
    return {**body, "inputs": values} if values else body, files


def _item(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise InvalidParams(f"A batch's list holds a dict for each job, not {item!r:.80}.")
    written = {name: in_text(name, value) for name, value in item.items()}
    json_text(written)
    return written


def _grid(grid: Any) -> dict[str, list[Any]]:
    if not isinstance(grid, Mapping):
        raise InvalidParams("A batch's grid is a dict of inputs with the values of each.")
    written = {name: [in_text(name, value) for value in _many(values, name)] for name, values in grid.items()}
    json_text(written)
    return written


def _many(values: Any, name: str) -> list[Any]:
    # a text and a dict are iterable too, but whoever gives one meant one value
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable) or hasattr(values, "read"):
        raise InvalidParams(f"{name!r} of a batch must be a list, not {values!r:.80}.")
    return list(values)


class Waiting:
    """Where the waiting for one batch stands; the clients act, this decides.

    A client goes round: a poll, then a `pause`, until `done`. `batch` is what the last poll saw.
    """

    def __init__(
        self, batch_id: str, lost: float, now: float, *, timeout: float | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        self.batch: BatchDetail | None = None
        self._batch_id = batch_id
        self._lost = lost
        self._began = self._contact = now
        self._timeout = timeout
        self._chance = chance
        self._told: set[str] = set()

    @property
    def done(self) -> bool:
        """Tell whether every job has ended."""
        return self.batch is not None and all(job.status.is_final for job in self.batch.jobs)

    def polled(self, batch: BatchDetail, now: float) -> list[BatchJobOut]:
        """Take in what a poll saw; return the jobs that have ended since the one before."""
        self.batch, self._contact = batch, now
        ended = [job for job in batch.jobs if job.status.is_final and job.prompt_id not in self._told]
        self._told.update(job.prompt_id for job in ended)
        return ended

    def unanswered(self, error: ViewComfyError, now: float) -> None:
        """Bear a poll that failed; raise its error when it is no passing one or when patience ends."""
        if not (is_passing(error) or isinstance(error, InternalError)) or now - self._contact > self._lost:
            raise error

    def pause(self, now: float) -> float:
        """Return the seconds until the next poll; raise StillRunning when time is up."""
        left = float("inf") if self._timeout is None else self._began + self._timeout - now
        if left <= 0:
            raise StillRunning(
                f"Batch {self._batch_id} has not ended within {self._timeout:g} s; it goes on.",
                hint=f"batch({self._batch_id!r}).wait() waits on, batch({self._batch_id!r}).cancel() ends it.",
                details={"batch_id": self._batch_id},
            )
        pause = min(POLL_MOST, max(POLL_FIRST, POLL_SHARE * (now - self._began)))
        return min(left, pause * (0.5 + self._chance() / 2))
