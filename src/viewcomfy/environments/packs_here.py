"""The packs of custom nodes of an installation, with where each is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import BadInput
from viewcomfy.environments.checkout import checkout_of
from viewcomfy.environments.checks import check_pack, is_remote
from viewcomfy.environments.document import Pack
from viewcomfy.packs.record import Pack as Recorded
from viewcomfy.packs.record import read_packs

SKIPPED = frozenset({"__pycache__", "example_node.py.example", "websocket_image_save.py"})
"""What ComfyUI itself has there."""


@dataclass(slots=True)
class Found:
    """`unknown` are sentences about packs that can't be had elsewhere, `notes` what to know of others."""

    packs: list[Pack] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def packs_of(installation: Installation) -> Found:
    """Return what lies in its folder of custom nodes and is not switched off."""
    found, known = Found(), read_packs(installation)
    for path in _entries(installation.base / "custom_nodes"):
        _add(found, path, known)
    return found


def _add(found: Found, path: Path, known: Mapping[str, Recorded]) -> None:
    recorded = known.get(path.name) or Recorded(path.name)
    checkout = checkout_of(path) if path.is_dir() else None
    if checkout is not None:  # what is there now counts, not what was installed once
        pack = Pack(path.name, url=checkout.url, commit=checkout.commit)
    elif recorded.version:
        pack = Pack(path.name, id=recorded.id, version=recorded.version)
    else:
        pack = Pack(path.name, url=recorded.url, commit=recorded.commit)
    try:
        found.packs.append(check_pack(pack))
    except BadInput:
        found.unknown.append(_why(path, pack))
        return
    if checkout is not None and checkout.is_own:
        found.notes.append(
            f"The commit {pack.commit[:12]} of the pack {path.name} was made here: push it, for others to get it from {pack.url}."
        )
    if checkout is not None and checkout.changed:
        found.notes.append(f"The pack {path.name} has been changed here: its commit {pack.commit[:12]} is frozen, the changes are not.")


def _why(path: Path, pack: Pack) -> str:
    if pack.commit and not is_remote(pack.url):
        return f"the pack {path.name} is a checkout without an https or ssh URL that others could get it from"
    kind = "a folder" if path.is_dir() else "a file"
    return f"the pack {path.name} is {kind} that is neither a git checkout nor installed by `viewcomfy nodes add`"


def _entries(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name in SKIPPED or path.name.startswith(".") or path.name.endswith(".disabled"):
            continue
        if path.is_dir() or path.suffix == ".py":
            yield path
