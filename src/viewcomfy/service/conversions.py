"""Conversions: whatever a workflow comes as, in the end it is in the API format."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from viewcomfy.core.editor.convert import Converted, convert
from viewcomfy.core.editor.format import is_editor_workflow
from viewcomfy.core.editor.source import LARGEST_JSON, Origin, Source, of_json, open_source
from viewcomfy.core.errors import BadInput, InvalidWorkflow, TooLarge, UiWorkflow
from viewcomfy.core.workflows import EXPORT_HINT, check_workflow, read_json
from viewcomfy.service.catalogs import CatalogService

PATIENCE = 60.0
"""Seconds that a call with a workflow of its own waits to hear what the backends have, where that is not known."""
KEPT = 64
"""How many workflows stay converted, so that calls that bring the same one need no work."""
KEPT_BYTES = 512 * 1024
"""What is larger is converted again each time: all that is kept takes several times as much memory as it has bytes."""
LONG_TEXT = 64 * 1024
"""Characters of JSON that are parsed in a few milliseconds."""

_Key = tuple[bytes, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Read:
    """What came, and what has become of it."""

    converted: Converted
    origin: Origin


class Conversions:
    """Brings workflows into the API format, with what the backends say of their node classes."""

    def __init__(self, catalogs: CatalogService) -> None:
        self._catalogs = catalogs
        self._kept: OrderedDict[_Key, Converted] = OrderedDict()

    async def api_of(
        self, value: Any, what: str = "workflow_api", *, patience: float | None = PATIENCE, environment: str | None = None
    ) -> Converted:
        """Return a workflow in the API format, and the models that it names: parsed JSON, its text, or the path of any file with one.

        What is in the API format passes as it is. What is not needs a backend whose classes are known, one of the `environment`
        where that is not None; where they are not known, or do not do, the backends are asked within `patience` seconds (None: they
        are not). Raises InvalidWorkflow and its kinds, UiWorkflow where nothing can be known, InvalidJson, BadInput, TooLarge.
        """
        return (await self.read(value, what, patience=patience, environment=environment)).converted

    async def read(
        self, value: Any, what: str = "workflow_api", *, patience: float | None = PATIENCE, environment: str | None = None
    ) -> Read:
        """Do as `api_of` does, and say what it was."""
        source = await _source(value, what)
        if not is_editor_workflow(source.workflow):
            return Read(Converted(check_workflow(source.workflow, what), ()), source.origin)
        infos: Mapping[str, Mapping[str, Any]] = await self._catalogs.object_infos(environment)
        try:
            if infos:
                return Read(await self._convert(source.workflow, infos, what), source.origin)
        except InvalidWorkflow:
            if patience is None:
                raise
        infos = await self._asked(infos, patience, environment)
        if not infos:
            raise self._nothing_known(what, environment)
        return Read(await self._convert(source.workflow, infos, what), source.origin)

    async def _asked(
        self, known: Mapping[str, Mapping[str, Any]], patience: float | None, environment: str | None
    ) -> Mapping[str, Mapping[str, Any]]:
        if patience is None:
            return known
        await self._catalogs.refresh(patience)
        return await self._catalogs.object_infos(environment)

    async def _convert(self, workflow: Mapping[str, Any], infos: Mapping[str, Mapping[str, Any]], what: str) -> Converted:
        """Convert with what the backends say, by revision; on a thread, and once for the same of both."""
        text = await asyncio.to_thread(_bytes, workflow)
        key = hashlib.sha256(text).digest(), tuple(infos)
        if (known := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return known
        made = await asyncio.to_thread(_convert, workflow, tuple(infos.values()), what)
        if len(text) <= KEPT_BYTES:
            self._kept[key] = made
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def _nothing_known(self, what: str, environment: str | None) -> UiWorkflow:
        why = self._catalogs.why_unknown.partition("\n")[0].removesuffix(" Its last lines:")
        why = why or (f"No backend that is known has the environment {environment}." if environment else "")
        return UiWorkflow(
            f"{what} is in the format of ComfyUI's editor, and there is no ComfyUI whose nodes it could be converted with. {why}".rstrip(),
            hint="Try again when one is there, or send what Workflow → Export (API) saves.",
        )


async def _source(value: Any, what: str) -> Source:
    if isinstance(value, Path):
        return await asyncio.to_thread(open_source, value, what)
    if not isinstance(value, str):
        return of_json(value, what) if isinstance(value, dict) else Source(check_workflow(value, what), "api")
    if not value.strip():
        raise BadInput(f"{what} is empty.", hint=EXPORT_HINT)
    if len(value) > LARGEST_JSON:
        raise TooLarge(f"{what} is larger than {LARGEST_JSON:,} bytes.")
    parse = partial(read_json, value, what)
    return of_json(parse() if len(value) <= LONG_TEXT else await asyncio.to_thread(parse), what)


def _bytes(workflow: Mapping[str, Any]) -> bytes:
    return json.dumps(workflow, separators=(",", ":")).encode()  # ASCII: it may hold halves of surrogate pairs


def _convert(workflow: Mapping[str, Any], infos: tuple[Mapping[str, Any], ...], what: str) -> Converted:
    made = convert(workflow, fitting(workflow, infos))
    check_workflow(made.workflow_api, what)  # nothing may be left of one whose nodes are all muted
    return made


def fitting(workflow: Mapping[str, Any], infos: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any]:
    """Return the first of what backends say that has every class of a workflow which any of them has; else all of it together."""
    known = {name for info in infos for name in info}
    needed = known & set(_types(workflow))
    for info in infos:
        if needed <= info.keys():
            return info
    return {name: described for info in reversed(infos) for name, described in info.items()}


def _types(value: Any) -> Iterator[str]:
    """Yield the types of all nodes, those inside of subgraphs too. Nothing else that has a type is called as a node is."""
    todo: list[Any] = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            if isinstance(kind := one.get("type"), str):
                yield kind
            todo += _inner(one.values())
        elif isinstance(one, list):
            todo += _inner(one)


def _inner(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]
