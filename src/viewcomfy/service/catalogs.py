"""Catalogs: which node classes the backends have, also those of other machines and those that are stopped."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.catalog_files import catalog_key, unpack, unpack_raw
from viewcomfy.core.errors import UnknownFile, ViewComfyError
from viewcomfy.core.inputs import Input
from viewcomfy.core.object_info import merge
from viewcomfy.core.scheduling import serves
from viewcomfy.engine.base import Engine
from viewcomfy.files.base import Files
from viewcomfy.service.inspections import Inspections

KEPT = 16
"""How many catalogs stay parsed, beside those that some backend has now."""
KEPT_RAW = 4
"""How many stay as ComfyUI said them: that takes several times as much memory, and only conversions need it."""
MERGED = 4
"""How many merged ones are kept: of all backends, of those for jobs without an environment, and of a few with one."""


class CatalogService:
    """Know the catalogs of all backends, which their workers put into files.

    Where an `environment` is asked for, only the backends count that take jobs which name it; empty stands for jobs that name none.
    `why_unknown` is the reason in a sentence why the last `refresh` did not reach every backend, empty when it did.
    """

    def __init__(self, *, engine: Engine, files: Files) -> None:
        self.why_unknown = ""
        self._engine = engine
        self._inspections = Inspections(engine)
        self._files = files
        self._parsed: dict[str, Catalog] = {}
        self._raw: dict[str, Mapping[str, Any]] = {}
        self._merged: dict[tuple[str, ...], Catalog] = {}
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

    async def by_backend(self, environment: str | None = None) -> dict[str, Catalog]:
        """Return the known catalogs by the names of their backends, `<worker>/<backend>` where two workers use the same name."""
        revisions = {name: revision for name, revision in (await self._revisions(environment)).items() if revision}
        catalogs = await self._load(set(revisions.values()))
        return {name: catalogs[revision] for name, revision in revisions.items() if revision in catalogs}

    async def object_infos(self, environment: str | None = None) -> dict[str, Mapping[str, Any]]:
        """Return what the backends said of their node classes (`GET /object_info`), by revision; what is not known is left out."""
        revisions = sorted({revision for revision in (await self._revisions(environment)).values() if revision})
        found = {revision: raw for revision in revisions if (raw := await self._read_raw(revision)) is not None}
        self._raw = dict(list({**found, **self._raw}.items())[:KEPT_RAW])
        return found

    async def with_revisions(self, revisions: set[str]) -> dict[str, Catalog]:
        """Return the catalogs with these revisions, as far as they are kept."""
        return await self._load(revisions)

    async def unknown(self, environment: str | None = None) -> list[str]:
        """Return the names of the backends whose catalogs are not known."""
        known = await self.by_backend(environment)
        return [name for name in await self._revisions(environment) if name not in known]

    async def merged(self, environment: str | None = None) -> Catalog | None:
        """Return one catalog of what any backend has; None where nothing is known."""
        catalogs = _distinct((await self.by_backend(environment)).values())
        if len(catalogs) < 2:
            return catalogs[0] if catalogs else None
        revisions = tuple(catalog.revision for catalog in catalogs)
        if revisions not in self._merged:
            self._merged[revisions] = await asyncio.to_thread(merge, catalogs)
            while len(self._merged) > MERGED:
                del self._merged[next(iter(self._merged))]
        return self._merged[revisions]

    async def live_choices(
        self, workflow: Mapping[str, Any], inputs: Iterable[Input], *, certain: bool = False, environment: str | None = None
    ) -> dict[str, list[Any]]:
        """Return, by param key, what may be chosen now for the inputs whose choices are files of a backend.

        It is all that any backend offers which has every node class of the workflow. An input is left out where some of them
        takes any value, and all are where no such backend is known. With `certain`, all are left out also where the catalog of
        any backend is unknown: what is not offered is then offered nowhere.
        """
        live = [declared for declared in inputs if declared.on_backend]
        if not live or (certain and await self.unknown(environment)):
            return {}
        needed = {node["class_type"] for node in workflow.values()}
        able = [catalog for catalog in _distinct((await self.by_backend(environment)).values()) if needed <= catalog.classes.keys()]
        found = {declared.key: _choices(able, declared) for declared in live}
        return {key: choices for key, choices in found.items() if choices is not None}

    async def _revisions(self, environment: str | None = None) -> dict[str, str | None]:
        """Return the revision that each backend has; None where its worker does not know it."""
        backends = [(worker.name, backend) for worker in await self._engine.workers() for backend in worker.backends]
        names = Counter(str(backend.get("name")) for _, backend in backends)
        told: dict[str, str | None] = {}
        for worker, backend in backends:
            name, revision = str(backend.get("name")), backend.get("catalog")
            if environment is not None and not takes(backend, environment):
                continue
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

    async def _read_raw(self, revision: str) -> Mapping[str, Any] | None:
        if revision in self._raw:
            return self._raw[revision]
        try:
            return await asyncio.to_thread(unpack_raw, await self._bytes(revision))
        except (UnknownFile, ValueError):  # `_read` sees to that, and so does the worker
            return None

    async def _bytes(self, revision: str) -> bytes:
        return b"".join([chunk async for chunk in self._files.read(catalog_key(revision))])

    async def _read(self, revision: str) -> None:
        try:
            self._parsed[revision] = await asyncio.to_thread(unpack, await self._bytes(revision))
        except UnknownFile:  # the worker puts it there again when it is asked to inspect
            pass
        except ValueError:
            await self._files.remove(catalog_key(revision))

    def _trim(self, needed: set[str]) -> None:
        spare = [revision for revision in self._parsed if revision not in needed]
        for revision in spare[: max(0, len(spare) - KEPT)]:
            del self._parsed[revision]


def takes(backend: Mapping[str, Any], wanted: str) -> bool:
    """Tell whether a backend, as its worker shows it, takes jobs that want this environment, empty for any."""
    return serves(wanted, str(backend.get("environment") or ""), aside=bool(backend.get("aside")))


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
