"""The one thread of control that runs jobs, strictly one after the other."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

from viewcomfy.testing.fake_comfy.console import Console
from viewcomfy.testing.fake_comfy.hub import Hub
from viewcomfy.testing.fake_comfy.job_run import JobRun
from viewcomfy.testing.fake_comfy.jobs import Job, Jobs
from viewcomfy.testing.fake_comfy.node import Catalog, Result


@dataclass(frozen=True)
class Behaviour:
    """How the fake runs jobs: previews, their size in pixels, and the seconds that a step or the history's arrival takes."""

    previews: bool = True
    preview_size: int = 64
    step_seconds: float = 0.0
    history_delay: float = 0.0


class Process(Protocol):
    """What a node can do to the process that it runs in."""

    def exit_process(self, code: int, /) -> None:
        """End it, with a code or by a signal (negative)."""

    def freeze(self) -> None:
        """Keep it from answering."""

    def thaw(self) -> None:
        """End a freeze."""


@dataclass(kw_only=True)
class Executor:
    """Runs what `jobs` holds; keeps the results of the last workflow's nodes so that equal nodes are not run again."""

    jobs: Jobs
    hub: Hub
    console: Console
    catalog: Catalog
    behaviour: Behaviour
    gate: asyncio.Event
    process: Process
    executed: list[tuple[str, str]]
    interrupted: bool = False
    cache: dict[str, Result] = field(default_factory=dict)
    last_node_id: str | None = None
    client_id: str | None = None

    async def work(self) -> None:
        """Run jobs for ever."""
        while True:
            await self.jobs.news()
            await self.gate.wait()
            job = self.jobs.take()
            if job is not None:
                await self._run(job)
            flags, self.jobs.flags = self.jobs.flags, {}
            if "free_memory" in flags:
                self.cache = {}

    async def _run(self, job: Job) -> None:
        started = time.perf_counter()
        self.interrupted = False
        self.client_id = job.client_id
        run = JobRun(self, job)
        await run.run()
        self.last_node_id = None
        await asyncio.sleep(self.behaviour.history_delay)  # the last message leaves before the history is written
        self.jobs.finish(run.record())
        if job.client_id is not None:
            self.hub.send("executing", {"node": None, "prompt_id": job.prompt_id}, job.client_id)
        self.console.log(f"Prompt executed in {time.perf_counter() - started:.2f} seconds")
