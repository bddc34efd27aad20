"""The pool is all the backends of one worker; those of our own may come, go, and be moved to another installation."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Sequence

from viewcomfy.comfy.backend import Backend, BackendInfo
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.hardware import nvidia_gpus
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.process import Launch
from viewcomfy.comfy.slots import Pattern, Served, Slot

KEEP = 12
"""How many idle timeouts a fork server outlasts the last ComfyUI."""


class Pool:
    """Hold backends and stop them together, their fork servers included. `pattern` says how those of our own are made."""

    def __init__(self, backends: Sequence[Backend] = (), *, pattern: Pattern | None = None) -> None:
        self._backends = list(backends)
        self._pattern = pattern
        self._fork_servers: dict[Installation, ForkServer] = {}

    @classmethod
    def managed(
        cls,
        launch: Launch,
        count: int,
        *,
        idle_timeout: float = 0.0,
        limits: HealthLimits | None = None,
        gpus: Sequence[int] | None = None,
        fork: bool = True,
        environment: str = "",
    ) -> Pool:
        """Make `count` backends like `launch`, each in a folder of its own below its folder; GPUs are dealt out in turn.

        `fork` starts them through a fork server where that can be: much faster from the second start on, and they share its memory.
        `environment` is the id of what the installation is, if that is known.
        """
        pattern = Pattern(
            folder=launch.folder,
            count=count,
            extra_args=launch.extra_args,
            start_timeout=launch.start_timeout,
            idle_timeout=idle_timeout,
            limits=limits,
            gpus=tuple(nvidia_gpus() if gpus is None else gpus),
            fork=fork,
        )
        return cls.of(pattern, [Served(launch.installation, environment)])

    @classmethod
    def of(cls, pattern: Pattern, served: Iterable[Served]) -> Pool:
        """Make the backends of these installations."""
        pool = cls(pattern=pattern)
        for slot in pattern.slots(served).values():
            pool.add(slot)
        return pool

    @classmethod
    def attached(cls, urls: Sequence[str], *, limits: HealthLimits | None = None, pattern: Pattern | None = None) -> Pool:
        """Make a backend of each ComfyUI that runs at one of these URLs; `pattern` is for others of our own beside them."""
        return cls([Backend(f"comfyui-{i}", url, limits=limits) for i, url in enumerate(urls)], pattern=pattern)

    @property
    def backends(self) -> tuple[Backend, ...]:
        """The backends that there are now."""
        return tuple(self._backends)

    def infos(self) -> list[BackendInfo]:
        """Return how each backend does."""
        return [backend.info() for backend in self._backends]

    def wanted(self, served: Iterable[Served]) -> dict[str, Slot]:
        """Return the backends of our own that serve these installations, by their names."""
        return self._pattern.slots(served) if self._pattern else {}

    def add(self, slot: Slot) -> Backend:
        """Make one more; it is not started before a job needs it."""
        pattern = self._pattern or Pattern(folder=slot.launch.folder.parent)
        backend = Backend(
            slot.name,
            slot.launch,
            limits=pattern.limits,
            idle_timeout=pattern.idle_timeout,
            fork_server=self._fork_server(slot.launch.installation),
            environment=slot.environment,
            aside=slot.aside,
        )
        self._backends.append(backend)
        return backend

    def move(self, backend: Backend, slot: Slot) -> None:
        """Have a backend that is stopped be started as a slot says from now on."""
        backend.move(slot.launch, self._fork_server(slot.launch.installation), slot.environment)

    async def remove(self, backend: Backend) -> None:
        """Stop one and forget it, with what lies in its folder."""
        self._backends.remove(backend)
        await backend.stop()
        if backend.folders is not None:
            await asyncio.to_thread(shutil.rmtree, backend.folders.root, ignore_errors=True)

    async def tidy(self) -> None:
        """End the fork servers of installations that no backend is started from any more."""
        used = {backend.origin for backend in self._backends}
        for installation in [one for one in self._fork_servers if one not in used]:
            await self._fork_servers.pop(installation).stop()

    async def stop(self) -> None:
        """Stop every process that we started and leave the others alone."""
        await asyncio.gather(*(backend.stop() for backend in self._backends))
        await asyncio.gather(*(server.stop() for server in self._fork_servers.values()))

    def _fork_server(self, installation: Installation) -> ForkServer | None:
        if self._pattern is None or not self._pattern.fork or not ForkServer.suits():
            return None
        if installation not in self._fork_servers:
            self._fork_servers[installation] = ForkServer(installation, keep=KEEP * self._pattern.idle_timeout)
        return self._fork_servers[installation]
