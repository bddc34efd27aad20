"""A contact sheet shows the pictures of a batch, small and labelled."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from viewcomfy.core.batches import plan
from viewcomfy.service.contact_sheet import EMPTY, MAX_SHEET, MAX_SIDE, PAPER, draw_sheet, fitted, layout_of

RED, GREEN = (255, 0, 0), (0, 128, 0)
GRID = plan({"grid": {"prompt": ["a cat", "a dog"], "seed": [1, 2, 3]}})
FONT = ImageFont.load_default(16)


def picture(folder: Path, name: str, colour: object = RED, size: tuple[int, int] = (64, 64), mode: str = "RGB") -> Path:
    path = folder / name
    Image.new(mode, size, colour).save(path)  # type: ignore[arg-type]  # Pillow names each mode's colours differently
    return path


def middle(sheet: Image.Image, place: int, total: int, cell: int = 64) -> object:
    layout = layout_of(total, cell=cell)
    x, y = layout.corner(place)
    return sheet.getpixel((x + layout.cell // 2, y + layout.cell // 2))


def drawn(tmp_path: Path, paths: list[Path | None], **options: object) -> Image.Image:
    target = tmp_path / "sheet"
    draw_sheet(((f"#{number}", path) for number, path in enumerate(paths)), target, total=len(paths), cell=64, **options)  # type: ignore[arg-type]  # the test's own options
    return opened(target)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def colour_of(value: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(value[1:]))


def test_pictures_are_laid_out_nearly_square(tmp_path: Path) -> None:
    sheet = drawn(tmp_path, [picture(tmp_path, f"{number}.png", (number * 20, 0, 0)) for number in range(7)])
    assert (layout_of(7).columns, layout_of(7).rows) == (3, 3)
    assert [middle(sheet, place, 7) for place in range(7)] == [(place * 20, 0, 0) for place in range(7)]
    assert middle(sheet, 8, 7) == colour_of(PAPER)


def test_two_axes_go_down_and_across_with_their_labels_in_the_margins(tmp_path: Path) -> None:
    layout = layout_of(6, GRID.axes, 64)
    assert (layout.columns, layout.rows, layout.caption) == (3, 2, 0)
    sheet = drawn(tmp_path, [picture(tmp_path, f"{number}.png", (number * 20, 0, 0)) for number in range(6)], axes=GRID.axes)
    assert sheet.size == layout.size
    for place in range(6):
        x, y = layout.corner(place)
        assert sheet.getpixel((x + 32, y + 32)) == (place * 20, 0, 0)
    margins = [sheet.crop((0, layout.top, layout.left, sheet.height)), sheet.crop((layout.left, 0, sheet.width, layout.top))]
    assert all((colours := margin.getcolors(100_000)) and len(colours) > 2 for margin in margins)


def test_a_grid_with_other_than_two_axes_or_too_long_a_side_is_laid_out_nearly_square() -> None:
    assert layout_of(3, GRID.axes[1:]).caption
    wide = plan({"grid": {"a": [1], "seed": list(range(900))}})
    assert layout_of(900, wide.axes).columns == 30
    assert layout_of(5, GRID.axes).columns == 3  # fewer jobs than cells: the axes say nothing about them


def test_a_job_without_a_picture_is_an_empty_cell(tmp_path: Path) -> None:
    text = tmp_path / "a.png"
    text.write_text("not a picture")
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture(tmp_path, "whole.png", size=(500, 500)).read_bytes()[:60])
    sheet = drawn(tmp_path, [None, text, tmp_path / "absent.png", cut, picture(tmp_path, "x.png")])
    assert [middle(sheet, place, 5) for place in range(5)] == [colour_of(EMPTY)] * 4 + [RED]


def test_fewer_pictures_than_announced_leave_cells_free(tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    draw_sheet(iter([("a", None)]), target, total=4)
    assert opened(target).size == layout_of(4).size


def test_a_sheet_of_nothing_is_a_picture(tmp_path: Path) -> None:
    assert drawn(tmp_path, []).size == layout_of(0, cell=64).size


@pytest.mark.parametrize(
    ("name", "mode", "colour", "shown"),
    [
        ("a.png", "RGBA", (255, 0, 0, 255), RED),
        ("a.png", "RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("a.png", "L", 128, (128, 128, 128)),
        ("a.png", "LA", (128, 255), (128, 128, 128)),
        ("a.png", "1", 1, (255, 255, 255)),
        ("a.png", "I;16", 0x8080, (128, 128, 128)),
        ("a.gif", "P", 0, (0, 0, 0)),
        ("a.webp", "RGB", GREEN, None),
        ("a.jpg", "CMYK", (0, 255, 255, 0), None),
        ("a.tiff", "RGB", GREEN, GREEN),
        ("a.bmp", "RGB", GREEN, GREEN),
    ],
)
def test_every_kind_of_picture_is_drawn(tmp_path: Path, name: str, mode: str, colour: object, shown: object) -> None:
    pixel = middle(drawn(tmp_path, [picture(tmp_path, name, colour, (300, 300), mode)]), 0, 1)
    if shown is None:  # whose colours are not kept exactly
        assert pixel not in (colour_of(EMPTY), colour_of(PAPER))
    else:
        assert pixel == shown


def test_pictures_keep_their_shape_and_are_turned_as_their_camera_said(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 100), RED)
    exif = image.getexif()
    exif[0x0112] = 6  # turn right
    image.save(tmp_path / "turned.jpg", exif=exif)
    sheet, layout = drawn(tmp_path, [tmp_path / "turned.jpg"]), layout_of(1, cell=64)
    x, y = layout.corner(0)
    assert sheet.getpixel((x + 32, y + 2)) != colour_of(PAPER)
    assert sheet.getpixel((x + 2, y + 32)) == colour_of(PAPER)


def test_a_picture_that_is_a_bomb_is_not_decoded(tmp_path: Path) -> None:
    bombs: list[Path | None] = [picture(tmp_path, f"{side}.png", 0, (side, side), "1") for side in (9_000, 10_000, 20_000)]
    tracemalloc.start()
    sheet = drawn(tmp_path, bombs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [middle(sheet, place, 3) for place in range(3)] == [colour_of(EMPTY)] * 3
    assert peak < 20_000_000


def test_pictures_are_asked_for_one_by_one(tmp_path: Path) -> None:
    """Each may be a temporary copy that is removed before the next one is made."""
    path = tmp_path / "only.png"

    def copies() -> Iterator[tuple[str, Path]]:
        for number in range(5):
            assert not path.exists()
            picture(tmp_path, "only.png", (number * 20, 0, 0))
            yield f"#{number}", path
            path.unlink()

    draw_sheet(copies(), tmp_path / "sheet.png", total=5, cell=64)
    assert [middle(opened(tmp_path / "sheet.png"), place, 5) for place in range(5)] == [(place * 20, 0, 0) for place in range(5)]


def test_a_jpeg_can_be_asked_for(tmp_path: Path) -> None:
    assert drawn(tmp_path, [None]).format == "PNG"
    assert drawn(tmp_path, [None], image_format="jpeg").format == "JPEG"


@given(st.integers(0, 20_000), st.integers(1, 2_000))
def test_a_sheet_is_never_larger_than_its_limits(total: int, cell: int) -> None:
    layout = layout_of(total, cell=cell)
    width, height = layout.size
    assert layout.columns * layout.rows >= total
    assert max(width, height) <= MAX_SIDE
    assert layout.cell**2 * layout.columns * layout.rows <= MAX_SHEET


@pytest.mark.parametrize(
    "label", ["", "一只猫在月亮上", "قطة على القمر", "👩‍👩‍👧‍👦 emoji", "\ud800", "a\0b\x1b[31m", "x" * 5000, "\n\n\n", "é\u0301" * 300]
)
def test_any_label_can_be_drawn(tmp_path: Path, label: str) -> None:
    axes = plan({"grid": {label or "a": [label, "b"], "seed": [label]}}).axes
    draw_sheet([(label, None), (label, None)], tmp_path / "a.png", total=2, cell=80)
    draw_sheet([(label, None), (label, None)], tmp_path / "b.png", total=2, cell=80, axes=axes)


@given(st.text(), st.integers(20, 300), st.integers(1, 4))
def test_labels_fit_their_place(text: str, width: int, lines: int) -> None:
    shown = fitted(text, FONT, width, lines=lines)
    rows = shown.split("\n")
    assert len(rows) <= lines
    assert all(FONT.getlength(row) <= width or len(row.rstrip("…")) <= 1 for row in rows)


def test_labels_break_at_spaces_and_end_with_an_ellipsis_where_they_are_cut() -> None:
    assert fitted("a cat on the moon", FONT, 70, lines=3) == "a cat on\nthe moon"
    assert fitted("a cat on the moon", FONT, 70, lines=1) == "a cat on…"
    assert fitted("one\ntwo", FONT, 200, lines=2) == "one\ntwo"
