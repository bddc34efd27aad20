"""What a file key may look like: folders and a name, with no way out of the root."""

from __future__ import annotations

from viewcomfy.core.errors import InvalidName

MAX_KEY = 1024
MAX_PART = 255
"""In bytes: what every file system and every object store takes."""


def key_parts(key: str) -> tuple[str, ...]:
    """Return the parts of a key; raise InvalidName for one that is empty, absolute, climbs, hides or is too long."""
    parts = tuple(key.split("/"))
    if not _encodes(key) or len(key.encode()) > MAX_KEY or not all(_is_plain(part) for part in parts):
        raise InvalidName(f"{key[:80]!r} can't be the key of a file.")
    return parts


def _encodes(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:  # lone surrogates
        return False
    return True


def _is_plain(part: str) -> bool:
    if part in ("", ".", "..") or part.startswith(".tmp") or len(part.encode()) > MAX_PART:
        return False
    # a backslash or a colon would mean something on Windows
    return not any(char in "\\:" or ord(char) < 32 or ord(char) == 127 for char in part)
