"""Sent files: refused only where they are surely something else."""

from __future__ import annotations

import pytest

from tests.core.declared import an_input
from viewcomfy.core.inputs import InputKind
from viewcomfy.core.sent_files import SentFile, file_fault


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("image", "image/png"), ("image", "image/x-exr"), ("image", None), ("image", "application/octet-stream"), ("image", "IMAGE/PNG; x"),
        ("video", "video/mp4"), ("video", "image/gif"), ("video", "application/mxf"), ("audio", "audio/flac"), ("audio", "video/mp4"),
        ("file", "text/plain"), ("file", "model/gltf-binary"), ("file", None), ("any", "text/html"),
    ],
)  # fmt: skip
def test_a_file_that_may_fit_is_taken(kind: str, content_type: str | None) -> None:
    assert file_fault(an_input(kind=InputKind(kind)), SentFile(content_type, 5)) is None


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("image", "video/mp4"), ("image", "text/html"), ("image", "application/json"), ("image", "audio/wav"), ("image", "application/pdf"),
        ("video", "image/jpeg"), ("video", "audio/mpeg"), ("audio", "image/png"), ("audio", "text/plain"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_and_says_what_it_is(kind: str, content_type: str) -> None:
    fault = file_fault(an_input(kind=InputKind(kind)), SentFile(content_type, 5))
    assert fault is not None
    assert content_type in fault.says
    assert kind in fault.says


@pytest.mark.parametrize(
    ("kind", "words"),
    [("text", "is text"), ("seed", "is a number"), ("integer", "is a number"), ("boolean", "true-or-false"), ("choice", "from a list")],
)
def test_a_file_for_an_input_that_takes_none_is_refused(kind: str, words: str) -> None:
    fault = file_fault(an_input(kind=InputKind(kind)), SentFile(None, 5))
    assert fault is not None
    assert words in fault.says
    assert fault.hint


def test_an_empty_file_and_one_for_a_locked_input_are_refused() -> None:
    for one, size, words in ((an_input(kind=InputKind.IMAGE), 0, "0 bytes"), (an_input(kind=InputKind.IMAGE, locked=True), 5, "locked")):
        fault = file_fault(one, SentFile("image/png", size))
        assert fault is not None
        assert words in fault.says


def test_only_what_may_be_an_image_has_a_mask_and_the_mask_is_an_image() -> None:
    png = SentFile("image/png", 5)
    assert [file_fault(an_input(kind=kind), png, mask=True) is None for kind in InputKind if kind.is_file] == [True, False, False, True]
    assert file_fault(an_input(kind=InputKind.FILE), SentFile("video/mp4", 5), mask=True) is not None
