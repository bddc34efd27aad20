"""PNGs lose their texts and nothing else."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from viewcomfy.core.png_text import TextRemover


def png(**texts: str) -> bytes:
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
        info.add_itxt(name, text, zip=True)
        info.add(b"comf", name.encode() + b"\0" + text.encode(), after_idat=True)
    out = BytesIO()
    Image.effect_noise((40, 30), 50).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def fed(data: bytes, size: int) -> bytes:
    remover = TextRemover()
    pieces = [remover.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join(pieces) + remover.rest()


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000, 1 << 20])
def test_the_workflow_goes_and_the_picture_stays(size: int) -> None:
    before = png(prompt='{"3": {"class_type": "KSampler"}}', workflow="{}" * 5000)
    after = fed(before, size)
    assert b"KSampler" not in after
    assert Image.open(BytesIO(after)).text == {}  # type: ignore[attr-defined]  # PNGs have it
    assert Image.open(BytesIO(after)).tobytes() == Image.open(BytesIO(before)).tobytes()


@given(st.binary(max_size=200), st.integers(1, 50))
def test_what_is_no_png_stays_as_it_is(data: bytes, size: int) -> None:
    assert fed(data, size) == data


@given(st.integers(0, 400), st.integers(1, 50))
def test_a_png_that_is_cut_off_gives_what_is_there(length: int, size: int) -> None:
    whole = png()
    assert fed(whole[:length], size) == whole[:length]
