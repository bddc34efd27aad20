"""The pool is all the backends of one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from viewcomfy.comfy.backend import Backend, BackendInfo
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.hardware import nvidia_gpus
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.process import Launch

KEEP = 12
"""How many idle timeouts a fork server outlasts the last ComfyUI."""


class Pool:
    """Hold backends and stop them together, their fork server included."""

    def __init__(self, backends: Sequence[Backend], *, fork_server: ForkServer | None = None) -> None:
        self.backends = tuple(backends)
        self._fork_server = fork_server

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
    ) -> Pool:
        """Make `count` backends like `launch`, each in a folder of its own below its folder; GPUs are dealt out in turn.

        `fork` starts them through a fork server where that can be: much faster from the second start on, and they share its memory.
        """
        fork_server = ForkServer(launch.installation, keep=KEEP * idle_timeout) if fork and ForkServer.suits() else None
        numbers = nvidia_gpus() if gpus is None else list(gpus)
        backends = []
        for i in range(count):
            gpu = numbers[i % len(numbers)] if numbers else None
            own = replace(launch, folder=launch.folder / str(i), processes=count, gpu=gpu)
            backends.append(Backend(f"comfyui-{i}", own, limits=limits, idle_timeout=idle_timeout, fork_server=fork_server))
        return cls(backends, fork_server=fork_server)

    @classmethod
    def attached(cls, urls: Sequence[str], *, limits: HealthLimits | None = None) -> Pool:
        """Make a backend of each ComfyUI that runs at one of these URLs."""
        return cls([Backend(f"comfyui-{i}", url, limits=limits) for i, url in enumerate(urls)])

    def infos(self) -> list[BackendInfo]:
        """Return how each backend does."""
        return [backend.info() for backend in self.backends]

    async def stop(self) -> None:
        """Stop every process that we started and leave the others alone."""
        await asyncio.gather(*(backend.stop() for backend in self.backends))
        if self._fork_server:
            await self._fork_server.stop()
