"""The election: of all servers one leads, the one whose name stands in a key that it renews every second."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from nats.errors import Error
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError, NoStreamResponseError, NotFoundError
from nats.js.kv import KeyValue

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.engine.nats.connection import Connection

RENEW_EVERY = 1.0
VALID_FOR = 3.0
"""Seconds after its last renewal was begun in which a leader may act."""
TAKE_OVER_AFTER = 4.0
"""Seconds without a renewal, by the clock of who looks, after which another one takes over: more than VALID_FOR."""
PATIENCE = 2.0
KEY = "leader"

log = structlog.get_logger(__name__)


def monotonic() -> float:
    """Return seconds that also pass while the machine sleeps, where there is such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Election:
    """One server's part in it. `name` is its own and nobody else's.

    Clocks of different machines are never compared: who wants to take over watches the key by its own clock, and who leads stops acting
    by its own before anybody else can begin.
    """

    def __init__(self, link: Connection, name: str, clock: Callable[[], float] = monotonic) -> None:
        self._link = link
        self._name = name
        self._clock = clock
        self._value = json.dumps({"name": name}).encode()
        self._js: JetStreamContext = link.client.jetstream(timeout=PATIENCE)
        self._bucket: KeyValue | None = None
        self._nudge = asyncio.Event()
        self._revision: int | None = None
        self._renewed_at = 0.0
        self._seen: tuple[int, float] | None = None
        self._closed = False

    def may_act(self) -> bool:
        """Tell whether this server leads for certain."""
        return self._revision is not None and self._clock() - self._renewed_at < VALID_FOR

    @property
    def is_closed(self) -> bool:
        """Whether this server takes no more part."""
        return self._closed

    def nudge(self) -> None:
        """Look at once: the leader says that it goes."""
        self._nudge.set()

    async def setup(self) -> None:
        """Make the bucket of the key. Raises ServerUnavailable."""
        try:
            await self._open()
            await self._spread()
        except (Error, OSError, TimeoutError) as fault:
            raise ServerUnavailable(f"NATS has no JetStream for us: {fault or type(fault).__name__}.", retry_after=1.0) from fault

    def close(self) -> None:
        """Take no more part."""
        self._closed = True
        self._nudge.set()

    async def win(self, looked: Callable[[], None] = lambda: None) -> None:
        """Return once this server leads, or takes no more part; `looked` is called when it is known that another one does."""
        self._revision = None
        while not self._closed and not await self._try():
            if self._seen is not None:
                looked()
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_EVERY):
                    await self._nudge.wait()
            self._nudge.clear()

    async def keep(self) -> None:
        """Renew for as long as that works in time; return when this server leads no more."""
        while self.may_act():
            await asyncio.sleep(RENEW_EVERY)
            if not self.may_act() or not await self._renew():
                break
        self._revision = None
        log.warning("this server leads no more", name=self._name)

    async def resign(self) -> None:
        """Let the next one lead at once."""
        revision, self._revision = self._revision, None
        if revision is not None and self._bucket is not None:
            with suppress(Error, OSError, TimeoutError):
                await self._bucket.delete(KEY, last=revision)

    async def _try(self) -> bool:
        began = self._clock()
        try:
            self._revision = await self._take()
        except (BucketNotFoundError, NoStreamResponseError, NotFoundError):
            self._bucket = None  # it was lost with NATS's disk, and is made again
        except KeyWrongLastSequenceError:
            pass  # another one was faster
        except (Error, OSError, TimeoutError) as fault:
            log.warning("no leader can be found", fault=str(fault) or type(fault).__name__)
        self._renewed_at = began
        return self._revision is not None

    async def _take(self) -> int | None:
        """Take the key if it is free or nobody renews it; return its revision."""
        bucket = await self._open()
        try:
            entry = await bucket.get(KEY)
        except KeyNotFoundError:
            return await bucket.create(KEY, self._value)
        revision = entry.revision or 0
        if entry.value == self._value:  # it was taken, and the answer was lost
            return await bucket.update(KEY, self._value, last=revision)
        now = self._clock()
        if self._seen is None or self._seen[0] != revision:
            self._seen = revision, now
        elif now - self._seen[1] >= TAKE_OVER_AFTER:
            return await bucket.update(KEY, self._value, last=revision)
        return None

    async def _renew(self) -> bool:
        """Renew the key; tell whether this server may still lead."""
        began = self._clock()
        try:
            self._revision = await (await self._open()).update(KEY, self._value, last=self._revision)
            self._renewed_at = began
        except KeyWrongLastSequenceError:
            return await self._is_ours()
        except (Error, OSError, TimeoutError) as fault:
            log.warning("the lead could not be renewed", fault=str(fault) or type(fault).__name__)
        return True

    async def _is_ours(self) -> bool:
        """Tell whether the key is still ours, renewed by a call whose answer was lost; then renew it again."""
        with suppress(Error, OSError, TimeoutError):
            bucket = await self._open()
            entry, began = await bucket.get(KEY), self._clock()
            if entry.value == self._value:
                self._revision = await bucket.update(KEY, self._value, last=entry.revision)
                self._renewed_at = began
                return True
        return False

    async def _spread(self) -> None:
        """Have as many servers keep the key as there are to keep it, where it was made while there were fewer."""
        stream = f"KV_{self._link.namespace}-leader"
        config = (await self._js.stream_info(stream)).config
        if (config.num_replicas or 1) < self._link.replicas:
            with suppress(APIError):  # they are not all there now
                await self._js.update_stream(config.evolve(num_replicas=self._link.replicas))

    async def _open(self) -> KeyValue:
        if self._bucket is None:
            name = f"{self._link.namespace}-leader"
            try:
                self._bucket = await self._js.key_value(name)
            except BucketNotFoundError:
                config = api.KeyValueConfig(bucket=name, history=1, replicas=self._link.replicas, storage=api.StorageType.FILE)
                try:
                    self._bucket = await self._js.create_key_value(config)
                except APIError:  # another server was faster
                    self._bucket = await self._js.key_value(name)
        return self._bucket
