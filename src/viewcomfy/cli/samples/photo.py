"""A photo to try things with, painted on the spot: hills at dusk, with a sun and a lake."""

from __future__ import annotations

import io
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 960, 640
SKY = ((24, 32, 78), (120, 70, 120), (250, 150, 90), (255, 214, 150))
HILLS = ((96, 66, 110), (62, 48, 92), (34, 34, 66))
WATER = 520
SUN = (640, 380, 46)


def photo() -> bytes:
    """Return it as a JPEG of 960 × 640 pixels; the same one each time."""
    picture = _sky()
    _sun(picture)
    _hills(picture, random.Random(7))  # noqa: S311 - a landscape, not a secret
    _lake(picture)
    picture = Image.blend(picture, ImageChops.overlay(picture, _grain()), 0.1)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def _sky() -> Image.Image:
    column = Image.new("RGB", (1, len(SKY)))
    column.putdata(SKY)
    return column.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _sun(picture: Image.Image) -> None:
    x, y, radius = SUN
    glow = Image.new("L", picture.size)
    for factor, light in ((4.0, 60), (2.2, 90), (1.0, 255)):
        r = radius * factor
        ImageDraw.Draw(glow).ellipse((x - r, y - r, x + r, y + r), fill=light)
        glow = glow.filter(ImageFilter.GaussianBlur(radius / 2 * (factor - 0.9)))
    picture.paste((255, 236, 190), mask=glow)


def _hills(picture: Image.Image, dice: random.Random) -> None:
    draw = ImageDraw.Draw(picture)
    for number, color in enumerate(HILLS):
        base, waves = 400 + 50 * number, [(dice.uniform(0.5, 4), dice.uniform(0, 6.3), dice.uniform(8, 30)) for _ in range(5)]
        line = [(x, base + sum(math.sin(x / WIDTH * 6.3 * f + p) * a / f**0.5 for f, p, a in waves)) for x in range(0, WIDTH + 4, 4)]
        draw.polygon([*line, (WIDTH, HEIGHT), (0, HEIGHT)], fill=color)


def _lake(picture: Image.Image) -> None:
    mirrored = picture.crop((0, 2 * WATER - HEIGHT, WIDTH, WATER)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    rippled = mirrored.filter(ImageFilter.GaussianBlur(3))
    picture.paste(Image.blend(rippled, Image.new("RGB", rippled.size, (60, 70, 120)), 0.25), (0, WATER))


def _grain() -> Image.Image:
    dice = random.Random(3)  # noqa: S311 - see above
    small = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), dice.randbytes(WIDTH * HEIGHT // 4))
    return small.resize((WIDTH, HEIGHT)).convert("RGB")
