"""Masks: what was painted ends up transparent, on the picture as it was seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from viewcomfy.core.errors import InvalidUpload
from viewcomfy.service.masks import apply_mask

SIZE = (8, 4)


def saved(folder: Path, name: str, image: Image.Image, **options: object) -> Path:
    image.save(folder / name, **options)  # type: ignore[arg-type]  # Pillow's own options
    return folder / name


def left_half(mode: str, inside: object, outside: object) -> Image.Image:
    image = Image.new(mode, SIZE, outside)  # type: ignore[arg-type]  # a colour of the mode
    image.paste(inside, (0, 0, 4, 4))  # type: ignore[arg-type]  # a colour of the mode
    return image


def alpha_of(folder: Path, photo: Path, mask: Path) -> Image.Image:
    apply_mask(photo, mask, folder / "merged.png")
    with Image.open(folder / "merged.png") as merged:
        assert (merged.format, merged.mode) == ("PNG", "RGBA")
        return merged.getchannel("A")


@pytest.mark.parametrize(
    "mask",
    [
        left_half("L", 255, 0),
        left_half("RGB", (255, 255, 255), (0, 0, 0)),
        left_half("1", 1, 0),
        left_half("RGBA", (255, 255, 255, 255), (0, 0, 0, 255)),
        left_half("RGBA", (9, 9, 9, 0), (9, 9, 9, 255)),
        left_half("LA", (0, 0), (255, 255)),
    ],
    ids=["grey", "colour", "bits", "opaque", "erased", "erased grey"],
)
def test_white_or_erased_is_masked(tmp_path: Path, mask: Image.Image) -> None:
    alpha = alpha_of(tmp_path, saved(tmp_path, "a.png", Image.new("RGB", SIZE, "red")), saved(tmp_path, "m.png", mask))
    assert (alpha.getpixel((0, 0)), alpha.getpixel((7, 3))) == (0, 255)


def test_greys_are_kept(tmp_path: Path) -> None:
    alpha = alpha_of(tmp_path, saved(tmp_path, "a.png", Image.new("RGB", SIZE)), saved(tmp_path, "m.png", Image.new("L", SIZE, 100)))
    assert alpha.getextrema() == (155, 155)


def test_the_mask_is_scaled_to_the_picture(tmp_path: Path) -> None:
    mask = left_half("L", 255, 0).resize((80, 40), Image.Resampling.NEAREST)
    alpha = alpha_of(tmp_path, saved(tmp_path, "a.png", Image.new("RGB", SIZE)), saved(tmp_path, "m.png", mask))
    assert alpha.size == SIZE
    assert (alpha.getpixel((1, 1)), alpha.getpixel((6, 1))) == (0, 255)


def test_a_photo_that_lies_on_its_side_is_turned_as_it_was_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    photo = saved(tmp_path, "a.jpg", Image.new("RGB", (4, 8), "red"), exif=exif)
    alpha = alpha_of(tmp_path, photo, saved(tmp_path, "m.png", left_half("L", 255, 0)))
    assert alpha.size == SIZE
    assert (alpha.getpixel((0, 0)), alpha.getpixel((7, 3))) == (0, 255)


def test_the_colours_below_the_mask_are_kept(tmp_path: Path) -> None:
    photo = saved(tmp_path, "a.png", Image.new("RGBA", SIZE, (10, 20, 30, 40)))
    apply_mask(photo, saved(tmp_path, "m.png", Image.new("L", SIZE, 255)), tmp_path / "merged.png")
    with Image.open(tmp_path / "merged.png") as merged:
        assert merged.getpixel((0, 0)) == (10, 20, 30, 0)


@pytest.mark.parametrize("kind", ["P", "L", "CMYK", "I;16"])
def test_every_kind_of_picture_is_taken(tmp_path: Path, kind: str) -> None:
    photo = saved(tmp_path, "a.tiff", Image.new(kind, SIZE))
    assert alpha_of(tmp_path, photo, saved(tmp_path, "m.png", Image.new("L", SIZE))).getextrema() == (255, 255)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no picture")
    picture = saved(tmp_path, "a.png", Image.new("RGB", SIZE))
    (tmp_path / "cut.png").write_bytes(picture.read_bytes()[:40])
    for photo, mask in ((tmp_path / "text", picture), (picture, tmp_path / "text"), (tmp_path / "cut.png", picture)):
        with pytest.raises(InvalidUpload, match="can't be read"):
            apply_mask(photo, mask, tmp_path / "merged.png")
