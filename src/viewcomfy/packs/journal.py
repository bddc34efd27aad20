"""The journal makes a change of packs whole: what a killed command has left is finished or undone by the next."""

from __future__ import annotations

import fcntl
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import bump, records_folder
from viewcomfy.core.errors import InstallFailed
from viewcomfy.packs.record import Pack, forget_pack, pack_from, write_pack
from viewcomfy.packs.twin import Swap, discard

JOURNAL = "nodes-journal.json"
LOCK = "nodes.lock"
WORK = "nodes-work-"
NOT_MOVABLE = "Nothing was changed. A folder that belongs to a container's image can't be moved: keep ComfyUI on a volume."
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
        folder = self._folder / f"{WORK}{secrets.token_hex(4)}"
        folder.mkdir()
        return folder

    def twin_of(self, venv: Path) -> Path:
        """Return where the twin of a virtual environment may be made: beside it, as it is to take its place."""
        return venv.with_name(f".{venv.name.lstrip('.')}{TWIN}{secrets.token_hex(4)}")

    def commit(self, commit: Commit) -> None:
        """Do what is left to do; cut off at any point, `recover` goes on with it. Raises InstallFailed where a folder can't be replaced."""
        for swap in commit.swaps:
            swap.prepare()
        partial = self._folder / f"{JOURNAL}.partial"
        partial.write_text(json.dumps(_as_json(commit)) + "\n")
        partial.replace(self._folder / JOURNAL)
        try:
            for swap in commit.swaps:
                swap.do()
        except OSError as fault:
            self._take_back(commit)
            raise InstallFailed(f"{fault.filename2 or fault.filename} can't be replaced: {fault.strerror}.", hint=NOT_MOVABLE) from fault
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

    def _do(self, commit: Commit) -> None:
        for swap in commit.swaps:
            swap.do()
        for path, trash in commit.trash:
            if path.exists() or path.is_symlink():
                trash.parent.mkdir(parents=True, exist_ok=True)
                path.rename(trash)
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
        twins = re.compile(rf"\.{re.escape(venv.name.lstrip('.'))}{re.escape(TWIN)}[0-9a-f]{{8}}(\.aside)?")
        beside = [path for path in venv.parent.iterdir() if twins.fullmatch(path.name)] if venv.parent.is_dir() else []
        custom_nodes = self._installation.base / "custom_nodes"
        return [*self._folder.glob(f"{WORK}*"), *beside, *custom_nodes.glob(".*.viewcomfy-????????.disabled")]


@contextmanager
def changing(installation: Installation, say: Callable[[str], None]) -> Iterator[Journal]:
    """Hold the lock of an installation's packs, with what a killed command has left put in order; waits for another one's end."""
    with (records_folder(installation) / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another command changes the packs of this ComfyUI: waiting for its end.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        journal = Journal(installation)
        if told := journal.recover():
            say(told)
        yield journal


def recover_if_idle(installation: Installation, say: Callable[[str], None]) -> None:
    """Put in order what a killed command has left, unless one is at work now or the records can't be written."""
    if not installation.records.is_dir():
        return
    with suppress(OSError), (installation.records / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
