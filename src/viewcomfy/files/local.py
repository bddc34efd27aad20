"""Files in a folder of this machine."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from viewcomfy.core.errors import DiskFull, InternalError, InvalidName, UnknownFile, ViewComfyError
from viewcomfy.files.draft import Draft, fill, remove_stale
from viewcomfy.files.faults import disk_fault
from viewcomfy.files.keys import key_parts
from viewcomfy.files.reader import Reader, file_size

T = TypeVar("T")

BLOCK = 512 * 1024
"""The most bytes that are read at once."""
SMALL = 64 * 1024
"""The most bytes of a file that is read in place: that takes less time than going to a thread for it."""
_DRAFTS = ".tmp"


class LocalFiles:
    """Bytes below a folder. What is written appears under its key at once and whole, or not at all.

    Nothing is forced to the disk: a crash of the process loses nothing, a power cut may lose the last moments, as in the store.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._drafts = self._root / _DRAFTS
        self._drafts.mkdir(parents=True, exist_ok=True)
        remove_stale(self._drafts)

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> int:
        """Store the chunks under a key and return their number of bytes; the key appears only when all of them are there."""
        target = self._path(key)
        draft = Draft(self._drafts)
        try:
            return await fill(draft, chunks, target, partial(_in_thread, key))
        except BaseException:
            await asyncio.shield(asyncio.to_thread(draft.abandon))
            raise

    async def put_file(self, key: str, path: Path) -> int:
        """Store a local file under a key, by a hard link where that is possible, and return its number of bytes."""
        target = self._path(key)
        with suppress(OSError):  # the name is taken, or another file system: the long way decides
            return _link(path, target)
        draft = Draft(self._drafts)
        try:
            return await _in_thread(key, _put_file, draft, path, target)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(draft.abandon))
            raise

    async def size(self, key: str) -> int:
        """Return the number of bytes under a key."""
        return await _in_thread(key, file_size, self._path(key))

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from start (included) to end (excluded), in blocks of at most BLOCK bytes."""
        path = self._path(key)
        small = _read_small(path, start, end)
        if small is not None:
            if small:
                yield small
            return
        reader = Reader(path, start)
        try:
            while block := await _in_thread(key, reader.read, BLOCK if end is None else max(0, min(BLOCK, end - start))):
                yield block
                start += len(block)
                if len(block) < BLOCK:  # the last one: spare the second look
                    return
        finally:
            reader.close()

    async def copy(self, source_key: str, key: str) -> int:
        """Have the bytes of one key under another as well, by a hard link where that is possible, and return their number."""
        source = self._path(source_key)
        try:
            return await self.put_file(key, source)
        except UnknownFile as gone:
            raise _meaning(source_key, FileNotFoundError()) from gone

    @asynccontextmanager
    async def at_hand(self, key: str) -> AsyncIterator[Path]:
        """Yield the path of the file itself."""
        await self.size(key)
        yield self._path(key)

    async def sign(self, key: str, verb: str, seconds: float) -> str | None:
        """Return None: a folder has no URLs."""

    async def remove(self, prefix: str) -> int:
        """Remove every key below a prefix (whole folders, or one key) and return how many bytes that freed."""
        return await _in_thread(prefix, _remove, self._path(prefix.removesuffix("/")))

    async def usage(self, prefix: str = "") -> int:
        """Return how many bytes are stored below a prefix (whole folders), in all without one."""
        return await _in_thread(prefix, _usage, self._path(prefix.removesuffix("/")) if prefix else self._root)

    def _path(self, key: str) -> Path:
        return Path(os.path.join(self._root, *key_parts(key)))  # noqa: PTH118 - ten times as fast, and on every job's way


async def _in_thread(key: str, work: Callable[..., T], *args: object) -> T:
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as fault:
        raise _meaning(key, fault) from fault


def _meaning(key: str, fault: OSError) -> ViewComfyError:
    if isinstance(full := disk_fault(fault), DiskFull):
        return full
    if isinstance(fault, FileExistsError | NotADirectoryError | IsADirectoryError) or fault.errno in (errno.ENAMETOOLONG, errno.ENOTEMPTY):
        return InvalidName(f"{key[:80]!r} can't be the key of a file: it is too long, or in the way of another.")
    if isinstance(fault, FileNotFoundError):
        return UnknownFile(f"The file {key[:200]!r} is no longer there.", details={"file": key[:200]})
    return InternalError(f"The file {key[:200]!r} can't be read or written: {fault.strerror or fault}.")


def _read_small(path: Path, start: int, end: int | None) -> bytes | None:
    """Return what is asked for of a small file; None of a large one, and of one that can't be read: the long way has the words for it."""
    try:
        if file_size(path) > SMALL:
            return None
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            return file.read(SMALL if end is None else max(0, min(SMALL, end - start)))
    except OSError:
        return None


def _link(path: Path, target: Path) -> int:
    """Link a file to a name that is free. It takes a few system calls, less than a change of thread."""
    # a link to a symbolic link would point to what may change
    real = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - as above
    try:
        os.link(real, target)
    except FileNotFoundError:
        _make_folder(os.path.dirname(target))  # noqa: PTH120 - as above
        os.link(real, target)
    return file_size(target)


def _make_folder(path: str) -> None:
    """Make a folder whose parent is most often there: makedirs would look at every one of them first."""
    try:
        os.mkdir(path)  # noqa: PTH102 - as above
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103 - as above
    except FileExistsError:
        pass


def _put_file(draft: Draft, path: Path, target: Path) -> int:
    size = draft.take(path)
    draft.finish(target)
    draft.abandon()  # moving one link onto another of the same file leaves both
    return size


def _remove(path: Path) -> int:
    freed = 0
    for file in list(_walk(path)) if path.is_dir() else [path]:
        with suppress(FileNotFoundError):
            size = file_size(file)
            file.unlink()
            freed += size
    shutil.rmtree(path, ignore_errors=True)
    return freed


def _usage(root: Path) -> int:
    used = 0
    seen: set[tuple[int, int]] = set()
    for file in _walk(root):
        with suppress(FileNotFoundError):
            size, found = file_size(file), file.lstat()
            if found.st_nlink > 1:  # what many jobs share takes its place once
                if (found.st_dev, found.st_ino) in seen:
                    continue
                seen.add((found.st_dev, found.st_ino))
            used += size
    return used


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder; what disappears in the meantime is passed over."""
    with suppress(FileNotFoundError):
        for entry in list(os.scandir(folder)):
            if not entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)
            elif entry.name != _DRAFTS:
                yield from _walk(Path(entry.path))
