"""The texts of files that hold JSON beside their own content: glTF (3D), safetensors (latents and models), and SVG."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from viewcomfy.core.editor.byte_source import LARGEST_TEXT, ByteSource, Text, as_text, is_wanted

_GLTF_HEAD = 20
"""Bytes before the JSON: the file's head, and that of its first part, which begins with its length."""
_BEGIN, _END = b"<![CDATA[", b"]]>"


def gltf_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of a glTF file that may hold a workflow: in `asset.extras`."""
    head = source.at(0, _GLTF_HEAD)
    length = int.from_bytes(head[12:16], "little")
    if head[16:20] == b"JSON" and length <= LARGEST_TEXT:
        asset = _object(source.at(_GLTF_HEAD, length)).get("asset")
        yield from _texts(asset.get("extras") if isinstance(asset, dict) else None)


def safetensors_texts(source: ByteSource) -> Iterator[Text]:
    """Yield the texts of a safetensors file that may hold a workflow: in its metadata."""
    length = int.from_bytes(source.at(0, 8), "little")
    if length <= LARGEST_TEXT:
        yield from _texts(_object(source.at(8, length)).get("__metadata__"))


def svg_texts(source: ByteSource) -> Iterator[Text]:
    """Yield what an SVG has as its metadata, as a comment."""
    data = source.at(0, LARGEST_TEXT)
    begin = data.find(_BEGIN, max(data.find(b"<metadata"), 0)) if b"<metadata" in data else -1
    end = data.find(_END, begin)
    if 0 <= begin < end:
        yield Text("comment", as_text(data[begin + len(_BEGIN) : end].strip()))


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _texts(values: Any) -> Iterator[Text]:
    for name, value in values.items() if isinstance(values, dict) else ():
        if is_wanted(name):
            yield Text(name, value if isinstance(value, str) else json.dumps(value))
