"""The journal makes a change of packs whole: what a killed command has left is finished or undone by the next."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import bump, records_folder
from viewcomfy.core.errors import InstallFailed
from viewcomfy.packs.record import Pack, forget_pack, pack_from, write_pack
from viewcomfy.packs.twin import Swap, aside, discard

JOURNAL = "nodes-journal.json"
LOCK = "nodes.lock"
WORK = "nodes-work-"
NOT_MOVABLE = "Nothing was changed. A folder that belongs to a container's image can't be moved: keep ComfyUI on a volume."
TOKEN_DIGITS = 8
TWIN = ".twin-"
"""What the name of a virtual environment's twin ends with, and a token."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What is left to do once everything has been tried: folders that change places, folders that go, and what is recorded."""

    name: str
    swaps: tuple[Swap, ...] = ()
    trash: tuple[tuple[Path, Path], ...] = ()
    pack: Pack | None = field(default=None)


class Journal:
    """The journal of one installation; to be used by whoever holds its lock."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._folder = records_folder(installation)

    def work_folder(self) -> Path:
        """Make a folder for one change; it goes with the change."""
        folder = self._folder / f"{WORK}{secrets.token_hex(TOKEN_DIGITS // 2)}"
        folder.mkdir()
        return folder

    def twin_of(self, venv: Path, work: Path) -> Path:
        """Return where the twin of a virtual environment may be made: beside it, as it is to take its place.

        By its name it belongs to a work folder: another installation may share the virtual environment, and have twins there too.
        """
        return venv.with_name(f".{venv.name.lstrip('.')}{TWIN}{work.name[-TOKEN_DIGITS:]}")

    def commit(self, commit: Commit) -> None:
        """Do what is left to do; cut off at any point, `recover` goes on with it. Raises InstallFailed where a folder can't be replaced."""
        for swap in commit.swaps:
            swap.prepare()
        self._write(commit)
        self._do(commit)

    def clean(self, *paths: Path) -> None:
        """Delete what a change has used, unless it was cut off in the middle of its commit and is to be finished."""
        if not (self._folder / JOURNAL).exists():
            for path in paths:
                discard(path)

    def recover(self) -> str:
        """Finish a change that was cut off after it had been tried, undo one that was cut off before; return a sentence, or nothing."""
        commit, told = self._read(), ""
        if commit is not None:
            self._do(commit)
            told = f"An interrupted change of {commit.name} was finished."
        elif self._leftovers():
            told = "An interrupted change of packs was undone."
        for path in self._leftovers():
            discard(path)
        return told

    def _write(self, commit: Commit) -> None:
        """Note what is to be done; it is on the disk before anything is done, so that a machine that loses its power finds it."""
        partial = self._folder / f"{JOURNAL}.partial"
        with partial.open("w") as file:
            file.write(json.dumps(_as_json(commit)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._folder / JOURNAL)

    def _do(self, commit: Commit) -> None:
        try:
            _move(commit)
        except OSError as fault:
            self._take_back(commit)
            raise InstallFailed(f"{fault.filename} can't be moved: {fault.strerror}.", hint=NOT_MOVABLE) from fault
        if commit.pack is None:
            forget_pack(self._installation, commit.name)
        else:
            write_pack(self._installation, commit.pack)
        bump(self._installation)
        for swap in commit.swaps:
            swap.finish()
        for _, trash in commit.trash:
            discard(trash)
        (self._folder / JOURNAL).unlink(missing_ok=True)

    def _take_back(self, commit: Commit) -> None:
        for path, trash in commit.trash:
            if os.path.lexists(trash) and not os.path.lexists(path):
                trash.rename(path)
        for swap in reversed(commit.swaps):
            swap.undo()
        (self._folder / JOURNAL).unlink()

    def _read(self) -> Commit | None:
        try:
            return _from_json(json.loads((self._folder / JOURNAL).read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _leftovers(self) -> list[Path]:
        """Return what changes that were cut off have left: their folders, and twins beside the virtual environment."""
        venv = venv_of(self._installation)
        works = list(self._folder.glob(f"{WORK}*"))
        twins = [self.twin_of(venv, work) for work in works]
        beside = [path for twin in twins for path in (twin, aside(twin)) if os.path.lexists(path)]
        custom_nodes = self._installation.base / "custom_nodes"
        return [*beside, *custom_nodes.glob(".*.viewcomfy-????????.disabled"), *works]  # the works last: they tell of the twins


def _move(commit: Commit) -> None:
    """Give every folder its place, as far as that has not been done."""
    for swap in commit.swaps:
        swap.do()
    for path, trash in commit.trash:
        if os.path.lexists(path):
            trash.parent.mkdir(parents=True, exist_ok=True)
            path.rename(trash)


@contextmanager
def changing(installation: Installation, say: Callable[[str], None]) -> Iterator[Journal]:
    """Hold the lock of an installation's packs, with what a killed command has left put in order; waits for another one's end."""
    with (records_folder(installation) / LOCK).open("w") as lock, _beside(venv_of(installation)) as others:
        for each in (lock.fileno(), *others):
            if not _lock(each):
                say("Another command changes the packs of this ComfyUI: waiting for its end.")
                fcntl.flock(each, fcntl.LOCK_EX)
        journal = Journal(installation)
        if told := journal.recover():
            say(told)
        yield journal


def _lock(file: int) -> bool:
    """Lock a file or folder; tell whether it is ours now, or can't be locked at all, as on some file systems."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def _beside(venv: Path) -> Iterator[Sequence[int]]:
    """Give what to lock against commands for other installations that share the virtual environment: its folder, where that can be."""
    try:
        folder = os.open(venv.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield ()
        return
    try:
        yield (folder,)
    finally:
        os.close(folder)


def recover_if_idle(installation: Installation, say: Callable[[str], None]) -> None:
    """Put in order what a killed command has left, unless one is at work now or the records can't be written."""
    if not installation.records.is_dir():
        return
    with suppress(OSError, InstallFailed), (installation.records / LOCK).open("w") as lock, _beside(venv_of(installation)) as others:
        if not all(map(_lock, (lock.fileno(), *others))):
            return
        if told := Journal(installation).recover():
            say(told)


def venv_of(installation: Installation) -> Path:
    """Return the folder of an installation's virtual environment, links followed."""
    return installation.python.parent.parent.resolve()


def _as_json(commit: Commit) -> dict[str, Any]:
    return {
        "name": commit.name,
        "swaps": [[str(swap.new), str(swap.live)] for swap in commit.swaps],
        "trash": [[str(path), str(trash)] for path, trash in commit.trash],
        "pack": asdict(commit.pack) if commit.pack else None,
    }


def _from_json(value: Mapping[str, Any]) -> Commit:
    return Commit(
        str(value["name"]),
        tuple(Swap(Path(new), Path(live)) for new, live in value["swaps"]),
        tuple((Path(path), Path(trash)) for path, trash in value["trash"]),
        pack_from(value["pack"]) if value["pack"] else None,
    )
