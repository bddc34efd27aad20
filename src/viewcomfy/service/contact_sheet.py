"""A contact sheet: the pictures of many jobs on one, small and labelled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps, features

from viewcomfy.core.batches import Axis

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What is decoded: what pictures are made of here, and no format that starts another program."""
MAX_PIXELS = 64_000_000
"""The largest picture that is decoded: 256 MB for the moment while it is made small."""
MAX_SHEET = 32_000_000
"""Pixels of a sheet, 96 MB: cells shrink where there would be more."""
MAX_SIDE = 32_000
"""The longest side of a sheet; the formats end at 65,535."""
MIN_CELL = 48
"""Below this many pixels nothing can be recognised, so a grid that needs less is laid out as a list."""
GAP = 8
FONT = 16
LINE = FONT + 5
PAPER, EMPTY, INK, FAINT = "#ffffff", "#eceef1", "#22262b", "#8a9099"

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are on a sheet, in pixels: `left` and `top` are the margins, each cell has `caption` pixels of text below it."""

    columns: int
    rows: int
    cell: int
    left: int = 0
    top: int = 0
    caption: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Return the width and height of the sheet."""
        return self.left + self.columns * (self.cell + GAP) + GAP, self.top + self.rows * (self.cell + self.caption + GAP) + GAP

    def corner(self, place: int) -> tuple[int, int]:
        """Return the upper left corner of a cell, counted from 0 along the rows."""
        row, column = divmod(place, self.columns)
        return self.left + GAP + column * (self.cell + GAP), self.top + GAP + row * (self.cell + self.caption + GAP)


def draw_sheet(
    pictures: Iterable[tuple[str, Path | None]],
    target: Path,
    *,
    total: int,
    axes: Sequence[Axis] = (),
    cell: int = 256,
    image_format: str = "PNG",
) -> None:
    """Write one picture of `total` small ones, each at most `cell` pixels wide and high, as PNG or JPEG.

    `pictures` are (label, file) in the order of the batch; they are asked for, decoded and dropped one by one. None, or a
    file that is no picture or a huge one, becomes an empty cell that says so. With two axes the first goes down and the
    second across, their labels in the margins; otherwise the sheet is nearly square, with each label below its cell.
    Blocks: run it in a thread.
    """
    layout = layout_of(total, axes, cell)
    font = ImageFont.load_default(FONT)
    sheet = Image.new("RGB", layout.size, PAPER)
    draw = ImageDraw.Draw(sheet)
    if layout.left:
        _draw_axes(draw, layout, axes, font)
    for place, (label, path) in zip(range(total), pictures, strict=False):
        corner = layout.corner(place)
        small = _small(path, layout.cell) if path else "no picture"
        if isinstance(small, str) and not layout.caption:
            small = f"{label}\n{small}"
        _paste(sheet, small, corner, layout.cell, font)
        if layout.caption:
            text = fitted(label, font, layout.cell, lines=2)
            draw.multiline_text((corner[0], corner[1] + layout.cell + 2), text, INK, font, spacing=2)
    if image_format.upper() == "JPEG":
        sheet.save(target, "JPEG", quality=85)
    else:
        sheet.save(target, "PNG", compress_level=3)


def layout_of(total: int, axes: Sequence[Axis] = (), cell: int = 256) -> Layout:
    """Return where things go: by the axes where there are two and both fit, else nearly square."""
    if len(axes) == 2 and len(axes[0].labels) * len(axes[1].labels) == total:
        by_axes = _shrunk(Layout(len(axes[1].labels), len(axes[0].labels), cell, left=150, top=2 * LINE + GAP))
        if by_axes.cell >= MIN_CELL:
            return by_axes
    columns = max(1, math.ceil(math.sqrt(total)))
    return _shrunk(Layout(columns, max(1, math.ceil(total / columns)), cell, caption=2 * LINE))


def _shrunk(layout: Layout) -> Layout:
    """Return the layout with cells small enough for the sheet's limits."""
    fits = min(
        layout.cell,
        (MAX_SIDE - layout.left) // layout.columns - GAP,
        (MAX_SIDE - layout.top) // layout.rows - layout.caption - GAP,
        int(math.sqrt(MAX_SHEET / (layout.columns * layout.rows))) - GAP,
    )
    return Layout(layout.columns, layout.rows, max(1, fits), layout.left, layout.top, layout.caption)


