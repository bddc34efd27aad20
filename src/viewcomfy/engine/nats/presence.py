"""Which workers are there, over NATS: each says so again and again, and every server keeps what it heard last."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any, Self

import structlog
from nats.aio.msg import Msg
from nats.errors import Error, MaxPayloadError
from nats.js import api
from nats.js.errors import NotFoundError

from viewcomfy.engine.base import WorkerInfo
from viewcomfy.engine.local_presence import TTL
from viewcomfy.engine.nats.link import Link
from viewcomfy.engine.nats.mailbox import answered
from viewcomfy.engine.nats.reading import pages
from viewcomfy.engine.nats.subjects import token

_FROM = "Viewcomfy-From"

log = structlog.get_logger(__name__)


class NatsPresence:
    """The workers that were heard of in the last seconds. Use it as an async context manager.

    `mirror` is for servers: only they hear. A worker's credentials let it say that it is there, and nothing else.
    """

    def __init__(self, link: Link, clock: Callable[[], float], *, mirror: bool) -> None:
        self._link = link
        self._clock = clock
        self._mirror = mirror
        self._bucket = f"{link.namespace}-workers"
        self._name = secrets.token_hex(8)
        self._seen: dict[tuple[str, str], WorkerInfo] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._mirror:
            with answered():
                await self._make_bucket()
                heard = await self._link.client.subscribe(f"$KV.{self._bucket}.>", cb=self._hear)
            self._stack.push_async_callback(heard.unsubscribe)
            async for page in pages(self._link.client, f"KV_{self._bucket}", f"$KV.{self._bucket}.>", 1):
                for message in page:
                    self._note(message.subject, message.data, unless_known=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(Error, OSError):
            await self._stack.aclose()

    async def note(self, info: WorkerInfo) -> None:
        """Tell everybody that a worker is there now. Never fails: it is told again soon."""
        if self._mirror:
            self._seen[info.pool, info.name] = replace(info, seen_at=self._clock())
        try:
            await self._link.client.publish(self._subject(info), _encode(info), headers={_FROM: self._name})
        except MaxPayloadError:
            log.warning("what the worker says of itself is too long for NATS", worker=info.name)
        except (Error, OSError) as fault:
            log.info("presence not told", worker=info.name, error=repr(fault))

    def workers(self, pool: str | None = None) -> list[WorkerInfo]:
        """Return the workers that are there, by name."""
        oldest = self._clock() - TTL
        self._seen = {key: info for key, info in self._seen.items() if info.seen_at > oldest}
        return sorted((info for info in self._seen.values() if pool in (None, info.pool)), key=lambda info: info.name)

    async def _hear(self, message: Msg) -> None:
        if (message.headers or {}).get(_FROM) != self._name:
            self._note(message.subject, message.data)

    def _note(self, subject: str, data: bytes, *, unless_known: bool = False) -> None:
        info = _decode(data)
        # a worker may speak for its pool and no other, which its credentials say by the subject
        if info is None or self._subject(info) != subject or (unless_known and (info.pool, info.name) in self._seen):
            return
        self._seen[info.pool, info.name] = replace(info, seen_at=self._clock())

    def _subject(self, info: WorkerInfo) -> str:
        return f"$KV.{self._bucket}.{token(info.pool)}.{token(info.name)}"

    async def _make_bucket(self) -> None:
        """Make the bucket in memory: what it holds is over in some seconds, and is told again."""
        js = self._link.client.jetstream(timeout=5.0)
        try:
            await js.stream_info(f"KV_{self._bucket}")
        except NotFoundError:
            await js.create_key_value(
                api.KeyValueConfig(self._bucket, ttl=TTL, storage=api.StorageType.MEMORY, replicas=self._link.replicas, direct=True)
            )


def _encode(info: WorkerInfo) -> bytes:
    told = {"name": info.name, "pool": info.pool, "backends": [dict(backend) for backend in info.backends], "facts": dict(info.facts)}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def _decode(data: bytes) -> WorkerInfo | None:
    try:
        told: dict[str, Any] = json.loads(data)
        return WorkerInfo(str(told["name"]), str(told["pool"]), tuple(dict(each) for each in told["backends"]), dict(told["facts"]))
    except (ValueError, TypeError, LookupError):
        return None
