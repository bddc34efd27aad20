"""Workflows are found in every kind of file that ComfyUI saves, and no file does harm."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.editor import carriers
from tests.core.editor.carriers import MAKERS
from viewcomfy.core.editor.byte_source import LARGEST_TEXT
from viewcomfy.core.editor.carried import Carried, carried
from viewcomfy.core.errors import InvalidJson

PROMPT = {"3": {"class_type": "KSampler", "inputs": {"seed": 1, "text": "a = b: {ü \U0001f600}\0 ]"}, "_meta": {"title": "Sampler"}}}
WORKFLOW: dict[str, Any] = {"nodes": [{"id": 3, "type": "KSampler"}], "links": [], "version": 0.4}
TEXTS = {"prompt": json.dumps(PROMPT), "workflow": json.dumps(WORKFLOW)}
FILES = {name: make(TEXTS) for name, make in MAKERS.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_both_formats_are_found_in_every_kind_of_file(name: str) -> None:
    found = carried(FILES[name])
    assert (found.prompt, found.workflow) == (PROMPT, WORKFLOW)
    assert found.kind


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_may_carry_one_of_them_or_nothing(name: str) -> None:
    make = MAKERS[name]
    assert carried(make({"workflow": TEXTS["workflow"]})).prompt is None
    assert carried(make({"workflow": TEXTS["workflow"]})).workflow == WORKFLOW
    assert carried(make({})).workflow is carried(make({})).prompt is None


@pytest.mark.parametrize(
    "data",
    [
        carriers.png(TEXTS, compressed=True),
        carriers.png(TEXTS, international=True),
        carriers.png(TEXTS, international=True, compressed=True),
        carriers.picture("PNG", exif=carriers.exif(TEXTS)),
        carriers.mp4(TEXTS, large=True),
        carriers.mp4_comment(json.dumps(TEXTS)),
        carriers.mp4_comment(json.dumps({"prompt": PROMPT, "workflow": WORKFLOW})),
        carriers.mp4({"prompt": json.dumps(TEXTS["prompt"]), "workflow": json.dumps(json.dumps(TEXTS["workflow"]))}),
        carriers.webm(TEXTS, is_live=True),
        carriers.webm({"comment": json.dumps(TEXTS)}),
        carriers.mp3(TEXTS, version=3, encoding=1),
        carriers.mp3(TEXTS, version=3, encoding=2),
        carriers.mp3(TEXTS, encoding=0),
        carriers.png({"parameters": "a cat", "comment": "made by me", **TEXTS}),
    ],
)
def test_other_programs_write_it_in_their_own_ways(data: bytes) -> None:
    found = carried(data)
    assert (found.prompt, found.workflow) == (PROMPT, WORKFLOW)


def test_numbers_that_json_does_not_have_are_null() -> None:
    text = '{"3": {"class_type": "A", "inputs": {"x": NaN, "y": [-Infinity, 1e999], "text": "NaN"}}}'
    found = carried(carriers.png({"prompt": text}))
    assert found.prompt == {"3": {"class_type": "A", "inputs": {"x": None, "y": [None, None], "text": "NaN"}}}


def test_a_prompt_is_as_it_was_before_it_ran() -> None:
    name = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    ran = {
        "1": {"class_type": "LoadImage", "inputs": {"image": f"{name}-0-cat.png"}, "is_changed": ["abc"]},
        "2": {"class_type": "SaveImage", "inputs": {"filename_prefix": f"viewcomfy/{name}.2/posters/x"}, "is_changed": float("nan")},
    }
    assert carried(carriers.png({"prompt": json.dumps(ran)})).prompt == {
        "1": {"class_type": "LoadImage", "inputs": {"image": "cat.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"filename_prefix": "posters/x"}},
    }


@pytest.mark.parametrize("data", [b"", b"{}", b'{"nodes": []}', b"\xff\xfe\0\0", bytes(4000), b'\xef\xbb\xbf{"1": {}}'])
def test_what_can_carry_nothing_has_no_kind(data: bytes) -> None:
    assert carried(data) == Carried(None, None, "")


def test_a_damaged_text_is_told_unless_the_other_one_is_whole() -> None:
    with pytest.raises(InvalidJson, match="this PNG carries is damaged: its 'prompt'"):
        carried(carriers.png({"prompt": '{"3": '}))
    found = carried(carriers.png({"prompt": '{"3": ', "workflow": TEXTS["workflow"]}))
    assert (found.prompt, found.workflow) == (None, WORKFLOW)
    with pytest.raises(InvalidJson):
        carried(carriers.png({"prompt": "[" * 100_000}))
    assert carried(carriers.png({"comment": "no workflow"})).prompt is None


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_mutated_file_gives_something_or_a_clear_error(name: str, data: st.DataObject) -> None:
    file = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(file) - 1))
        piece = data.draw(st.one_of(st.binary(min_size=1, max_size=9), st.sampled_from([b"\xff" * 8, bytes(8), b"\0\0\0\1"])))
        file[place : place + data.draw(st.sampled_from([0, len(piece)]))] = piece
    length = data.draw(st.one_of(st.none(), st.integers(0, len(file))))
    _harmless(lambda: carried(bytes(file[:length])))


@given(st.sampled_from([file[:20] for file in FILES.values()]), st.binary(max_size=300))
def test_noise_behind_a_known_beginning_does_no_harm(head: bytes, noise: bytes) -> None:
    _harmless(lambda: carried(head + noise))


def _harmless(read: Callable[[], object]) -> None:
    with suppress(InvalidJson):
        read()


def test_many_entries_that_share_one_large_text_are_not_all_read() -> None:
    text = b"prompt:" + b"[" * 2_000_000
    entries = b"".join(
        b"\x10\x01\2\0" + len(text).to_bytes(4, "little") + (8 + 2 + 12 * 60_000).to_bytes(4, "little") for _ in range(60_000)
    )
    exif = b"II*\0\x08\0\0\0" + (60_000).to_bytes(2, "little") + entries + text
    webp = b"RIFF\0\0\0\0WEBPEXIF" + len(exif).to_bytes(4, "little") + exif
    with pytest.raises(InvalidJson):
        carried(webp)


def test_a_text_that_unpacks_to_more_than_the_limit_is_damaged() -> None:
    bomb = carriers.png({"prompt": " " * (LARGEST_TEXT + 1)}, compressed=True)
    assert len(bomb) < 100_000
    with pytest.raises(InvalidJson):
        carried(bomb)


def test_a_long_video_is_not_read_into_memory(tmp_path: Path) -> None:
    whole = carriers.mp4(TEXTS, media=0, large=True)
    place = whole.index(b"moov") - 4
    video, media = tmp_path / "long.mp4", 20 * 2**30
    with video.open("wb") as file:
        file.write(whole[: place - 8] + (16 + media).to_bytes(8, "big"))
        file.seek(media, os.SEEK_CUR)
        file.write(whole[place:])
    tracemalloc.start()
    try:
        with video.open("rb") as file:
            assert carried(file).prompt == PROMPT
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
