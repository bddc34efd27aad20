"""Catalogs: which node classes the backends have, also those of other machines and those that are stopped."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.catalog_files import catalog_key, unpack
from viewcomfy.core.errors import UnknownFile, ViewComfyError
from viewcomfy.core.inputs import Input
from viewcomfy.core.object_info import merge
from viewcomfy.engine.base import Engine
from viewcomfy.files.base import Files
from viewcomfy.service.inspections import Inspections

KEPT = 16
"""How many catalogs stay parsed, beside those that some backend has now."""


class CatalogService:
    """Know the catalogs of all backends, which their workers put into files.

    `why_unknown` is the reason in a sentence why the last `refresh` did not reach every backend, empty when it did.
    """

    def __init__(self, *, engine: Engine, files: Files) -> None:
        self.why_unknown = ""
        self._engine = engine
        self._inspections = Inspections(engine)
        self._files = files
        self._parsed: dict[str, Catalog] = {}
        self._merged: tuple[tuple[str, ...], Catalog] | None = None
        self._lock = asyncio.Lock()

    async def refresh(self, patience: float | None = None) -> None:
        """Have every backend's catalog known and fresh, within `patience` seconds; what fails is told by `why_unknown`.

        That takes nothing when it was done in the last seconds, 0.3 s when a backend runs, and a start of ComfyUI when none does
        and its installation has changed.
        """
        try:
            async with asyncio.timeout(patience):
                faults = await self._inspections.ask_all()
            why = _why(await self.unknown(), any_there=bool(await self._revisions()))
            self.why_unknown = str(faults[0]) if faults else why
        except ViewComfyError as fault:
            self.why_unknown = str(fault)
        except TimeoutError:
            self.why_unknown = f"ComfyUI did not say within {patience:g} s which nodes and models it has; it may still be starting."

    async def by_backend(self) -> dict[str, Catalog]:
        """Return the known catalogs by the names of their backends, `<worker>/<backend>` where two workers use the same name."""
        revisions = {name: revision for name, revision in (await self._revisions()).items() if revision}
        catalogs = await self._load(set(revisions.values()))
        return {name: catalogs[revision] for name, revision in revisions.items() if revision in catalogs}

    async def with_revisions(self, revisions: set[str]) -> dict[str, Catalog]:
        """Return the catalogs with these revisions, as far as they are kept."""
        return await self._load(revisions)

    async def unknown(self) -> list[str]:
        """Return the names of the backends whose catalogs are not known."""
        known = await self.by_backend()
        return [name for name in await self._revisions() if name not in known]

    async def merged(self) -> Catalog | None:
        """Return one catalog of what any backend has; None where nothing is known."""
        catalogs = _distinct((await self.by_backend()).values())
        if len(catalogs) < 2:
            return catalogs[0] if catalogs else None
        revisions = tuple(catalog.revision for catalog in catalogs)
        if self._merged is None or self._merged[0] != revisions:
            self._merged = (revisions, await asyncio.to_thread(merge, catalogs))
        return self._merged[1]

    async def live_choices(self, workflow: Mapping[str, Any], inputs: Iterable[Input], *, certain: bool = False) -> dict[str, list[Any]]:
        """Return, by param key, what may be chosen now for the inputs whose choices are files of a backend.

        It is all that any backend offers which has every node class of the workflow. An input is left out where some of them
        takes any value, and all are where no such backend is known. With `certain`, all are left out also where the catalog of
        any backend is unknown: what is not offered is then offered nowhere.
        """
        live = [declared for declared in inputs if declared.on_backend]
        if not live or (certain and await self.unknown()):
            return {}
        needed = {node["class_type"] for node in workflow.values()}
        able = [catalog for catalog in _distinct((await self.by_backend()).values()) if needed <= catalog.classes.keys()]
        found = {declared.key: _choices(able, declared) for declared in live}
        return {key: choices for key, choices in found.items() if choices is not None}

    async def _revisions(self) -> dict[str, str | None]:
        """Return the revision that each backend has; None where its worker does not know it."""
        backends = [(worker.name, backend) for worker in await self._engine.workers() for backend in worker.backends]
        names = Counter(str(backend.get("name")) for _, backend in backends)
        told: dict[str, str | None] = {}
        for worker, backend in backends:
            name, revision = str(backend.get("name")), backend.get("catalog")
            told[name if names[name] == 1 else f"{worker}/{name}"] = revision if isinstance(revision, str) else None
        return told

    async def _load(self, revisions: set[str]) -> dict[str, Catalog]:
        """Return the catalogs with these revisions, each read and parsed once; one whose file is gone is left out."""
        if not revisions <= self._parsed.keys():
            async with self._lock:
                for revision in revisions - self._parsed.keys():
                    await self._read(revision)
                self._trim(revisions)
        return {revision: self._parsed[revision] for revision in revisions if revision in self._parsed}

    async def _read(self, revision: str) -> None:
        try:
            data = b"".join([chunk async for chunk in self._files.read(catalog_key(revision))])
            self._parsed[revision] = await asyncio.to_thread(unpack, data)
        except UnknownFile:  # the worker puts it there again when it is asked to inspect
            pass
        except ValueError:
            await self._files.remove(catalog_key(revision))

    def _trim(self, needed: set[str]) -> None:
        spare = [revision for revision in self._parsed if revision not in needed]
        for revision in spare[: max(0, len(spare) - KEPT)]:
            del self._parsed[revision]


def _why(unknown: list[str], *, any_there: bool) -> str:
    if not any_there:
        return "No ComfyUI is connected: run `viewcomfy comfyui install`, or name one with --comfyui."
    return f"Which nodes and models {', '.join(unknown)} has is not known yet: no job has run there." if unknown else ""


def _distinct(catalogs: Iterable[Catalog]) -> list[Catalog]:
    by_revision = {catalog.revision: catalog for catalog in catalogs}
    return [by_revision[revision] for revision in sorted(by_revision)]


def _choices(catalogs: list[Catalog], declared: Input) -> list[Any] | None:
    """Return what any of the catalogs offers for an input, None where that is not a matter of choice."""
    offered = []
    for catalog in catalogs:
        node_class = catalog.classes.get(declared.class_type)
        spec = node_class.inputs.get(declared.input_name) if node_class else None
        if spec is None or spec.choices is None:
            return None
        offered.append(spec.choices)
    return list(dict.fromkeys(choice for choices in offered for choice in choices)) if offered else None
