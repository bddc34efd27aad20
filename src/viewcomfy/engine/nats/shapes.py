"""Shapes: what travels between workers and the leader as JSON's values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from viewcomfy.core.errors import BadInput
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest, Upload
from viewcomfy.core.outputs import Output
from viewcomfy.engine.base import Claimer, Lease, Ticket

T = TypeVar("T")
Json = Mapping[str, Any]


def of_claimer(claimer: Claimer) -> dict[str, Any]:
    """Return who asks for a job as JSON's values."""
    return asdict(claimer) | {"warm": sorted(claimer.warm), "unfit": sorted(claimer.unfit)}


def claimer_of(body: Json, pool: str) -> Claimer:
    """Return who asks for a job of a pool."""
    names = {"warm": frozenset(body.get("warm") or ()), "unfit": frozenset(body.get("unfit") or ())}
    return _made(Claimer, {**body, **names, "pool": pool})


def of_lease(lease: Lease) -> dict[str, Any]:
    """Return a lease as JSON's values."""
    return asdict(lease)


def lease_of(body: Json, pool: str) -> Lease:
    """Return a lease of a job of a pool."""
    return _made(Lease, {**body, "pool": pool})


def of_ticket(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket as JSON's values."""
    return asdict(ticket)


def ticket_of(body: Json) -> Ticket:
    """Return a ticket."""
    return _made(Ticket, body)


def of_error(error: JobError) -> dict[str, Any]:
    """Return why a job failed as JSON's values."""
    return error.as_dict()


def error_of(body: Json | None) -> JobError | None:
    """Return why a job failed, if it did."""
    return None if body is None else _made(JobError, body)


def of_manifest(manifest: Manifest) -> dict[str, Any]:
    """Return what an attempt made as JSON's values."""
    return asdict(manifest) | {"error": None if manifest.error is None else manifest.error.as_dict()}


def manifest_of(body: Json) -> Manifest:
    """Return what an attempt made."""
    return _made(Manifest, {**body, **_parts_of(body)})


def of_job(job: Job) -> dict[str, Any]:
    """Return a job with its workflow as JSON's values."""
    return asdict(job) | {"error": None if job.error is None else job.error.as_dict()}


def job_of(body: Json) -> Job:
    """Return a job with its workflow."""
    uploads = tuple(_made(Upload, upload) for upload in body.get("uploads") or ())
    return _made(Job, {**body, **_parts_of(body), "uploads": uploads})


def _parts_of(body: Json) -> dict[str, Any]:
    outputs = tuple(_made(Output, output) for output in body.get("outputs") or ())
    return {"status": JobStatus(body["status"]), "outputs": outputs, "error": error_of(body.get("error"))}


def _made(cls: type[T], values: Json) -> T:
    """Return an object of the values that its class knows: a newer version may send more of them."""
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]  # every class that comes here is a dataclass
    try:
        return cls(**{name: value for name, value in values.items() if name in known})
    except (TypeError, ValueError, KeyError) as fault:
        raise BadInput(f"What came over NATS is no {cls.__name__}: {fault}.") from fault
