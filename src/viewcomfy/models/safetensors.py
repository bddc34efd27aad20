"""The header of a safetensors file: it tells, without reading the tensors, whether the file is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Unsound(ValueError):
    """What is wrong with a model file, as the end of a sentence."""


MOST_HEADER = 100_000_000
"""The most bytes of a header that readers of the format accept."""
BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64), **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16), **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
}  # fmt: skip
"""How large a value of each type is; a type that is not here is newer, and its size is not checked."""


def header_size(start: bytes) -> int:
    """Return how long the header is, by a file's first 8 bytes; raise Unsound where they can't be the start of such a file."""
    size = int.from_bytes(start[:8], "little")
    if len(start) < 8 or not 2 <= size <= MOST_HEADER:
        raise Unsound("it is no safetensors file: its first bytes are not the length of a header")
    return size


def check_start(start: bytes, size: int | None) -> None:
    """Raise Unsound where a file of this size (None: not known) that begins so can't be a sound one."""
    header = header_size(start)
    if len(start) > 8 and start[8:9] != b"{":
        raise Unsound("it is no safetensors file: its header is not JSON")
    if size is not None and 8 + header > size:
        raise Unsound(f"it is cut off: its header alone has {header:,} bytes, the whole file {size:,}")


def check_file(path: Path) -> None:
    """Raise Unsound where a file's header is not right or does not fit its size."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(9)
        check_start(start, size)
        file.seek(8)
        header = file.read(header_size(start))
    check_header(header, size - 8 - len(header))


def check_header(header: bytes, room: int) -> None:
    """Raise Unsound unless a header describes tensors that fill `room` bytes without a gap."""
    try:
        tensors = json.loads(header)
    except (ValueError, RecursionError) as fault:
        raise Unsound("its header is not JSON") from fault
    if not isinstance(tensors, dict):
        raise Unsound("its header is no JSON object")
    spans = sorted(_span(name, tensor) for name, tensor in tensors.items() if name != "__metadata__")
    at = 0
    for begin, end in spans:
        if begin != at:
            raise Unsound(f"its tensors leave a gap or overlap at byte {min(begin, at):,}")
        at = end
    if at != room:
        raise Unsound(f"it is cut off: its tensors need {at:,} bytes and it has {room:,}" if at > room else f"{room - at:,} bytes too many")


def _span(name: str, tensor: Any) -> tuple[int, int]:
    """Return where a tensor's bytes begin and end."""
    if not isinstance(tensor, Mapping):
        raise Unsound(f"the tensor {name[:80]!r} is not described")
    offsets, shape, dtype = _counts(tensor.get("data_offsets")), _counts(tensor.get("shape")), tensor.get("dtype")
    if shape is None or offsets is None or len(offsets) != 2 or offsets[0] > offsets[1] or not isinstance(dtype, str):
        raise Unsound(f"the tensor {name[:80]!r} is not described rightly")
    count = 1
    for side in shape:
        count *= side
    if dtype in BITS and count * BITS[dtype] != 8 * (offsets[1] - offsets[0]):
        raise Unsound(f"the tensor {name[:80]!r} has another size than its shape")
    return offsets[0], offsets[1]


def _counts(value: Any) -> list[int] | None:
    are = isinstance(value, list) and all(type(number) is int and 0 <= number < 2**63 for number in value)
    return value if are else None
