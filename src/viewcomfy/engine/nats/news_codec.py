"""Events as messages of the stream: several events of a job in one message, each with a number of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.jobs import Job, JobError, JobStatus

PER_MESSAGE = 99
"""How many events go into one message at most."""
_NUMBERS = 100
"""How many seqs belong to a message; the last one is left for an end that is told anew."""

STATUS, NEWS, PREVIEW = "status", "news", "preview"
"""The last tokens of subjects: changes of status, which only servers tell; what workers tell; and what is not kept."""


def encode(prompt_id: str, events: Iterable[Event]) -> bytes:
    """Return the message that carries events of a job."""
    told = [[event.kind.value, event.at, dict(event.data)] for event in events]
    return json.dumps({"job": prompt_id, "events": told}, separators=(",", ":"), ensure_ascii=False).encode()


def decode(subject: str, data: bytes, stream_seq: int) -> list[Event]:
    """Return the events of a message, numbered; what can't be read, or may not be told on this subject, is left out."""
    told = _read(data).get("events")
    if not isinstance(told, list):
        return []
    found = ((index, _event(subject, item, first_seq(stream_seq) + index)) for index, item in enumerate(told[:PER_MESSAGE]))
    return [event for _, event in found if event is not None]


def job_of(data: bytes) -> str:
    """Return the prompt_id of the job that a message is about; empty where it can't be read."""
    return str(_read(data).get("job") or "")


def first_seq(stream_seq: int) -> int:
    """Return the seq of the first event of a message of the stream; 0 for what is not in the stream."""
    return stream_seq * _NUMBERS


def stream_seq(seq: int) -> int:
    """Return the sequence in the stream of the message that carries an event."""
    return seq // _NUMBERS


def end_anew(job: Job, last_seq: int) -> Event:
    """Return the final STATUS event of a job as its row tells it, numbered above the last event that is known."""
    data = status_data(job.status, job.attempt, job.error)
    return Event(EventKind.STATUS, data, job.finished_at or 0.0, last_seq - last_seq % _NUMBERS + _NUMBERS - 1)


def status_data(status: JobStatus, attempt: int, error: JobError | None) -> dict[str, Any]:
    """Return the data of the STATUS event of a change of status."""
    data: dict[str, Any] = {"status": status.value, "attempt": attempt}
    return data if error is None else {**data, "error": error.as_dict()}


def is_end(event: Event) -> bool:
    """Tell whether an event is the final STATUS event of a job."""
    return event.kind is EventKind.STATUS and JobStatus(event.data["status"]).is_final


def _read(data: bytes) -> dict[str, Any]:
    try:
        read = json.loads(data)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _event(subject: str, item: Any, seq: int) -> Event | None:
    try:
        kind, at, data = EventKind(item[0]), float(item[1]), dict(item[2])
        if kind is EventKind.STATUS:
            JobStatus(data["status"])
    except (TypeError, ValueError, LookupError):
        return None
    place = {EventKind.STATUS: STATUS, EventKind.PREVIEW: PREVIEW}.get(kind, NEWS)
    if subject.rpartition(".")[2] != place:
        return None
    return Event(kind, data, at, 0 if kind is EventKind.PREVIEW else seq)
