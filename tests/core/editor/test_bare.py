"""Files lose the workflow that they carry, and nothing else."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.core.editor.carriers import MAKERS, box, mp4_comment, ogg, opus, webm
from viewcomfy.core.editor.bare import overwrites
from viewcomfy.core.editor.bare_ogg import checksum
from viewcomfy.core.editor.carried import carried
from viewcomfy.core.overwriting import Overwriter

SECRET = {"3": {"class_type": "KSampler", "inputs": {"text": "x" * 70_000}}}
CARRIED = {"prompt": json.dumps(SECRET), "workflow": json.dumps({"nodes": [{"type": "KSampler"}], "extra": "ü"})}
PNGS = ("png", "animated png")


def bare(data: bytes, size: int = 1 << 20) -> bytes:
    overwriter = Overwriter(overwrites(BytesIO(data)))
    return b"".join(overwriter.feed(data[at : at + size]) for at in range(0, len(data), size))


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind not in PNGS])
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_the_workflow_goes_and_the_length_stays(kind: str, size: int) -> None:
    before = MAKERS[kind](CARRIED if kind != "jpeg" else {"prompt": CARRIED["prompt"][:1000]})
    after = bare(before, size)
    assert b"KSampler" in before
    assert b"KSampler" not in after
    assert len(after) == len(before)
    found = carried(after)
    assert (found.prompt, found.workflow) == (None, None)


@pytest.mark.parametrize("kind", ["webp", "jpeg"])
def test_a_picture_stays_as_it_is(kind: str) -> None:
    before = MAKERS[kind]({"prompt": json.dumps({"3": {}})})
    first, second = Image.open(BytesIO(before)), Image.open(BytesIO(bare(before)))
    assert (second.tobytes(), dict(second.getexif())) == (first.tobytes(), {})


@pytest.mark.parametrize("data", [mp4_comment(CARRIED["prompt"]), webm(CARRIED, is_live=True)])
def test_other_ways_to_carry_it_are_known(data: bytes) -> None:
    assert b"KSampler" not in bare(data)


def test_a_picture_in_the_container_of_films_keeps_what_it_consists_of() -> None:
    data = box(b"ftyp", b"avif") + box(b"meta", b"where the picture is") + box(b"mdat", b"picture")
    assert bare(data) == data


def test_the_checksums_of_what_was_changed_are_right() -> None:
    data, place = bare(opus(CARRIED)), 0
    seen = 0
    while place < len(data):
        lengths = data[place + 27 : place + 27 + data[place + 26]]
        page = bytearray(data[place : place + 27 + len(lengths) + sum(lengths)])
        if page[22:26] != bytes(4):
            expected, page[22:26] = int.from_bytes(page[22:26], "little"), bytes(4)
            assert checksum(page) == expected
            seen += 1
        place += len(page)
    assert seen > 20, "each of its pages"
    assert checksum(b"123456789") == 0x89A1897F, "the checksum as it is known elsewhere"


@given(st.binary(max_size=300), st.sampled_from(list(MAKERS)), st.integers(0, 400))
def test_damaged_files_harm_nobody(noise: bytes, kind: str, length: int) -> None:
    whole = MAKERS[kind]({"prompt": '{"3": {}}'})
    for data in (noise, whole[:length], whole[:length] + noise, ogg([noise])):
        assert len(bare(data)) == len(data)
