"""A whole site in processes: servers, workers, each with a ComfyUI, and every service that they need."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tests.chaos.network import Namespace, may_make_namespaces
from tests.chaos.proxy import Relay
from tools.services.nats import NatsCluster
from tools.services.postgres import Postgres
from tools.services.process import Process, free_port
from tools.services.s3 import SeaweedFS

ADMIN_TOKEN = "admin-token-of-the-chaos"
LEASE_SECONDS = 6.0
STARTS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to start a process."""
COMMAND = (sys.executable, "-m", "viewcomfy.cli.main")
FAKE = (sys.executable, "-m", "viewcomfy.testing.fake_comfy")


@dataclass(frozen=True, slots=True)
class Size:
    """How large the site is."""

    servers: int = 2
    workers: int = 4
    nats_nodes: int = 3


@dataclass(slots=True)
class Part:
    """A process of ours that can be ended and started again as it was."""

    name: str
    process: Process
    answers_at: str
    folder: Path
    namespace: Namespace | None = None

    def start(self) -> None:
        """Start it and return once it answers; again where what it needs is away just now, as a supervisor does."""
        for pause in STARTS:
            try:
                return self.process.start(self._answers)
            except RuntimeError:
                self.process.kill()
                time.sleep(pause)
        return self.process.start(self._answers)

    def _answers(self) -> bool:
        if not self.answers_at:
            return True
        with suppress(OSError), urllib.request.urlopen(self.answers_at, timeout=2) as answer:
            return bool(answer.status == 200)
        return False


@dataclass(slots=True)
class Site:
    """The site. Every process reaches the services through relays, which can be broken."""

    folder: Path
    size: Size = field(default_factory=Size)
    servers: list[Part] = field(default_factory=list)
    workers: list[Part] = field(default_factory=list)
    comfyuis: list[Part] = field(default_factory=list)
    relays: list[Relay] = field(default_factory=list)
    nats: NatsCluster = field(init=False)
    postgres: Postgres = field(init=False)
    s3: SeaweedFS = field(init=False)
    _ports: dict[int, int] = field(default_factory=dict)
    """Where the ComfyUI of each worker listens."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        self.nats = NatsCluster(self.folder / "nats", self.size.nats_nodes)
        self.postgres = Postgres(self.folder / "postgres")
        self.s3 = SeaweedFS(self.folder / "s3")
        try:
            for service in (self.nats, self.postgres, self.s3):
                self._stack.callback(service.kill)
                await asyncio.to_thread(service.start)
            await self._start_parts()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    @property
    def urls(self) -> list[str]:
        """Where the servers listen."""
        return [part.answers_at.removesuffix("/healthz") for part in self.servers]

    @property
    def ended(self) -> list[str]:
        """The processes that have ended without being told to: nothing that goes wrong around them is a reason."""
        return [part.name for part in (*self.servers, *self.workers) if part.process.has_ended]

    # --- starting -----------------------------------------------------------------------------------------------------
    async def _start_parts(self) -> None:
        database = await asyncio.to_thread(self.postgres.database)
        bucket = await asyncio.to_thread(self.s3.bucket)
        for number in range(self.size.servers):
            self.servers.append(self._server(number, await self._environment(database, bucket)))
        for number in range(self.size.workers):
            last = number == self.size.workers - 1
            namespace = self._stack.enter_context(Namespace(f"vc-chaos-{os.getpid()}")) if last and may_make_namespaces() else None
            self.comfyuis.append(self._comfyui(number, namespace))
            self.workers.append(self._worker(number, await self._environment(None, bucket, namespace), namespace))
        for part in (*self.servers, *self.comfyuis, *self.workers):
            self._stack.callback(part.process.kill)
            await asyncio.to_thread(part.start)

    def _server(self, number: int, env: dict[str, str]) -> Part:
        port, folder = free_port(), self.folder / f"server-{number}"
        command = [*COMMAND, "serve", "--port", str(port), "--data-dir", str(folder), "--backends", "0"]
        return self._part(f"server-{number}", command, env, f"http://127.0.0.1:{port}/healthz", folder)

    def _comfyui(self, number: int, namespace: Namespace | None) -> Part:
        port, folder = free_port(), self.folder / f"comfyui-{number}"
        command = [*FAKE, "--port", str(port), "--base-directory", str(folder)]
        answers_at = "" if namespace else f"http://127.0.0.1:{port}/system_stats"
        part = self._part(f"comfyui-{number}", command, {}, answers_at, folder, namespace)
        part.folder.mkdir(parents=True)
        self._ports[number] = port
        return part

    def _worker(self, number: int, env: dict[str, str], namespace: Namespace | None) -> Part:
        folder = self.folder / f"worker-{number}"
        command = [*COMMAND, "worker", "--data-dir", str(folder), "--comfyui", f"http://127.0.0.1:{self._ports[number]}"]
        return self._part(f"worker-{number}", command, env, "", folder, namespace)

    def _part(
        self, name: str, command: Sequence[str], env: dict[str, str], answers_at: str, folder: Path, namespace: Namespace | None = None
    ) -> Part:
        command = namespace.inside(command) if namespace else command
        return Part(name, Process(command, log=self.folder / f"{name}.log", env=env), answers_at, folder, namespace)

    async def _environment(self, database: str | None, bucket: str, namespace: Namespace | None = None) -> dict[str, str]:
        """Return the settings of one process, with relays of its own to the services."""
        host = namespace.host if namespace else "127.0.0.1"
        nodes = [await self._relay(node.port, host) for node in self.nats.nodes]
        settings = {
            "engine": f"nats://{','.join(nodes)}/chaos",
            "files": await self._relayed(bucket, urlsplit(self.s3.url).port or 0, host),
            "lease_seconds": str(LEASE_SECONDS),
            "attempts": "20",  # each fault may cost one
            "admin_token": ADMIN_TOKEN,
            "shutdown_grace": "5",
            "stall_timeout": "10",
            "max_queue": "100000",
        }
        if database is not None:
            settings["store"] = await self._relayed(database, urlsplit(database).port or 0, host)
        return {f"VIEWCOMFY_{name.upper()}": value for name, value in settings.items()}

    async def _relay(self, port: int, host: str) -> str:
        relay = Relay(port, host)
        await relay.start()
        self._stack.push_async_callback(relay.stop)
        self.relays.append(relay)
        return f"{host}:{relay.port}"

    async def _relayed(self, url: str, port: int, host: str) -> str:
        """Return a URL that leads through a relay: the address in it, or in its query, is replaced."""
        there = await self._relay(port, host)
        parts = urlsplit(url)
        if parts.port == port:
            who = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
            return urlunsplit(parts._replace(netloc=f"{who}{there}"))
        return url.replace(f"127.0.0.1:{port}", there).replace(f"127.0.0.1%3A{port}", there.replace(":", "%3A"))
