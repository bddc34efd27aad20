"""Names and kinds of outputs."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.outputs import MAX_NAME, content_type_of, safe_filename, unique_filenames

any_text = st.text(st.characters(codec=None, exclude_categories=()))
names = any_text | st.text(st.sampled_from('./\\ \0\u202e:ab"<>|?*ä猫'), max_size=400) | st.text(st.just("猫"), max_size=300)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\cat.png", "cat.png"),
        ("a\0b\n.png", "ab.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("...", "file"),
        ("", "file"),
        ("a/", "file"),
        (' <a>:"b"|?*.png ', "ab.png"),
        ("猫.png", "猫.png"),
        ("cafe\u0301.png", "café.png"),
    ],
)
def test_a_filename_is_made_safe(name: str, expected: str) -> None:
    assert safe_filename(name) == expected


def test_a_long_suffix_is_cut_without_a_space_at_its_end() -> None:
    assert safe_filename("x" * 200 + ".abcdefghijklmn opq").endswith(".abcdefghijklmn")


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_filename("x" * 300 + ".png") == "x" * (MAX_NAME - 4) + ".png"


@given(names)
def test_no_filename_escapes_or_hides(name: str) -> None:
    safe = safe_filename(name)
    assert safe
    assert PurePosixPath("/root", safe).parent == PurePosixPath("/root")
    assert PureWindowsPath("C:/root", safe).parent == PureWindowsPath("C:/root")
    assert safe not in (".", "..")
    assert not safe.startswith(".")
    assert len(safe.encode()) <= MAX_NAME
    assert not any(unicodedata.category(char).startswith("C") for char in safe)


@given(names)
def test_a_safe_filename_is_left_as_it_is(name: str) -> None:
    safe = safe_filename(name)
    assert safe_filename(safe) == safe


@given(st.lists(st.sampled_from(["a.png", "A.png", "a (2).png", "b", "b (2)", "c.tar.gz"]) | any_text.map(safe_filename)))
def test_filenames_become_unique_in_their_order(given_names: list[str]) -> None:
    made = unique_filenames(given_names)
    assert len(made) == len(given_names)
    assert len({name.casefold() for name in made}) == len(made)
    assert unique_filenames(made) == made
    first = {name.casefold(): index for index, name in reversed(list(enumerate(given_names)))}
    assert all(made[index] == given_names[index] for index in first.values() if made[index].casefold() == given_names[index].casefold())


def test_a_repeated_name_is_numbered_before_its_suffix() -> None:
    assert unique_filenames(["a.png", "a.png", "A.PNG", "b"]) == ["a.png", "a (2).png", "A (3).PNG", "b"]


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.png", "image/png"), ("a.WEBP", "image/webp"), ("a.mp4", "video/mp4"), ("a.flac", "audio/flac"), ("a.mp3", "audio/mpeg"),
        ("a.wav", "audio/wav"), ("a.txt", "text/plain"), ("a.psd", "image/vnd.adobe.photoshop"), ("a.glb", "model/gltf-binary"),
        ("a.gif", "image/gif"), ("a.unknown", "application/octet-stream"), ("png", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_content_type_is_that_of_the_suffix(filename: str, expected: str) -> None:
    assert content_type_of(filename) == expected


@given(names)
def test_every_name_has_a_content_type(name: str) -> None:
    assert "/" in content_type_of(name)
