"""The connection to NATS: made once, made again by itself for as long as the engine is open."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import structlog
from nats.aio.client import Client
from nats.errors import Error

from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.engine.nats.address import Address
from viewcomfy.engine.nats.subjects import Subjects

PATIENCE = 30.0
"""Seconds within which NATS must answer when the engine is opened; later it is waited for without end."""
PING_SECONDS = 4
"""How often it is made sure that the other end is there. After three pings without an answer the connection is made anew."""
CONNECT_SECONDS = 4
BUFFER = 8 << 20
"""How many bytes wait for the connection to come back."""

log = structlog.get_logger(__name__)


class Connection:
    """A connection that comes back. Use it as an async context manager; entering it raises ServerUnavailable.

    `name` is shown in NATS's own lists. Functions in `on_return` are called when it has come back.
    """

    def __init__(self, address: Address, name: str, *, patience: float = PATIENCE) -> None:
        self.client = Client()
        self.subjects = Subjects(address.namespace)
        self.on_return: list[Callable[[], None]] = []
        self.closed = asyncio.Event()
        """NATS has ended the connection and will not have it back: the user was removed, for instance."""
        self._address = address
        self._name = name
        self._patience = patience
        self._fault: Exception | None = None
        self._told: set[str] = set()
        self._is_refused = False
        self._is_ours_to_close = False

    @property
    def namespace(self) -> str:
        """What all subjects and streams of this engine begin with."""
        return self._address.namespace

    @property
    def replicas(self) -> int:
        """How many servers keep each stream: three in a cluster of three or more, unless the address says otherwise."""
        if self._address.replicas is not None:
            return self._address.replicas
        info = self.client._server_info  # what the server has told of itself; there is no public way to it
        known = max(len(self._address.servers), len(info.get("connect_urls") or ()))
        return 3 if info.get("cluster") and known >= 3 else 1

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._patience):
                await self.client.connect(**self._options())
        except (TimeoutError, Error, OSError) as fault:
            await self.__aexit__()
            raise self._failure() from fault
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send what is on its way, then close."""
        self._is_ours_to_close = True
        with suppress(Error, OSError, TimeoutError):
            if self.client.is_connected:
                await self.client.flush(timeout=2)
        with suppress(Error, OSError, TimeoutError):
            await self.client.close()

    def _failure(self) -> ServerUnavailable:
        if self._is_refused:
            return ServerUnavailable(
                f"NATS at {self._address.shown} refuses the credentials.",
                hint="`viewcomfy nats user` makes new ones; namespace and pool must be those that they were made for.",
            )
        why = f": {self._fault}" if self._fault else ""
        return ServerUnavailable(f"NATS does not answer at {self._address.shown}{why}.", hint="Is it running, and is the address right?")

    def _options(self) -> dict[str, Any]:
        credentials = {"user": self._address.user, "password": self._address.password}
        if self._address.password is None:
            credentials = {"token": self._address.user}
        return {
            "servers": list(self._address.servers),
            "name": self._name,
            "tls": ssl.create_default_context() if self._address.servers[0].startswith("tls:") else None,
            "inbox_prefix": self._address.inbox_prefix,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": 0.5,
            "connect_timeout": CONNECT_SECONDS,
            "ping_interval": PING_SECONDS,
            "pending_size": BUFFER,
            "error_cb": self._on_error,
            "disconnected_cb": self._on_loss,
            "reconnected_cb": self._on_return,
            "closed_cb": self._on_close,
            **credentials,
        }

    async def _on_error(self, fault: Exception) -> None:
        self._fault = fault
        said = str(fault) or type(fault).__name__
        self._is_refused = self._is_refused or "authorization violation" in said.lower()
        if said not in self._told:  # it is tried again several times a second
            self._told.add(said)
            log.warning("NATS", fault=said)

    async def _on_loss(self) -> None:
        if not self._is_ours_to_close:
            log.warning("the connection to NATS is lost", servers=self._address.shown)

    async def _on_return(self) -> None:
        self._fault, self._is_refused = None, False
        self._told.clear()
        log.info("the connection to NATS is back")
        for notice in self.on_return:
            notice()

    async def _on_close(self) -> None:
        if not self._is_ours_to_close:
            self.closed.set()
            log.error("NATS has closed the connection for good: restart this process", reason=str(self._fault or self.client.last_error))
