"""A fingerprint tells whether a ComfyUI has the same node classes and choices as before, without starting it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.comfy.extra_paths import extra_folders, extra_paths_files
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import revision

SKIPPED = frozenset({"__pycache__", "node_modules"})
MAX_FOLDERS = 50_000
"""How many folders are looked at, so that a tree without an end costs an answer and not the worker."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`code` stands for what a ComfyUI reads when it starts, `models` for the folders that it lists whenever it is asked."""

    code: str
    models: str

    def __str__(self) -> str:
        return f"{self.code}-{self.models}"


def take_fingerprint(installation: Installation, extra_args: tuple[str, ...] = ()) -> Fingerprint:
    """Return the fingerprint of an installation that is started with these further arguments.

    It blocks: some 5 ms for a usual installation, names and times of change alone. A custom node whose choices come from
    anywhere else than its own Python files and the model folders is not seen to change.
    """
    configs = extra_paths_files(installation, extra_args)
    extra = [pair for config in configs for pair in extra_folders(config)]
    nodes = [installation.base / "custom_nodes", *(path for kind, path in extra if kind == "custom_nodes")]
    models = [installation.models, *(path for kind, path in extra if kind != "custom_nodes")]
    source = installation.main.parent
    code = [
        repr((str(installation.main), installation.version, extra_args)),
        *filter(None, [revision(installation)]),
        *map(_stamp, (source / "nodes.py", *configs)),
        *_python_files(source / "comfy_extras"),
        *(line for folder in nodes for line in _python_files(folder)),
        *_packages(installation.python),
    ]
    return Fingerprint(_digest(code), _digest(line for folder in models for line in _folders(folder)))


def packages_fingerprint(installation: Installation) -> str:
    """Return what stands for the installed packages, and for the ComfyUI that is started with them; it blocks for 1 ms or so."""
    source = installation.main.parent
    return _digest([str(installation), *map(_stamp, (installation.main, source / "comfyui_version.py")), *_packages(installation.python)])


def contents_fingerprint(installation: Installation) -> str:
    """Return what stands for all that an environment fixes: ComfyUI's code, packs and packages; it blocks for some 5 ms."""
    source = installation.main.parent
    stamps = map(_stamp, (installation.main, source / "nodes.py", source / "comfyui_version.py"))
    packs = _python_files(installation.base / "custom_nodes")
    return _digest([installation.version, *stamps, *packs, *_packages(installation.python)])


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:16]


def _stamp(path: Path) -> str:
    try:
        return _line(str(path), path.stat())
    except OSError:
        return f"{path} -"


def _line(name: str, status: os.stat_result) -> str:
    return f"{name} {status.st_mtime_ns}"


def _folders(root: Path) -> Iterator[str]:
    """Yield every folder below the root with its time of change, which moves when a file in it comes, goes or gets another name."""
    return (_line(folder, status) for folder, status, _ in _walk(root))


def _python_files(root: Path) -> Iterator[str]:
    """Yield the names in a folder, and every Python file below it with its time of change.

    The folders' own times are left out: custom nodes write caches and settings beside their code when they start.
    """
    for folder, _, entries in _walk(root):
        if folder == str(root):
            yield " ".join(entry.name for entry in entries if entry.name not in SKIPPED)
        for entry in entries:
            if entry.name.endswith(".py"):
                with suppress(OSError):  # a link to nowhere
                    yield _line(entry.path, entry.stat())


def _packages(python: Path) -> Iterator[str]:
    """Yield the installed Python packages with their versions: a custom node without its packages is not there."""
    for folder in sorted(python.parent.parent.glob("lib/python*/site-packages")):
        yield from sorted(name for name in os.listdir(folder) if name.endswith(".dist-info"))  # noqa: PTH208 - names are all we need


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result, list[os.DirEntry[str]]]]:
    """Yield every folder from the root on with what is in it, in a fixed order; links are followed, each folder is seen once."""
    waiting, seen = [str(root)], set[tuple[int, int]]()
    while waiting and len(seen) < MAX_FOLDERS:
        folder = waiting.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116 - thousands of folders: each Path would cost more than its answer
            if (place := (status.st_dev, status.st_ino)) in seen:
                continue
            seen.add(place)
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:  # it is not there, or not for us to read
            continue
        yield folder, status, entries
        waiting += [entry.path for entry in entries if not entry.name.startswith(".") and entry.name not in SKIPPED and entry.is_dir()]
