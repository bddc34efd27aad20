"""A twin is a copy of a folder that costs next to nothing and takes the folder's place in one step, or is thrown away."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.core.errors import DiskFull, InstallFailed

MARKER = ".viewcomfy-new"
SMALL = 256 * 1024
"""Files up to so many bytes are copied where programs may write into them; larger ones are libraries and weights, which nothing edits."""
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def make_twin(folder: Path, twin: Path, *, small: int = 0) -> None:
    """Make `twin` the same as `folder` by hard links; files up to `small` bytes, and all where links can't be, are copied.

    Installers replace files and never write into them, so that links are safe for packages. Raises DiskFull or InstallFailed.
    """
    try:
        for place, folders, files in os.walk(folder, onerror=_unless_gone):
            there = twin / Path(place).relative_to(folder)
            there.mkdir(parents=True, exist_ok=True)
            for name in [*files, *(each for each in folders if Path(place, each).is_symlink())]:
                _same(Path(place, name), there / name, small)
    except OSError as fault:
        shutil.rmtree(twin, ignore_errors=True)
        if fault.errno == errno.ENOSPC:
            raise DiskFull(f"There is no room for a copy of {folder}.", hint="Free some, and run it again: nothing was changed.") from fault
        raise InstallFailed(f"{folder} can't be copied: {fault}.", hint="Nothing was changed.") from fault


def _unless_gone(fault: OSError) -> None:
    """Let a folder go that is not there any more; one that can't be read must not be missing in the twin, which replaces it."""
    if not isinstance(fault, FileNotFoundError):
        raise fault


def _same(source: Path, target: Path, small: int) -> None:
    try:
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif small and source.stat().st_size <= small:
            shutil.copy2(source, target)
        else:
            _link(source, target)
    except FileNotFoundError:
        return  # a running ComfyUI has replaced it meanwhile: a compiled module, which is made anew when it is missed


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)


def own_scripts(twin: Path, folder: Path) -> None:
    """Make the scripts that were installed into a virtual environment's twin begin with the folder's Python, whose place it will take."""
    for script in _scripts(twin / "bin"):
        data = script.read_bytes()
        if data.startswith(b"#!") and bytes(twin) in data:
            mode = script.stat().st_mode
            script.unlink()  # never write into a file that may have two names
            script.write_bytes(data.replace(bytes(twin), bytes(folder)))
            script.chmod(mode)


def _scripts(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= SMALL:
            yield path


@dataclass(frozen=True, slots=True)
class Swap:
    """`new` takes the place of `live`, which then lies where `new` was, or nowhere if there was none.

    Each step can be done again after it was cut off: the marker inside `new` tells whether the exchange has been.
    """

    new: Path
    live: Path

    def prepare(self) -> None:
        """Mark the new folder, before anything is noted of it."""
        (self.new / MARKER).touch()

    def do(self) -> None:
        """Exchange them, unless that has been done."""
        if not (self.new / MARKER).exists():
            return
        if os.path.lexists(self.live):
            exchange(self.new, self.live)
        else:
            self.live.parent.mkdir(parents=True, exist_ok=True)
            self.new.rename(self.live)

    def undo(self) -> None:
        """Exchange them back, if they have been exchanged."""
        if not (self.live / MARKER).exists():
            return
        if os.path.lexists(self.new):
            exchange(self.new, self.live)
        else:
            self.live.rename(self.new)

    def finish(self) -> None:
        """Take the marker away, and then what was there before."""
        (self.live / MARKER).unlink(missing_ok=True)
        discard(self.new)
        discard(aside(self.new))


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places: in one step where the system can do that, by three renames otherwise."""
    if not _exchange_at_once(one, other):
        other.rename(aside(one))
        one.rename(other)
        aside(one).rename(one)


def aside(path: Path) -> Path:
    """Return where a folder is put for a moment that can't change places with another in one step."""
    return path.with_name(f"{path.name}.aside")


def _exchange_at_once(one: Path, other: Path) -> bool:
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(rename(_AT_FDCWD, bytes(one), _AT_FDCWD, bytes(other), _RENAME_EXCHANGE) == 0)


def discard(path: Path) -> None:
    """Delete a folder, file or link; nothing happens where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
