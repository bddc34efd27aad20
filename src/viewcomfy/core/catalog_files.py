"""How a catalog is kept as a file: what ComfyUI said of its node classes, compressed, under its revision."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.object_info import read_catalog

FOLDER = "catalogs/"
"""Below this prefix of all files, beside those of the jobs, which retention removes."""


def catalog_key(revision: str) -> str:
    """Return the key of the file that holds the catalog with this revision."""
    return f"{FOLDER}{revision}.json.gz"


def parse(raw: bytes) -> Catalog:
    """Read the answer to `GET /object_info`; raise ValueError for anything else."""
    return read_catalog(_load(raw))


def pack(raw: bytes) -> bytes:
    """Return what to keep of the answer: all but the names of uploaded files, which are no part of a catalog and nobody else's."""
    kept = {name: _without_uploads(info) for name, info in _load(raw).items()}
    return gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), mtime=0)


def unpack(data: bytes) -> Catalog:
    """Read what was kept; raise ValueError where it is damaged."""
    return read_catalog(unpack_raw(data))


def unpack_raw(data: bytes) -> dict[str, Any]:
    """Return what was kept as ComfyUI said it; raise ValueError where it is damaged."""
    try:
        return _load(gzip.decompress(data))
    except (OSError, EOFError, zlib.error) as fault:
        raise ValueError("it is not compressed as it should be") from fault


def _load(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except RecursionError as fault:
        raise ValueError("it is nested too deeply") from fault
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - of the content, not of an argument
    return value


def _without_uploads(info: Any) -> Any:
    if not isinstance(info, Mapping) or not isinstance(info.get("input"), Mapping):
        return info
    sections = {
        name: {key: _without_files(value) for key, value in section.items()} if isinstance(section, Mapping) else section
        for name, section in info["input"].items()
    }
    return {**info, "input": sections}


def _without_files(value: Any) -> Any:
    """Empty the list of files of an input that takes an upload: `[["a.png"], {"image_upload": true}]`."""
    if not isinstance(value, list) or len(value) < 2 or not isinstance(value[1], Mapping):
        return value
    kind, options = value[0], value[1]
    if not any(name.endswith("_upload") for name in options):
        return value
    return [[] if isinstance(kind, list) else kind, {**options, **({"options": []} if "options" in options else {})}, *value[2:]]
