"""Working: a worker that joins, tells what it does, and ends when it is told to or has nothing more to do."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass

import aiohttp  # noqa: F401 - what drives ComfyUI: that it is missing shall be said now, not with the first job
from rich.text import Text

from viewcomfy.cli import show
from viewcomfy.cli.assemble_worker import ComfyUI, OpenWorker, open_worker
from viewcomfy.cli.engines import shown_engine
from viewcomfy.cli.process import Told, first_of, told_by_signals
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import ServerUnavailable
from viewcomfy.core.jobs import Job, Manifest
from viewcomfy.settings import WorkerSettings
from viewcomfy.worker.app import Worker

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to join; each pause is twice as long as the one before."""


@dataclass(frozen=True, slots=True)
class Until:
    """When a worker ends by itself: after `once` a job, after `idle` seconds without one; else never."""

    once: bool = False
    idle: float | None = None


async def work(settings: WorkerSettings, until: Until, *, as_json: bool) -> None:
    """Join, work and end. Raises ServerUnavailable when told to stop before it could join."""
    teller = Teller(settings, as_json=as_json)
    pause, fault = FIRST_PAUSE, None
    with told_by_signals() as told:
        while not told.once.is_set():
            try:
                async with open_worker(settings, teller.ended) as opened:
                    await _serve(opened, settings, until, told, teller)
            except* ServerUnavailable as unreachable:
                fault = _first_of(unreachable)
                teller.unreachable(fault, pause)
            else:
                return
            await first_of(asyncio.sleep(pause), told.once.wait())
            pause = min(2 * pause, LONGEST_PAUSE)
        if fault is not None:
            raise fault


async def _serve(opened: OpenWorker, settings: WorkerSettings, until: Until, told: Told, teller: Teller) -> None:
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(opened.worker.run())
        await opened.worker.joined()
        gc.freeze()
        gc.set_threshold(20_000, 20, 10)  # a job makes thousands of objects that die young
        gc.enable()
        teller.joined(opened)
        await first_of(told.once.wait(), _enough(opened.worker, until), asyncio.wait([working]), _refused(opened))
        teller.stopping(told_to=told.once.is_set(), running=len(opened.worker.prompt_ids))
        await _end(opened.worker, settings.shutdown_grace, told)
        await working


async def _refused(opened: OpenWorker) -> None:
    await opened.lost()
    raise ServerUnavailable("NATS has ended the connection.", hint="Its log says why.")


def _first_of(group: ExceptionGroup[ServerUnavailable]) -> ServerUnavailable:
    first: ServerUnavailable | ExceptionGroup[ServerUnavailable] = group
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return first


async def _enough(worker: Worker, until: Until) -> None:
    """Return once it has done what it was started for; running jobs may still run."""
    ends = [worker.busy()] if until.once else []
    if until.idle is not None:
        ends.append(worker.idle(until.idle))
    await first_of(*ends, asyncio.Event().wait())


async def _end(worker: Worker, grace: float, told: Told) -> None:
    """Have it claim no more. Its jobs may end, unless it is told to stop: then they have so many seconds, and told again, none."""
    await first_of(worker.stop(None), told.once.wait())
    await first_of(worker.stop(grace), told.twice.wait())
    await worker.stop(0)


class Teller:
    """Tells on stdout what a person wants to see, or lines of JSON; troubles go to stderr."""

    def __init__(self, settings: WorkerSettings, *, as_json: bool) -> None:
        self._settings = settings
        self._as_json = as_json

    def joined(self, opened: OpenWorker) -> None:
        """Tell that it works from now on."""
        worker, pool, engine = opened.worker.name, self._settings.pool, shown_engine(self._settings)
        if self._as_json:
            return show.as_json({"joined": {"worker": worker, "pool": pool, "engine": engine, "backends": opened.backends}})
        backends = f"{opened.backends} backend{'s' if opened.backends != 1 else ''}"
        console = show.out()
        show.say(
            Text.assemble((worker, "bold"), f" has joined the pool {pool} at {engine} with {backends}: {_comfyui(opened.comfyui)}"), console
        )
        return None

    def ended(self, job: Job, manifest: Manifest) -> None:
        """Tell what became of a job."""
        seconds = round(manifest.execution_time, 1)
        if self._as_json:
            told = {"prompt_id": job.prompt_id, "deployment": job.deployment, "status": manifest.status.value, "seconds": seconds}
            return show.as_json({"job": told})
        line = Text.assemble(f"{job.prompt_id}  {job.deployment}@{job.version}  ", show.status(manifest.status.value), f"  {seconds:g} s")
        if manifest.error:
            line.append(f"  {manifest.error.message}", "dim")
        return show.say(line, show.out())

    def unreachable(self, fault: ServerUnavailable, pause: float) -> None:
        """Tell why it could not join."""
        show.say(Text.assemble((f"{fault.message} ", "yellow"), f"{fault.hint or ''} Trying again in {pause:g} s."))

    def stopping(self, *, told_to: bool, running: int) -> None:
        """Tell that it takes no more jobs."""
        if (console := show.err()).is_terminal and told_to:
            console.print()  # the terminal has written ^C
        if told_to:
            jobs = f"{running} running job{'s get' if running != 1 else ' gets'}" if running else "running jobs get"
            show.say(f"Stopping: no more jobs are taken, {jobs} time to end. Once more stops at once.", console, style="dim")


def _comfyui(comfyui: ComfyUI) -> str:
    if isinstance(comfyui, Installation):
        return f"ComfyUI {comfyui.version} in {comfyui.main.parent}, started when a job needs it"
    return f"the ComfyUI at {comfyui}"
