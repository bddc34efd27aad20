"""A mask, painted in a browser on a photo, reaches ComfyUI as it was painted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Visitor, attach, picture_at, pictures, shoot
from tests.e2e.pictures import opened
from tests.e2e.product import ADMIN_TOKEN, Product
from tests.e2e.studio import photo_file

pytestmark = pytest.mark.e2e


def test_what_is_painted_over_is_masked(studio: Product, visit: Callable[..., Visitor]) -> None:
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    page = visitor.page
    page.goto("/play/retouch")
    attach(page, "Choose an image: Photo", "dusk.png", photo_file())
    page.get_by_role("button", name="Draw a mask").click()
    paint(page)
    expect(page.get_by_text("with a mask")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    job = page.get_by_role("article")
    assert_mask(picture_at(pictures(job, "mask")).convert("L"))
    assert_inverted(picture_at(pictures(job, "retouched")).convert("RGB"))


def paint(page: Page) -> None:
    """Paint a line over the hills. What is taken back leaves no trace, and hardly any what is erased."""
    editor = page.get_by_role("dialog", name="Mask for Photo")
    stage = editor.get_by_role("application")
    expect(stage).to_be_visible()
    stroke(stage, 0.2)
    editor.get_by_role("button", name="Undo").click()
    stroke(stage, 0.4)
    editor.get_by_text("Eraser", exact=True).locator("xpath=ancestor::label").click()
    stroke(stage, 0.4)
    editor.get_by_text("Brush", exact=True).locator("xpath=ancestor::label").click()
    stroke(stage, 0.75)
    shoot(page, "mask")
    editor.get_by_role("button", name="Use this mask").click()
    expect(editor).to_be_hidden()


def stroke(stage: Locator, down: float) -> None:
    """Draw a line across the whole picture, at a part of its height."""
    box = stage.locator("img").bounding_box()
    assert box
    mouse = stage.page.mouse
    mouse.move(box["x"] + 2, box["y"] + box["height"] * down)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] * down, steps=12)
    mouse.up()


def assert_mask(mask: Image.Image) -> None:
    assert mask.size == (480, 320)
    rows = [mask.resize((1, 320), Image.Resampling.BOX).getpixel((0, row)) for row in (64, 128, 240)]
    assert rows == [0, 0, pytest.approx(255, abs=12)]


def assert_inverted(picture: Image.Image) -> None:
    """The band that was painted over is inverted, the rest is as it was."""
    photo = opened(photo_file())
    band, rest = (0, 237, 480, 243), (0, 0, 480, 190)
    assert difference(picture, photo, rest) < 2
    assert difference(picture, ImageChops.invert(photo), band) < 12
    assert difference(picture, photo, band) > 40


def difference(one: Image.Image, other: Image.Image, box: tuple[int, int, int, int]) -> float:
    """Return by how much two pictures differ within a box, on average, in the channel where it is most."""
    return max(ImageStat.Stat(ImageChops.difference(one.crop(box), other.crop(box))).mean)
