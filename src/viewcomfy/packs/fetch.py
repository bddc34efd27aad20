"""Fetching brings a pack's files into a folder beside those of the installation, new or as a newer state of what is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from viewcomfy.core.errors import PackBroken
from viewcomfy.packs import git
from viewcomfy.packs.record import Pack
from viewcomfy.packs.registry import TRACKING, Registry, download, unpack
from viewcomfy.packs.source import NIGHTLY, GitSource, RegistrySource, Source, parse_source
from viewcomfy.packs.twin import SMALL, discard, make_twin


def settle(source: Source, registry: Registry) -> Source:
    """Return where a pack really comes from: the nightly version of a registry's entry is a repository."""
    if isinstance(source, RegistrySource) and source.version == NIGHTLY:
        return parse_source(registry.repository(source))
    return source


def fetch(source: Source, folder: Path, scratch: Path, registry: Registry) -> Pack:
    """Bring a pack into a folder that is not there yet, and return its record."""
    if isinstance(source, GitSource):
        checkout = git.clone(source, folder)
        return _of_git(Pack(folder.name), source, checkout)
    return _of_registry(Pack(folder.name), source, folder, scratch, registry)


def fetch_newer(pack: Pack, source: Source, live: Path, folder: Path, *, scratch: Path, registry: Registry) -> Pack:
    """Bring a newer state of the pack in `live` into `folder`, together with the files that the pack or its users have added."""
    make_twin(live, folder, small=SMALL)
    for compiled in list(folder.rglob("__pycache__")):
        discard(compiled)  # what is newer may look the same by its time and size
    if isinstance(source, GitSource):
        return _of_git(pack, source, git.advance(source, folder))
    for name in tracked(folder):
        discard(folder / name)
    return _of_registry(pack, source, folder, scratch, registry)


def edited(pack: Pack, folder: Path) -> list[str]:
    """Return what has been changed by hand: a pack's own files by their names, or "its files" where only that is known, and commits."""
    if (folder / ".git").exists():
        return [*git.changes(folder), *(f"the commit {commit}" for commit in git.own_commits(folder))]
    return ["its files"] if pack.digest and pack.digest != digest_of(folder, tracked(folder)) else []


def tracked(folder: Path) -> list[str]:
    """Return the files that came with a pack of the registry; what leads out of its folder is left out."""
    try:
        names = (folder / TRACKING).read_text(errors="replace").splitlines()
    except OSError:
        return []
    root = folder.resolve()
    return [name for name in names if name and (folder / name).resolve().is_relative_to(root) and (folder / name).resolve() != root]


def digest_of(folder: Path, names: Iterable[str]) -> str:
    """Return what stands for the content of files; one that is missing counts too."""
    total = hashlib.sha256()
    for name in sorted(names):
        path = folder / name
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "-"
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()


def _of_git(pack: Pack, source: GitSource, checkout: git.Checkout) -> Pack:
    return replace(pack, url=source.url, ref=source.ref, branch=checkout.branch, commit=checkout.commit, id="", version="", digest="")


def _of_registry(pack: Pack, source: RegistrySource, folder: Path, scratch: Path, registry: Registry) -> Pack:
    release = registry.release(source)
    archive = scratch / "archive.zip"
    download(release, archive)
    names = unpack(archive, folder)
    if not names:
        raise PackBroken(f"The archive of {release.id} {release.version} is empty.")
    (folder / TRACKING).write_text("\n".join(names))
    return replace(
        pack, id=release.id, version=release.version, pinned=bool(source.version), digest=digest_of(folder, names), url="", commit=""
    )
