"""The engine protocol: what every engine does, in memory, on SQLite or over a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from viewcomfy.core.events import Event
from viewcomfy.core.jobs import Job, JobError, JobStatus, Manifest

Answerer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Takes an order and returns the answer to it, both of JSON's values; or raises a ViewComfyError."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the engine needs to know of a job to schedule it; the store holds the rest. `queued_at` is Unix time."""

    prompt_id: str
    queued_at: float
    pool: str = "default"
    priority: int = 1
    key_id: str = ""
    affinity: str = ""


@dataclass(frozen=True, slots=True)
class Claimer:
    """Who asks for a job.

    `warm` are the models that it has loaded, as affinities name them; `unfit` the affinities of jobs that it can't run.
    Among several waiting, the lower `rank` is served first (0: an idle backend; 1: a busy one that would queue the job
    behind a short one; 2: one that must be started).
    `patience` is how many seconds a job must have waited before this claimer may have it, so that a backend is not
    started for a job that a running one is about to take.
    `catalog` is the revision of its backend's catalog (None: not known), `memory` the GiB of its GPU's memory (0: not known).
    `environment` is the id of its backend's environment, if it has one; `aside`: it takes no jobs but those that name it.
    """

    worker: str
    pool: str = "default"
    warm: frozenset[str] = frozenset()
    unfit: frozenset[str] = frozenset()
    rank: int = 0
    patience: float = 0.0
    catalog: str | None = None
    memory: float = 0.0
    environment: str = ""
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job of a pool. `attempt` counts from 1; `expires_at` is Unix time and moves with `extend`.

    It lasts for `seconds` from when it is given or extended.
    """

    prompt_id: str
    attempt: int
    worker: str
    expires_at: float
    pool: str = "default"
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker says of itself for `/api/workers`; `seen_at` is set by the engine."""

    name: str
    pool: str
    backends: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    seen_at: float = 0.0


class Engine(Protocol):
    """The engine. Every method may raise ServerUnavailable; none loses a job that `enqueue` has returned for.

    The engine emits the STATUS event of every change of status itself, and a final STATUS event ends the job's stream.
    """

    @property
    def patience(self) -> float:
        """For how many seconds it may help to repeat a call that has raised ServerUnavailable."""
        raise NotImplementedError

    async def enqueue(self, ticket: Ticket) -> None:
        """Make a stored job available to workers. Calling it again for the same job does nothing."""

    async def claim(self, claimer: Claimer) -> Lease:
        """Wait for a job that this worker may run, and lease it. Cancelling the call never loses a job."""
        raise NotImplementedError

    async def job(self, lease: Lease) -> Job | None:
        """Return the leased job with its workflow; None when it is gone, canceled or somebody else's."""

    async def extend(self, lease: Lease) -> Lease:
        """Renew a lease. Raises StaleLease when the job has been given to somebody else, canceled or finished."""
        raise NotImplementedError

    async def commit(self, lease: Lease, manifest: Manifest) -> None:
        """Finish a job: exactly one commit of a job succeeds. Raises StaleLease for every other one."""

    async def release(self, lease: Lease, error: JobError, *, retry_in: float = 0.0, counts: bool = True) -> JobStatus:
        """Give a job back that could not be run for a reason outside of it.

        It is queued again after `retry_in` seconds, or failed with `error` when its attempts are used up; the status
        is returned. `counts=False` gives the attempt back, as when the worker shuts down. Raises StaleLease.
        """
        raise NotImplementedError

    async def cancel(self, prompt_id: str) -> JobStatus:
        """Cancel a job that has not finished and return its status afterwards; the worker that runs it is told."""
        raise NotImplementedError

    async def canceled(self, lease: Lease) -> None:
        """Return when the leased job is canceled or taken away; wait for ever otherwise."""

    async def emit(self, prompt_id: str, events: Iterable[Event]) -> None:
        """Number the events and carry them to whoever follows the job. Never fails a job."""

    def events(self, prompt_id: str, after_seq: int = 0) -> AsyncIterator[Event]:
        """Follow a job: every kept event with a greater seq, then live ones, until the final STATUS event."""
        raise NotImplementedError

    async def ended(self, prompt_id: str) -> None:
        """Return once the job has its final status; cheaper than `events` for who wants no news. Raises UnknownJob."""

    async def queue_length(self, pool: str | None = None) -> int:
        """Return how many jobs are waiting."""
        raise NotImplementedError

    async def position(self, prompt_id: str) -> int | None:
        """Return how many jobs stand before this one; None when it does not wait."""
        raise NotImplementedError

    async def present(self, info: WorkerInfo) -> None:
        """Tell that a worker is there; it is forgotten some 15 seconds after the last time."""

    async def workers(self, pool: str | None = None) -> list[WorkerInfo]:
        """Return the workers that are there."""
        raise NotImplementedError

    async def ask(self, worker: str, order: Mapping[str, Any], *, patience: float = 10.0) -> Mapping[str, Any]:
        """Give a worker an order and return its answer; raise the ViewComfyError that it answers with.

        Raises UnknownWorker when no worker of this name is there, and ServerUnavailable when it does not answer within `patience` seconds.
        An order that was begun is carried out, whether or not somebody waits for the answer.
        """
        raise NotImplementedError

    async def serve(self, worker: str, answer: Answerer) -> None:
        """Answer what this worker is asked, for ever; several orders at the same time if need be. The last to serve a name has it."""