def _draw_axes(draw: ImageDraw.ImageDraw, layout: Layout, axes: Sequence[Axis], font: Font) -> None:
    down, across = axes
    corner = fitted(f"{down.name} (down)\n{across.name} (across)", font, layout.left - GAP, lines=2)
    draw.multiline_text((GAP, GAP), corner, FAINT, font, spacing=2)
    for column, label in enumerate(across.labels):
        x, _ = layout.corner(column)
        draw.multiline_text((x, GAP), fitted(label, font, layout.cell, lines=2), INK, font, spacing=2)
    for row, label in enumerate(down.labels):
        _, y = layout.corner(row * layout.columns)
        lines = max(1, min(6, layout.cell // LINE))
        draw.multiline_text((GAP, y), fitted(label, font, layout.left - GAP, lines=lines), INK, font, spacing=2)


def _paste(sheet: Image.Image, small: Image.Image | str, corner: tuple[int, int], cell: int, font: Font) -> None:
    x, y = corner
    if isinstance(small, str):
        draw = ImageDraw.Draw(sheet)
        draw.rectangle((x, y, x + cell - 1, y + cell - 1), EMPTY)
        draw.multiline_text((x + GAP, y + GAP), fitted(small, font, cell - 2 * GAP, lines=max(1, cell // LINE - 1)), FAINT, font)
    else:
        sheet.paste(small, (x + (cell - small.width) // 2, y + (cell - small.height) // 2))


def _small(path: Path, cell: int) -> Image.Image | str:
    """Return a picture made small, on white where it is transparent; or why there is none."""
    try:
        with Image.open(path, formats=(*FORMATS, *(("AVIF",) if features.check("avif") else ()))) as image:
            if image.width * image.height > MAX_PIXELS:
                return "too large"
            whole = _scalable(image)
            whole.thumbnail((cell, cell), reducing_gap=2.0)  # which has a JPEG decoded small in the first place
            return _on_white(ImageOps.exif_transpose(whole))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return "not a picture"


def _scalable(image: Image.Image) -> Image.Image:
    if image.mode == "P":
        return image.convert("RGBA")  # a palette can't be scaled smoothly
    if image.mode.startswith(("I", "F")):  # 16 bits: Pillow's own conversion cuts off what is over 255
        return image.convert("F").point(lambda value: value * (255 / 65535)).convert("L")
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGB", layer.size, PAPER)
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def fitted(text: str, font: Font, width: int, *, lines: int) -> str:
    """Return the text broken into at most so many lines of at most so many pixels, with an ellipsis where it was cut.

    Whatever the font can't draw at all is replaced; glyphs that it lacks are drawn as boxes.
    """
    rows: list[str] = []
    rest = _drawable(text, font)
    while rest and len(rows) < lines:
        length = _fitting(rest, font, width)
        if length < len(rest) and len(rows) == lines - 1:
            rows.append(rest[: _fitting(rest, font, width - int(font.getlength("…")))].rstrip() + "…")
            break
        rows.append(rest[:length].rstrip())
        rest = rest[length:].lstrip(" ").removeprefix("\n")
    return "\n".join(rows)


def _drawable(text: str, font: Font) -> str:
    shown = "\n".join(" ".join(line.split()) for line in text[:500].split("\n")).strip()
    if isinstance(font, ImageFont.FreeTypeFont):
        return shown.encode(errors="replace").decode()  # half of a surrogate pair
    return shown.encode("latin-1", errors="replace").decode("latin-1")


def _fitting(text: str, font: Font, width: int) -> int:
    """Return how many characters of the text go on one line, at least 1, ending at a space where there is one."""
    line = text.partition("\n")[0][:200]
    low, high = 1, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if font.getlength(line[:middle]) <= width else (low, middle - 1)
    space = line.rfind(" ", 0, low + 1)
    return space if low < len(line) and space > 0 else max(1, low)
