"""The shelf is the models of an installation: listed, fetched, checked, removed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import BadInput, Conflict, DiskFull, UnknownFile
from viewcomfy.core.model_urls import without_secrets
from viewcomfy.core.models import Model, check_model
from viewcomfy.models import formats
from viewcomfy.models.cache import to_remove
from viewcomfy.models.download import SPARE, Pace, Progress, Report
from viewcomfy.models.fetching import Fetching, fetch
from viewcomfy.models.folders import Folders
from viewcomfy.models.hashes import file_sha256
from viewcomfy.models.partial import Partial, partial_path, progress_of, unfinished
from viewcomfy.models.record import Entry, Record
from viewcomfy.models.safetensors import Unsound
from viewcomfy.models.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Held:
    """A model file that is there. `model` has its URL and hash as far as they are known. Times are Unix time, 0 where there is none.

    `fetched`: by us. `cached`: for a deployment, so that it may go again. `extra`: in a folder of extra_model_paths.yaml.
    """

    model: Model
    path: Path
    size: int
    fetched: bool = False
    cached: bool = False
    extra: bool = False
    added_at: float = 0.0
    used_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Added:
    """A model that was asked for: `held` now, and whether it `was_there` before. `removed` had to go for it."""

    held: Held
    was_there: bool
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has found of a model, by its path below the models folder: `told` says it in a sentence's end."""

    path: str
    state: Literal["sound", "broken", "missing", "unfinished"]
    told: str


