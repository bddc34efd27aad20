"""The shelf of packs: everything that lies in custom_nodes, ours or put there by hand; and how one is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import Conflict, UnknownPack
from viewcomfy.packs import git
from viewcomfy.packs.fetch import edited
from viewcomfy.packs.journal import Commit, changing
from viewcomfy.packs.record import Pack, read_packs
from viewcomfy.packs.requirements import read_wanted
from viewcomfy.packs.source import shown

SKIPPED = frozenset({"__pycache__", "example_node.py.example", "websocket_image_save.py"})
"""What ComfyUI itself has there."""


@dataclass(frozen=True, slots=True)
class Found:
    """A pack in custom_nodes; `pack` is what we recorded, or what its checkout says (`is_ours` False: put there by hand)."""

    name: str
    path: Path
    pack: Pack
    is_ours: bool
    is_enabled: bool = True


def listed(installation: Installation) -> list[Found]:
    """Return everything that lies in custom_nodes, by name."""
    recorded = read_packs(installation)
    return [_found(path, recorded.get(path.name)) for path in _entries(installation)]


def named(installation: Installation, name: str) -> Found | None:
    """Return the pack of a name, whose case does not matter; None where there is none."""
    return next((each for each in listed(installation) if each.name.lower() == name.lower()), None)


def require_others(installation: Installation, name: str) -> list[str]:
    """Return the requirements of all packs but one, whoever put them there."""
    others = [path for path in _entries(installation) if path.is_dir() and path.name != name and not path.name.endswith(".disabled")]
    return [line for path in others for line in read_wanted(path).lines]


def remove(installation: Installation, name: str, *, force: bool, say: Callable[[str], None]) -> Found:
    """Take a pack away, and return what it was. Its packages stay.

    Raises UnknownPack; Conflict where something would be lost that can't be had again, unless `force` is set.
    """
    with changing(installation, say) as journal:
        found = named(installation, name)
        if found is None:
            raise UnknownPack(f"There is no pack {name}.", hint="`viewcomfy nodes list` shows those that are there.")
        if not force:
            _check_can_be_had_again(found)
        work = journal.work_folder()
        try:
            journal.commit(Commit(found.name, trash=((found.path, _trash(found, work)),)))
        finally:
            journal.clean(work)
        return found


def _trash(found: Found, work: Path) -> Path:
    """Return where a pack goes before it is deleted: it must be on the same disk, and ComfyUI must not look there."""
    if found.path.parent.stat().st_dev == work.stat().st_dev:
        return work / found.name
    return found.path.with_name(f".{found.name}.viewcomfy-{work.name[-8:]}.disabled")


def _check_can_be_had_again(found: Found) -> None:
    hint = "--force takes it away all the same."
    if found.path.is_symlink():
        return
    if not found.is_ours and not found.pack.url:
        raise Conflict(f"{found.name} was put there by hand, and nothing says where it could be had again.", hint=hint)
    if found.path.is_dir() and (files := edited(found.pack, found.path)):
        raise Conflict(f"The files of {found.name} have been changed by hand: {', '.join(files[:5])}.", hint=hint)


def _found(path: Path, pack: Pack | None) -> Found:
    enabled = not path.name.endswith(".disabled")
    if pack is not None:
        return Found(path.name, path, pack, is_ours=True, is_enabled=enabled)
    url, branch = git.origin_of(path) if path.is_dir() else ("", "")
    commit = git.commit_in(path) if path.is_dir() else ""
    return Found(path.name, path, Pack(path.name, url=shown(url), branch=branch, commit=commit), is_ours=False, is_enabled=enabled)


def _entries(installation: Installation) -> Iterator[Path]:
    folder = installation.base / "custom_nodes"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in SKIPPED and not path.name.startswith(".") and (path.is_dir() or path.name.endswith((".py", ".py.disabled"))):
            yield path
