"""The record of packs: what we put into an installation, and from where; a file of its own in the installation's records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import records_folder

RECORD = "packs.json"


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that we installed into the folder `name` of custom_nodes.

    Of a repository: `url`, `ref` as it was asked for, `branch` that it follows (empty: pinned), `commit`. Of the registry: `id` and
    `version`, `pinned` if a version was asked for. `digest` stands for the files that came, `classes` are the node classes it brought.
    """

    name: str
    url: str = ""
    ref: str = ""
    branch: str = ""
    commit: str = ""
    id: str = ""
    version: str = ""
    pinned: bool = False
    digest: str = ""
    requirements: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    added_at: str = ""

    @property
    def state(self) -> str:
        """Which state of it is there, in a word."""
        return self.version or self.commit[:12]


def read_packs(installation: Installation) -> dict[str, Pack]:
    """Return what is recorded, by name; what can't be read counts as not there."""
    try:
        value = json.loads((installation.records / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    entries = value.items() if isinstance(value, dict) else ()
    return {name: _pack(name, entry) for name, entry in entries if isinstance(entry, dict)}


def write_pack(installation: Installation, pack: Pack) -> None:
    """Record a pack in the place of what was recorded under its name."""
    _write(installation, {**read_packs(installation), pack.name: pack})


def forget_pack(installation: Installation, name: str) -> None:
    """Take a pack out of the record; nothing happens where it is not in it."""
    packs = read_packs(installation)
    if packs.pop(name, None):
        _write(installation, packs)


def pack_from(entry: Mapping[str, Any]) -> Pack:
    """Return a pack from what `asdict` made of it."""
    return _pack(str(entry.get("name", "")), entry)


def _write(installation: Installation, packs: Mapping[str, Pack]) -> None:
    folder = records_folder(installation)
    partial = folder / f"{RECORD}.partial"
    partial.write_text(json.dumps({name: asdict(pack) for name, pack in sorted(packs.items())}, indent=2) + "\n")
    partial.replace(folder / RECORD)


def _pack(name: str, entry: Mapping[str, Any]) -> Pack:
    known: dict[str, Any] = {}
    for each in fields(Pack):
        value = entry.get(each.name)
        if isinstance(value, list):
            known[each.name] = tuple(str(item) for item in value)
        elif isinstance(value, (str, bool)):
            known[each.name] = value
    return Pack(**{**known, "name": name})
