"""The fake itself: everything that a ComfyUI process holds in memory, and the handles that a test pulls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path

from starlette.types import ASGIApp

from viewcomfy.testing.fake_comfy.app import make_app
from viewcomfy.testing.fake_comfy.console import Console
from viewcomfy.testing.fake_comfy.executor import Behaviour, Executor
from viewcomfy.testing.fake_comfy.folders import make_folders
from viewcomfy.testing.fake_comfy.hub import Hub
from viewcomfy.testing.fake_comfy.jobs import Job, Jobs
from viewcomfy.testing.fake_comfy.node import Catalog, NodeClass
from viewcomfy.testing.fake_comfy.nodes import BUILTIN_NODES
from viewcomfy.testing.fake_comfy.nodes.sampling import MODELS


class FakeComfy:
    """A ComfyUI in memory.

    `asgi` is its HTTP and websocket interface; jobs are run inside `async with fake.running()`, which the application's
    lifespan enters by itself. Files lie in memory unless folders are given (`temp_dir` is emptied). `nodes` adds node
    classes, `models` replaces the files that loaders offer. `step_seconds` is what one sampler step takes,
    `history_delay` the seconds between `execution_success` and the history.
    """

    def __init__(
        self,
        *,
        input_dir: Path | None = None,
        output_dir: Path | None = None,
        temp_dir: Path | None = None,
        nodes: Mapping[str, NodeClass] | None = None,
        models: Mapping[str, Sequence[str]] | None = None,
        previews: bool = True,
        preview_size: int = 64,
        step_seconds: float = 0.0,
        history_delay: float = 0.0,
        max_upload_bytes: int = 100 * 1024 * 1024,
        argv: Sequence[str] = ("main.py", "--port", "8188"),
        out: Callable[[str], object] | None = None,
    ) -> None:
        self.folders = make_folders(input_dir=input_dir, output_dir=output_dir, temp_dir=temp_dir)
        self.catalog = Catalog({**BUILTIN_NODES, **(nodes or {})}, models or MODELS, self.folders)
        self.behaviour = Behaviour(previews, preview_size, step_seconds, history_delay)
        self.max_upload_bytes = max_upload_bytes
        self.argv = list(argv)
        self.submitted: list[Job] = []
        """Every job that was accepted, through all restarts."""
        self.executed: list[tuple[str, str]] = []
        """`(prompt_id, node_id)` of every node that really ran, through all restarts."""
        self.requests: Counter[str] = Counter()
        """How often each route was called, such as `POST /prompt`."""
        self._out = out
        self._gate = _opened()
        self._thawed = _opened()
        self._faults: dict[str, list[int]] = {}
        self._is_running = False
        self.tasks: list[asyncio.Task[None]] = []
        """What runs jobs and sends messages at the moment."""
        self._boot()

    @cached_property
    def asgi(self) -> ASGIApp:
        """The application."""
        return make_app(self)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs and send messages until the block ends; what fails in the block is raised as it is."""
        self._is_running = True
        self._start_tasks()
        try:
            yield
        finally:
            self._is_running = False
            tasks = self.tasks
            self._stop_tasks()
            await asyncio.gather(*tasks, return_exceptions=True)

    def pause(self) -> None:
        """Start no job and no node from now on; HTTP and sockets go on answering."""
        self._gate.clear()

    def resume(self) -> None:
        """End a pause."""
        self._gate.set()

    def freeze(self) -> None:
        """Stop answering: requests wait, sockets fall silent, nothing is run."""
        self._thawed.clear()
        self._gate.clear()

    def thaw(self) -> None:
        """End a freeze."""
        self._thawed.set()
        self._gate.set()

    def fail(self, route: str, status: int = 500, times: int = 1) -> None:
        """Answer the next calls of a route, such as `GET /view`, with this status."""
        self._faults.setdefault(route, []).extend([status] * times)

    async def until_idle(self) -> None:
        """Wait until no job waits or runs."""
        await self.jobs.idle.wait()

    def lose_memory(self) -> None:
        """Forget queue, history, cache, sockets, pause and freeze, as a new process would have none."""
        self._stop_tasks()
        self._boot()
        self.thaw()
        self._start_tasks()

    def exit_process(self, _code: int, /) -> None:
        """End the process in mid-job: a fake that is not served only forgets everything."""
        self.lose_memory()

    async def admit(self, route: str) -> int | None:
        """Count a request and hold it while frozen; return the status to fail with, if one was asked for."""
        self.requests[route] += 1
        asked = self.jobs
        await self._thawed.wait()
        if asked is not self.jobs:
            return 503  # nobody reads this: the process that was asked has gone
        planned = self._faults.get(route)
        return planned.pop(0) if planned else None

    def _boot(self) -> None:
        self.hub = Hub(self._thawed)
        self.console = Console(self._out, self.hub.send_logs)
        self.jobs = Jobs(lambda remaining: self.hub.send("status", _queue_info(remaining)))
        self.executor = Executor(
            jobs=self.jobs,
            hub=self.hub,
            console=self.console,
            catalog=self.catalog,
            behaviour=self.behaviour,
            gate=self._gate,
            process=self,
            executed=self.executed,
        )
        self.next_number = 0

    def _start_tasks(self) -> None:
        if self._is_running:
            self.tasks = [asyncio.create_task(self.hub.publish()), asyncio.create_task(self.executor.work())]

    def _stop_tasks(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.tasks = []


def _opened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def _queue_info(remaining: int) -> dict[str, object]:
    return {"status": {"exec_info": {"queue_remaining": remaining}}}
