"""An output is a file or a text that a job made."""

from __future__ import annotations

import mimetypes
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

MAX_NAME = 120
"""The longest file name we hand out, in characters: room for a prefix below the 255 bytes of every file system."""

CONTENT_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif",
    ".avif": "image/avif", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff", ".svg": "image/svg+xml",
    ".exr": "image/x-exr", ".psd": "image/vnd.adobe.photoshop",
    ".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".avi": "video/x-msvideo",
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg",
    ".m4a": "audio/mp4", ".aac": "audio/aac",
    ".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv", ".json": "application/json", ".srt": "application/x-subrip",
    ".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".obj": "model/obj", ".stl": "model/stl", ".ply": "model/ply",
    ".fbx": "application/octet-stream", ".latent": "application/octet-stream", ".safetensors": "application/octet-stream",
    ".zip": "application/zip", ".pdf": "application/pdf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a job made: `filename` is bare and unique within the job, `file_key` is where its bytes lie, `size` in bytes."""

    filename: str
    content_type: str
    size: int
    file_key: str
    node_id: str = ""


def content_type_of(filename: str) -> str:
    """Return the media type for a file name; the machine's own tables are asked only for what ComfyUI does not make."""
    suffix = posixpath.splitext(filename)[1].lower()
    return CONTENT_TYPES.get(suffix) or mimetypes.types_map.get(suffix) or "application/octet-stream"


def safe_filename(name: str, fallback: str = "file") -> str:
    """Return a bare file name that is safe on every system: no folders, control or direction characters, at most MAX_NAME long."""
    bare = re.split(r"[/\\]", name)[-1]
    visible = "".join(c for c in unicodedata.normalize("NFC", bare) if unicodedata.category(c)[0] not in "C" and c not in '<>:"|?*')
    visible = visible.strip(" .") or fallback
    if len(visible.encode()) <= MAX_NAME:
        return visible
    suffix = PurePosixPath(visible).suffix[:16].rstrip(" .")
    stem = visible.encode()[: MAX_NAME - len(suffix.encode())].decode(errors="ignore")
    return stem.rstrip(" .") + suffix


def unique_filenames(names: Iterable[str]) -> list[str]:
    """Return the names in their order, later ones numbered (`a (2).png`) where they would repeat an earlier one."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, count = name, 1
        while candidate.casefold() in taken:
            count += 1
            stem, suffix = posixpath.splitext(name)
            candidate = f"{stem} ({count}){suffix}"
        taken.add(candidate.casefold())
        result.append(candidate)
    return result
