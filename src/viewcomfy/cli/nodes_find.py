"""`viewcomfy nodes find`: which pack brings a node class, or what a workflow needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, DataDir, settings_from
from viewcomfy.core.errors import NotFound, ServerUnavailable

if TYPE_CHECKING:
    from viewcomfy.core.remedies import Providers
    from viewcomfy.packs.node_map_source import NodeMaps

PATIENCE = 90.0
"""Seconds to wait for the map of nodes to be fetched."""


def find(
    wanted: Annotated[str, typer.Argument(metavar="CLASS|FILE", help="A node class, or a file with a workflow.", show_default=False)],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say which packs bring a node class, or the nodes of a workflow that are not ComfyUI's own.

    By the map that ComfyUI-Manager publishes; it is fetched once a day at most, and kept.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.logs import log_to_stderr

    log_to_stderr("warning")
    names = _names(wanted)
    found = _find(names, data_dir)
    if as_json:
        return show.as_json([_told(name, found.get(name)) for name in names])
    shown = [name for name in names if name not in found or not found[name].built_in]
    if not shown:
        return show.say("ComfyUI itself brings all of it." if len(names) > 1 else f"ComfyUI itself brings {names[0]}.")
    if not found and len(names) == 1:
        raise NotFound(
            f"No pack is known to bring {names[0]!r}.", hint="Names are exact: look at class_type in the workflow. Nor is it a file."
        )
    rows = [(name, *_row(found.get(name))) for name in shown]
    return show.table(["CLASS", "PACK", "`viewcomfy nodes add` …", "OR"], rows)


def _names(wanted: str) -> list[str]:
    """Return the class that was named, or those of a file."""
    from viewcomfy.core.editor.classes import class_types
    from viewcomfy.core.editor.source import open_source

    return class_types(open_source(Path(wanted), wanted).workflow) if Path(wanted).is_file() else [wanted]


def _find(names: Sequence[str], data_dir: Path | None) -> Mapping[str, Providers]:
    from viewcomfy.cli.assemble_worker import find_comfyui, pip_pythons
    from viewcomfy.cli.waiting import waiting
    from viewcomfy.packs.node_map_source import NodeMaps
    from viewcomfy.settings import Settings

    settings = settings_from(Settings, data_dir=data_dir)
    maps = NodeMaps(settings.node_map_url, settings.data_dir.resolve() / "cache", pip_pythons(find_comfyui(settings)))
    with waiting("Fetching the map of nodes"):
        return asyncio.run(_ask(maps, names))


async def _ask(maps: NodeMaps, names: Sequence[str]) -> Mapping[str, Providers]:
    running = asyncio.create_task(maps.run())
    try:
        found = await maps.find(names, PATIENCE)
    finally:
        running.cancel()
        await asyncio.wait({running})
    if not maps.is_known:
        raise ServerUnavailable("The map of nodes could not be fetched.", hint="VIEWCOMFY_NODE_MAP_URL names a place that can be reached.")
    return found


def _told(name: str, found: Providers | None) -> dict[str, object]:
    packs = [asdict(pack) for pack in found.packs] if found else []
    return {"class": name, "packs": packs, "built_in": bool(found and found.built_in)}


def _row(found: Providers | None) -> tuple[str, str, str]:
    if found is None:
        return "not known", "", ""
    first, *others = found.packs
    return first.name, first.url, ", ".join(pack.name for pack in others)
