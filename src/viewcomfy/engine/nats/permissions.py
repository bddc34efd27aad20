"""Permissions: what the credentials of a worker let it say and hear. A server may everything."""

from __future__ import annotations

from dataclasses import dataclass

from viewcomfy.engine.nats.news_codec import NEWS, PREVIEW
from viewcomfy.engine.nats.subjects import Subjects, token

SERVER = "server"
_WORKER = "worker-"


@dataclass(frozen=True, slots=True)
class Permissions:
    """The subjects that a user may publish to and subscribe to; nothing else."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def worker_user(pool: str) -> str:
    """Return the user name of the workers of a pool."""
    return f"{_WORKER}{pool}"


def pool_of(user: str) -> str | None:
    """Return the pool of a worker's user name, None where it is another's."""
    return user.removeprefix(_WORKER) if user.startswith(_WORKER) else None


def worker_permissions(namespace: str, pool: str) -> Permissions:
    """Return what workers of a pool may do: ask for its jobs, tell of them and of themselves, and take orders."""
    subjects, own = Subjects(namespace), token(pool)
    return Permissions(
        publish=(
            subjects.desk(pool, "*"),
            f"{namespace}.ev.{own}.*.{NEWS}",
            f"{namespace}.ev-live.{own}.*.{PREVIEW}",
            f"{namespace}.answer.{own}.*",
            f"$KV.{namespace}-workers.{own}.*",
        ),
        subscribe=(
            f"_INBOX.{token(worker_user(pool))}.>",
            f"{namespace}.gone.{own}.*",
            f"{namespace}.order.{own}.*",
            subjects.news,
        ),
    )
