"""A data URL is a file written as text: `data:image/png;base64,…`."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from viewcomfy.core.errors import InvalidUpload, TooLarge
from viewcomfy.files.draft import Draft
from viewcomfy.files.faults import disk_fault
from viewcomfy.files.sniff import UNKNOWN, sniff

SLICE = 256 * 1024
"""Characters that are decoded at once; a multiple of four, as base64 has it."""
_LONGEST_HEAD = 1024
_HEAD = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=(?:[^;,\"\s]*|\"[^\"]*\"))*)(;\s*base64)?\Z", re.ASCII | re.IGNORECASE)
_NOT_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HINT = "Write it as data:image/png;base64,… with the file in base64, without line breaks."


def is_data_url(text: str) -> bool:
    """Tell whether a text means to be a data URL."""
    return text[:5].lower() == "data:"


def decode_data_url(text: str, path: Path, limit: int) -> tuple[str, int]:
    """Write a data URL's bytes to a path; return the content type that they show, and their number.

    The type that the URL claims is not believed: what shows none is application/octet-stream. Blocks; beside the text
    it holds one slice of SLICE characters in memory. Raises InvalidUpload for what is no data URL or empty, TooLarge for
    more than `limit` bytes, DiskFull; the path is there only when all went well.
    """
    start, is_base64 = _read_head(text)
    slices = _base64_slices(text, start, limit) if is_base64 else _percent_slices(text, start)
    draft = Draft(path.parent)
    try:
        size = _write(draft, slices, limit)
        draft.finish(path)
        return sniff(path) or UNKNOWN, size
    except OSError as fault:
        raise disk_fault(fault) from fault
    finally:
        draft.abandon()


def _read_head(text: str) -> tuple[int, bool]:
    """Return where the data begins and whether they are base64."""
    comma = text.find(",", 0, _LONGEST_HEAD)
    head = _HEAD.match(text[: max(comma, 0)])
    if head is None:
        raise InvalidUpload("A file's data URL can't be read: it does not begin as one.", hint=_HINT)
    return comma + 1, head[3] is not None


def _write(draft: Draft, slices: Iterator[bytes], limit: int) -> int:
    size = 0
    for part in slices:
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        draft.write([part])
    if not size:
        raise InvalidUpload("A file's data URL holds no bytes.", hint=_HINT)
    return size


def _base64_slices(text: str, start: int, limit: int) -> Iterator[bytes]:
    if (len(text) - start) // 4 * 3 - 2 > limit:  # known before anything is decoded; two bytes may be padding
        raise _too_large(limit)
    for at in range(start, len(text), SLICE):
        part = text[at : at + SLICE]
        try:
            decoded = binascii.a2b_base64(part, strict_mode=True)
        except ValueError as fault:
            raise _not_base64() from fault
        if at + SLICE < len(text) and len(decoded) != SLICE // 4 * 3:  # padding, and more after it
            raise _not_base64()
        yield decoded


def _percent_slices(text: str, start: int) -> Iterator[bytes]:
    at = start
    while at < len(text):
        end = at + SLICE
        cut = text.find("%", max(at, end - 2), end)
        if cut > at and end < len(text):  # the next slice begins with the character that this one would cut
            end = cut
        yield _unquote(text[at:end])
        at = end


def _unquote(part: str) -> bytes:
    if _NOT_PERCENT.search(part) or "#" in part:
        raise InvalidUpload("A file's data URL has a '%' or a '#' that is not part of a code.", hint="Write them as %25 and %23.")
    try:
        return unquote_to_bytes(part)
    except UnicodeEncodeError as fault:  # lone surrogates
        raise InvalidUpload("A file's data URL holds characters that no file can.", hint=_HINT) from fault


def _not_base64() -> InvalidUpload:
    return InvalidUpload("A file's data URL is not base64.", hint=f"{_HINT} With the command line: base64 -w0 FILE.")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A file that came as a data URL is larger than the {limit:,} bytes that are allowed.")
