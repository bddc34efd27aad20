"""Catalogs as files: nothing of a catalog is lost, nothing of anybody's uploads is kept."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from viewcomfy.core.catalog_files import catalog_key, pack, parse, unpack
from viewcomfy.testing.fake_comfy.fake import FakeComfy


def answer(fake: FakeComfy) -> bytes:
    return json.dumps({name: fake.catalog.describe(name) for name in fake.catalog.classes}).encode()


def test_what_was_kept_is_the_catalog_again() -> None:
    raw = answer(FakeComfy())
    assert unpack(pack(raw)) == parse(raw)
    assert catalog_key(parse(raw).revision).startswith("catalogs/")


def test_the_names_of_uploads_are_not_kept() -> None:
    fake = FakeComfy()
    before = parse(answer(fake)).revision
    fake.folders.input.write("private holiday.png", b"")
    raw = answer(fake)
    assert b"private holiday" in raw
    assert parse(raw).revision == before
    assert b"private holiday" not in gzip.decompress(pack(raw))


@pytest.mark.parametrize("option", ["image_upload", "video_upload", "audio_upload", "file_upload"])
def test_the_newer_way_to_offer_files_is_emptied_too(option: str) -> None:
    given: Any = {
        "A": {"input": {"required": {"f": ["COMBO", {"options": ["mine.mp4"], option: True}], "n": ["COMBO", {"options": ["x"]}]}}}
    }
    kept = json.loads(gzip.decompress(pack(json.dumps(given).encode())))
    assert kept["A"]["input"]["required"] == {"f": ["COMBO", {"options": [], option: True}], "n": ["COMBO", {"options": ["x"]}]}


@pytest.mark.parametrize(
    "odd", [{}, {"A": None}, {"A": {"input": 3}}, {"A": {"input": {"required": [], "optional": {"x": 1, "y": ["INT", 0]}}}}]
)
def test_what_makes_no_sense_is_kept_as_it_came(odd: Any) -> None:
    assert json.loads(gzip.decompress(pack(json.dumps(odd).encode()))) == odd


@pytest.mark.parametrize("damaged", [b"", b"[]", gzip.compress(b"[1]"), pack(answer(FakeComfy()))[:-100], b"\x1f\x8b\x08rubbish..."])
def test_a_damaged_file_is_told(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|compressed|Expecting"):
        unpack(damaged)
