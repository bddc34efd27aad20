"""A zip of outputs that is made while it is sent: no file of it is ever whole in memory or on the disk."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import PurePosixPath

from viewcomfy.core.errors import UnknownFile
from viewcomfy.core.outputs import Output, safe_filename, unique_filenames
from viewcomfy.files.base import Files

MAX_LABEL = 48
"""The longest label in a folder's name, in characters: with the file's name well below the 260 of Windows for a whole path."""
MAX_DEFLATED = 16 * 1024 * 1024
"""The largest file in bytes that is compressed: the work is done between two other requests."""
DEFLATED = frozenset({".txt", ".md", ".csv", ".json", ".srt", ".svg", ".obj", ".ply", ".gltf", ".bmp"})
"""What is worth compressing; pictures, video and sound already are."""
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))})
"""Names that Windows keeps for devices, with any suffix."""
MISSING = "MISSING.txt"


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file of a zip: its path inside, where its bytes lie, how many there are, and its time in Unix seconds."""

    path: str
    file_key: str
    size: int
    modified_at: float = 0.0


def entries_of(jobs: Sequence[tuple[str, float, Iterable[Output]]]) -> list[ZipEntry]:
    """Return the outputs of jobs, given as (label, time, outputs), as the entries of one zip: `<number>_<label>/<filename>`.

    Numbers count the jobs from 1, those without outputs too. The paths are unique and safe on every system.
    """
    digits = len(str(len(jobs)))
    entries = []
    for number, (label, modified_at, outputs) in enumerate(jobs, start=1):
        folder = f"{number:0{digits}}" + _suffix(label)
        made = list(outputs)
        names = unique_filenames(_filename(output.filename) for output in made)
        entries += [
            ZipEntry(f"{folder}/{name}", output.file_key, output.size, modified_at) for name, output in zip(names, made, strict=True)
        ]
    return entries


async def stream_zip(files: Files, entries: Iterable[ZipEntry]) -> AsyncGenerator[bytes]:
    """Yield a zip of the entries, block by block as their bytes are read.

    Files that have been removed are left out and named in MISSING.txt inside. Any other fault ends the stream before the
    zip is whole, so that whoever unpacks it notices.
    """
    sink = _Sink()
    missing: list[str] = []
    with zipfile.ZipFile(sink, "w") as archive:
        for entry in entries:
            async with aclosing(_blocks(files, entry.file_key)) as blocks:
                try:
                    first = await anext(blocks, b"")
                except UnknownFile:
                    missing.append(entry.path)
                    continue
                with archive.open(_info(entry), "w") as inside:
                    inside.write(first)
                    yield sink.taken()
                    async for block in blocks:
                        inside.write(block)
                        yield sink.taken()
        if missing:
            archive.writestr(
                _info(ZipEntry(MISSING, "", 0, time.time())), "These files have been removed:\r\n" + "\r\n".join(missing) + "\r\n"
            )
    yield sink.taken()


async def _blocks(files: Files, key: str) -> AsyncGenerator[bytes]:
    async for block in files.read(key):
        yield block


class _Sink(io.RawIOBase):
    """What ZipFile writes into: a pipe that can't be sought in, emptied by whoever sends the bytes on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Tell ZipFile that it may write."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # ZipFile writes bytes only
        """Keep the bytes."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what has been written since the last time."""
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _info(entry: ZipEntry) -> zipfile.ZipInfo:
    moment = time.gmtime(min(max(entry.modified_at, 315_532_800), 4_354_819_198))  # a zip holds the years 1980 to 2107
    info = zipfile.ZipInfo(entry.path, date_time=moment[:6])
    small = entry.size <= MAX_DEFLATED and PurePosixPath(entry.path).suffix.lower() in DEFLATED
    info.compress_type = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    info.file_size = entry.size  # tells ZipFile beforehand which entries need 64 bits
    return info


def _suffix(label: str) -> str:
    name = safe_filename(label.replace("/", "-").replace("\\", "-"), "")[:MAX_LABEL].strip(" .")
    return f"_{name}" if name else ""


def _filename(name: str) -> str:
    safe = safe_filename(name)
    return f"_{safe}" if safe.partition(".")[0].strip().casefold() in RESERVED else safe