class Shelf:
    """Look after the models of an installation. Everything blocks; a fetch may be stopped through `stopped`.

    `limit` is how many bytes the models that were fetched for deployments may take, 0 any number.
    """

    def __init__(
        self,
        installation: Installation,
        *,
        extra_args: tuple[str, ...] = (),
        tokens: Tokens | None = None,
        limit: int = 0,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folders = Folders(installation, extra_args)
        self._tokens = tokens or Tokens()
        self._limit = limit
        self._pace = pace or Pace()
        self._clock = clock

    # --- what is there ------------------------------------------------------------------------------------------------
    def list(self) -> list[Held]:
        """Return every model file, those in the installation's own folder first."""
        entries = self._record.read()
        found = ((Model(folder, file), path, extra) for folder, file, path, extra in self._folders.files())
        return [_held(model, path, entries.get(model.path), extra=extra) for model, path, extra in found]

    def find(self, folder: str, file: str) -> Held | None:
        """Return a model as a workflow names it, None where it is not there."""
        path = self._folders.find(folder, file)
        if path is None:
            return None
        entry = self._record.read().get(self._path_of(path) or "")
        return _held(Model(folder, file), path, entry, extra=self._path_of(path) is None)

    def sha256(self, held: Held, report: Report = lambda _: None) -> str:
        """Return the hash of a model's bytes; it is remembered until the file changes."""
        if held.model.sha256:
            return held.model.sha256
        sha256 = file_sha256(held.path, report)
        if not held.extra:
            status = held.path.stat()
            with self._record.changing() as entries:
                path = self._path_of(held.path) or held.model.path
                folder, _, file = path.partition("/")
                entries[path] = Entry(folder, file, status.st_size, status.st_mtime_ns, sha256)
        return sha256

    # --- fetching -----------------------------------------------------------------------------------------------------
    def add(
        self,
        model: Model,
        *,
        allow_pickle: bool = False,
        cached: bool = False,
        keep: Collection[tuple[str, str]] = (),
        report: Report = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Added:
        """Fetch a model, unless it is there already; its `file` may be empty for the name that its server gives it.

        `cached` lets it go again for another one; one in `keep`, as (folder, file), never goes. Raises FetchFailed, BadModel for a damaged
        file or a format that can run code, Conflict where another file has its name, DiskFull, BadInput, JobCanceled.
        """
        self._folders.place(model.folder, model.file)
        if model.file:
            model = check_model(model)
            formats.check_name(model.file, allow_pickle=allow_pickle)
            if there := self._there(model, report):
                return Added(there, was_there=True)
        elif not model.url:
            raise BadInput("No model was named.", hint="Name its URL.")
        removed: list[str] = []
        fetched = fetch(
            Fetching(model, self._folders.place, self._tokens, self._pace, allow_pickle, report, stopped),
            room=lambda size, path: removed.extend(self._make_room(size, path, {*keep, (model.folder, model.file)}, cached=cached)),
            there=lambda wanted: self._there(wanted, report),
        )
        if isinstance(fetched, Held):
            return Added(fetched, was_there=True)
        return Added(self._note(fetched.model, fetched.path, cached=cached), was_there=False, removed=tuple(removed))

    def used(self, times: Mapping[str, float]) -> None:
        """Note when models, by their names as workflows have them, were used (Unix time)."""
        with self._record.changing() as entries:
            for path, entry in entries.items():
                if times.get(entry.file, 0.0) > entry.used_at:
                    entries[path] = replace(entry, used_at=times[entry.file])

    # --- checking and removing ----------------------------------------------------------------------------------------
    def check(self, *, quick: bool = False, report: Callable[[str, Progress], None] = lambda _path, _progress: None) -> Iterator[Checked]:
        """Yield what is to be said of each model: headers and hashes, with `quick` only headers; then what is missing or unfinished."""
        entries = self._record.read()
        for held in self.list():
            entry = entries.get(held.model.path) if not held.extra else None
            yield self._checked(held, entry, quick=quick, report=report)
        for path, entry in entries.items():
            if entry.added_at and not (self._folders.models / path).is_file():
                yield Checked(path, "missing", "it was fetched, and is not there any more")
        for begun in unfinished(self._folders.models):
            have, size = progress_of(begun)
            told = f"{have:,} of {size:,} bytes have been fetched" if size else "its download has not ended"
            yield Checked(begun.relative_to(self._folders.models).as_posix(), "unfinished", f"{told}; add it again to go on")

    def remove(self, folder: str, file: str, *, force: bool = False) -> Held:
        """Remove a model and return what it was. Raises UnknownFile; Conflict, unless with `force`, for one that can't be fetched again."""
        check_model(Model(folder, file))
        held = self.find(folder, file)
        if held is None and (begun := self._give_up(Model(folder, file))):
            return begun
        if held is None:
            raise UnknownFile(f"There is no model {folder}/{file}.", hint="`viewcomfy models list` names those that are there.")
        if held.extra:
            raise Conflict(
                f"{held.path} is in a folder that extra_model_paths.yaml names.", hint="Remove it there, if nobody else needs it."
            )
        if not held.fetched and not force:
            raise Conflict(f"{held.model.path} was not fetched by viewcomfy: it can't be got again.", hint="Remove it with --force.")
        self._remove(self._path_of(held.path) or held.model.path)
        return held

    def _give_up(self, model: Model) -> Held | None:
        """Throw away what has come of a model whose download has not ended; None where that is nothing. Raises Conflict."""
        path = self._folders.models / model.path
        part = partial_path(path)
        if not part.is_file():
            return None
        size, partial = progress_of(path)[0], Partial.take(path)
        if partial is None:
            raise Conflict(f"{model.path} is being fetched.", hint="Stop that first.")
        partial.remove()
        partial.close()
        return Held(model, part, size)

    # --- inside -------------------------------------------------------------------------------------------------------
    @property
    def _record(self) -> Record:
        return Record(self._folders.records())

    def _path_of(self, path: Path) -> str | None:
        """Return the path of a file below the models folder, None for one elsewhere."""
        return path.relative_to(self._folders.models).as_posix() if path.is_relative_to(self._folders.models) else None

    def _there(self, model: Model, report: Report) -> Held | None:
        """Return a model that is there already. Raises Conflict where what is there is another one."""
        held = self.find(model.folder, model.file)
        if held is None or not model.sha256:
            return held
        sha256 = self.sha256(held, report)
        if sha256 != model.sha256:
            raise Conflict(
                f"Another file named {model.path} is there: its SHA-256 is {sha256[:12]}…, not {model.sha256[:12]}….",
                hint="Remove it first, or give this one another name.",
            )
        return replace(held, model=replace(held.model, sha256=sha256))

    def _make_room(self, size: int, path: Path, keep: Collection[tuple[str, str]], *, cached: bool) -> Sequence[str]:
        """Remove what may go for a file of this size, and return it. Raises DiskFull where that is not enough."""
        if not self._limit:
            return []
        short = max(0, size + SPARE - shutil.disk_usage(path).free)
        entries = [entry for entry in self._record.read().values() if entry.is_of(self._folders.models / entry.path)]
        going = to_remove(entries, size if cached else 0, limit=self._limit, keep=keep, short=short)
        if going is None and cached:
            raise DiskFull(
                f"The models that deployments name leave no room for {size / 1e9:.1f} GB more within VIEWCOMFY_MODEL_CACHE.",
                hint="Raise it, or remove deployments that are not needed any more.",
            )
        for entry in going or []:
            self._remove(entry.path)
        return [entry.path for entry in going or []]

    def _remove(self, path: str) -> None:
        with self._record.changing() as entries:
            (self._folders.models / path).unlink(missing_ok=True)
            entries.pop(path, None)

    def _note(self, model: Model, path: Path, *, cached: bool) -> Held:
        status, now = path.stat(), self._clock()
        entry = Entry(
            model.folder, model.file, status.st_size, status.st_mtime_ns, model.sha256, without_secrets(model.url), now, 0.0, cached
        )
        with self._record.changing() as entries:
            entries[model.path] = entry
        return _held(Model(model.folder, model.file), path, entry)

    def _checked(self, held: Held, entry: Entry | None, *, quick: bool, report: Callable[[str, Progress], None]) -> Checked:
        name = held.model.path if not held.extra else str(held.path)
        try:
            formats.check_file(held.path)
            sha256 = "" if quick else file_sha256(held.path, lambda progress: report(name, progress))
        except Unsound as fault:
            return Checked(name, "broken", str(fault))
        except OSError as fault:
            return Checked(name, "broken", f"it can't be read: {fault.strerror or fault}")
        if entry is None or not entry.sha256 or quick:
            return Checked(name, "sound", "its hash is not known" if not quick else "its header is right")
        if sha256 != entry.sha256:
            return Checked(name, "broken", f"its SHA-256 is {sha256[:12]}…, and was {entry.sha256[:12]}… when it came")
        return Checked(name, "sound", "as it came")


def _held(model: Model, path: Path, entry: Entry | None, *, extra: bool = False) -> Held:
    if entry is None or extra or not entry.is_of(path):
        return Held(model, path, path.stat().st_size if path.exists() else 0, extra=extra)
    known = replace(model, url=entry.url, sha256=entry.sha256)
    return Held(known, path, entry.size, bool(entry.added_at), entry.cached, False, entry.added_at, entry.used_at)
