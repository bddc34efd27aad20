"""The headers of safetensors files, sound and hostile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from viewcomfy.models.safetensors import Unsound, check_header, check_start


def header(**tensors: Any) -> bytes:
    return json.dumps(tensors).encode()


def tensor(begin: int, end: int, dtype: str = "U8", shape: list[int] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("raw", "room"),
    [
        (header(__metadata__={"a": "b"}, one=tensor(0, 8), two=tensor(8, 24, "F32", [2, 2])), 24),
        (header(scalar=tensor(0, 2, "BF16", []), empty=tensor(2, 2, "F16", [0, 7])), 2),
        (header(packed=tensor(0, 5, "F4_FROM_THE_FUTURE", [10])), 5),
        (header(one=tensor(0, 8)) + b"    ", 8),
        (b"{}", 0),
    ],
)
def test_a_sound_header_is_taken(raw: bytes, room: int) -> None:
    check_header(raw, room)


@pytest.mark.parametrize(
    ("raw", "room", "told"),
    [
        (header(one=tensor(0, 8), two=tensor(4, 12)), 12, "overlap"),
        (header(one=tensor(0, 8), two=tensor(9, 12)), 12, "gap"),
        (header(one=tensor(1, 8)), 8, "gap"),
        (header(one=tensor(0, 8)), 7, "cut off"),
        (header(one=tensor(0, 8)), 9, "too many"),
        (header(one=tensor(0, 8, "F32", [3])), 8, "another size"),
        (header(one=tensor(0, 8, shape=[2**40, 2**40])), 8, "another size"),
        (header(one={"dtype": "U8", "shape": [True], "data_offsets": [0, 1]}), 1, "not described rightly"),
        (header(one={"dtype": "U8", "shape": [-1], "data_offsets": [0, 1]}), 1, "not described rightly"),
        (header(one={"dtype": "U8", "shape": [1], "data_offsets": [1, 0]}), 1, "not described rightly"),
        (header(one={"dtype": "U8", "shape": [1]}), 1, "not described rightly"),
        (header(one=3), 1, "not described"),
        (b"[" * 100_000, 1, "not JSON"),
        (b"\xff\xfe", 1, "not JSON"),
        (b"[]", 1, "no JSON object"),
    ],
)
def test_a_header_that_is_wrong_is_told(raw: bytes, room: int, told: str) -> None:
    with pytest.raises(Unsound, match=told):
        check_header(raw, room)


@pytest.mark.parametrize("start", [b"", b"\x01", bytes(8), b"\xff" * 8, (100_000_001).to_bytes(8, "little"), b"\x08" + bytes(7) + b"[]"])
def test_a_start_that_cannot_be_one_is_told(start: bytes) -> None:
    with pytest.raises(Unsound):
        check_start(start, None)
