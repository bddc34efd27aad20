"""The model fetcher of a worker: it has models fetched onto its machine, one after the other, and notes which ones jobs use."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch
from viewcomfy.core.errors import JobCanceled, ViewComfyError
from viewcomfy.core.jobs import Job
from viewcomfy.core.models import Model, check_models
from viewcomfy.core.scheduling import models_of
from viewcomfy.core.workflows import model_files
from viewcomfy.models.download import Progress
from viewcomfy.models.shelf import Shelf

T = TypeVar("T")
MakeShelf = Callable[[Launch], Shelf]
FETCH = "fetch"
"""The order that it answers."""
FLUSH_SECONDS = 60.0
"""How often it is written down which models were used."""
THERE, WAITING, FETCHING, FAILED = "there", "waiting", "fetching", "failed"
ATTACHED = (
    "This worker drives a ComfyUI that it did not start, so where its models lie is not known. Put the file there yourself, or name the "
    "folder of the ComfyUI with --comfyui DIR instead of its URL."
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Fetch:
    """A model that is wanted and how far it is."""

    model: Model
    allow_pickle: bool
    state: str = WAITING
    received: int = 0
    size: int | None = None
    error: str | None = None

    def shown(self) -> dict[str, Any]:
        return _shown(self.model, self.state, self.received, self.size, self.error)


class ModelFetcher:
    """Fetches models for the ComfyUI that a pool starts; `make_shelf` gives its shelf."""

    def __init__(self, pool: Pool, make_shelf: MakeShelf, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._make_shelf = make_shelf
        self._clock = clock
        self._fetches: dict[str, _Fetch] = {}
        self._keep: set[tuple[str, str]] = set()
        self._wanted = asyncio.Event()
        self._used: dict[str, float] = {}

    async def answer(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """Begin with what is asked for, if that is not done yet, and return how far it is. Raises BadInput."""
        models = check_models(Model.from_dict(model) for model in order.get("models") or [])
        shelf = self._shelf()
        if shelf is None:
            return {"models": [_shown(model, FAILED, error=ATTACHED) for model in models]}
        self._keep = {(str(folder), str(file)) for folder, file in order.get("keep") or []}
        there = await asyncio.to_thread(_sizes, shelf, [model for model in models if self._is_over(model, retry=bool(order.get("retry")))])
        answers = [self._state(model, there, allow_pickle=bool(order.get("allow_pickle"))) for model in models]
        self._wanted.set()
        return {"models": answers}

    def note(self, job: Job) -> None:
        """Take in which models a job has used: a look at its workflow, written down much later."""
        if models_of(job.affinity):
            self._used.update(dict.fromkeys(model_files(job.workflow), self._clock()))

    async def run(self) -> None:
        """Fetch what is wanted, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fetch_all())
            tasks.create_task(self._write_uses())

    # --- asked --------------------------------------------------------------------------------------------------------
    def _shelf(self) -> Shelf | None:
        """Return the shelf of the ComfyUI that jobs without an environment of their own run on."""
        launches = [backend.source for backend in self._pool.backends if not isinstance(backend.source, str) and not backend.aside]
        return self._make_shelf(launches[0]) if launches else None

    def _is_over(self, model: Model, *, retry: bool) -> bool:
        """Tell whether nothing is under way for a model; forget what was under way for another file of its name, or has failed."""
        fetch = self._fetches.get(model.path)
        if fetch and fetch.state != FETCHING and (fetch.model != model or (retry and fetch.state == FAILED)):
            fetch = self._fetches.pop(model.path) and None
        return fetch is None

    def _state(self, model: Model, there: Mapping[str, int], *, allow_pickle: bool) -> dict[str, Any]:
        if model.path in there:
            return _shown(model, THERE, there[model.path], there[model.path])
        return self._fetches.setdefault(model.path, _Fetch(model, allow_pickle)).shown()

    # --- at work ------------------------------------------------------------------------------------------------------
    async def _fetch_all(self) -> None:
        while True:
            self._wanted.clear()
            waiting = next((fetch for fetch in self._fetches.values() if fetch.state == WAITING), None)
            if waiting is None:
                await self._wanted.wait()
            else:
                await self._fetch(waiting)

    async def _fetch(self, fetch: _Fetch) -> None:
        fetch.state = FETCHING
        path = fetch.model.path
        try:
            added = await self._add(fetch)
        except ViewComfyError as fault:
            fetch.state, fetch.error = FAILED, str(fault)
            log.warning("a model could not be fetched", model=path, reason=str(fault))
        except OSError as fault:
            where = fault.filename or "the models folder"
            fetch.state, fetch.error = FAILED, f"{where} can't be written: {fault.strerror or fault}."
            log.warning("a model could not be written", model=path, reason=str(fault))
        except Exception as fault:
            fetch.state, fetch.error = FAILED, f"The worker failed: {type(fault).__name__}. Its log has the trace."
            log.exception("a model could not be fetched through a fault of ours", model=path)
        else:
            self._fetches.pop(path, None)
            log.info("a model is there", model=path, fetched=not added.was_there, removed=list(added.removed))

    async def _add(self, fetch: _Fetch) -> Any:
        shelf, stop = self._shelf(), threading.Event()
        if shelf is None:
            raise JobCanceled("The ComfyUI of this worker has changed meanwhile.", hint="Ask for the model again.")

        def report(progress: Progress) -> None:
            fetch.received, fetch.size = progress.received, progress.size

        keep = self._keep | {(wanted.model.folder, wanted.model.file) for wanted in list(self._fetches.values())}
        work = lambda: shelf.add(  # noqa: E731 - it is one call, made in a thread
            fetch.model, allow_pickle=fetch.allow_pickle, cached=True, keep=keep, report=report, stopped=stop.is_set
        )
        try:
            return await _apart(work)
        finally:
            stop.set()

    async def _write_uses(self) -> None:
        try:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                await asyncio.to_thread(self._write)
        finally:
            self._write()

    def _write(self) -> None:
        used, self._used = self._used, {}
        shelf = self._shelf() if used else None
        if shelf is None:
            return
        try:
            shelf.used(used)
        except OSError as fault:
            log.warning("which models were used could not be written down", reason=str(fault))


def _shown(model: Model, state: str, received: int = 0, size: int | None = None, error: str | None = None) -> dict[str, Any]:
    return {"folder": model.folder, "file": model.file, "state": state, "received": received, "size": size, "error": error}


def _sizes(shelf: Shelf, models: Sequence[Model]) -> dict[str, int]:
    """Return the sizes of those models that are there, as far as that is known without reading them; it blocks for a moment."""
    held = {model.path: found for model in models if (found := shelf.find(model.folder, model.file)) is not None}
    return {model.path: held[model.path].size for model in models if model.path in held and _is(held[model.path].model, model)}


def _is(held: Model, wanted: Model) -> bool:
    return not wanted.sha256 or held.sha256 == wanted.sha256


async def _apart(work: Callable[[], T]) -> T:
    """Return what a call returns that is made in a thread which keeps no process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, fault: BaseException | None) -> None:
        if done.cancelled():
            return
        if fault is not None:
            done.set_exception(fault)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # what `work` has returned

    def run() -> None:
        outcome: tuple[T | None, BaseException | None]
        try:
            outcome = work(), None
        except BaseException as fault:  # it belongs to whoever waits
            outcome = None, fault
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="fetch", daemon=True).start()
    return await done
