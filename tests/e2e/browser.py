"""A real browser: Debian's Chromium, driven by Playwright, with what every page is held to."""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.e2e.pictures import opened

ROOT = Path(__file__).parents[2]
AXE = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
BUILT = ROOT / "src" / "viewcomfy" / "server" / "static" / "dashboard" / "index.html"
IMAGES = ROOT / "docs" / "images"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
EXPECTED_ERRORS = ("the server responded with a status of",)
"""What Chromium writes to the console of its own accord when an answer is a refusal; the pages deal with those."""
PATIENCE = 60_000.0
"""Milliseconds within which anything appears, a cold start of ComfyUI on a busy machine included."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the browser; a machine without one skips the test, but not in CI."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium: apt-get install chromium")
    assert path, "there is no Chromium"
    assert BUILT.exists(), "the dashboard is not built: make dashboard"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """Someone with a browser of their own: nothing is shared between two of them. Errors on its console are collected."""

    def __init__(self, browser: Browser, url: str, *, phone: bool = False, dark: bool = False, language: str = "en-US") -> None:
        self.url = url
        self.errors: list[str] = []
        options: dict[str, Any] = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2} if phone else {}
        self.context: BrowserContext = browser.new_context(
            base_url=url,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]  # a dict of two numbers
            color_scheme="dark" if dark else "light",
            locale=language,
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Return another tab."""
        page = self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda fault: self.errors.append(f"{page.url}: {fault}"))
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(known in message.text for known in EXPECTED_ERRORS):
            self.errors.append(message.text)

    def photograph(self, path: Path) -> None:
        """Save how the last page looks, for whoever has to find out why a test has failed."""
        if self.context.pages:
            self.context.pages[-1].screenshot(path=path)

    def close(self) -> list[str]:
        """Close it, and return what a page has complained about, a violated content policy for example."""
        self.context.close()
        return self.errors

    def sign_in(self, token: str) -> None:
        """Sign in as the admin and arrive at the deployments."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Admin token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page by levels A and AA: the rule and where."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async (values) => {
            const {violations} = await axe.run(document, {runOnly: {type: "tag", values}, resultTypes: ["violations"]});
            return violations.flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 160)}`));
        }""",
        RULES,
    )
    return [str(one) for one in found]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def shoot(page: Page, name: str, *, top: Locator | None = None, whole: bool = False) -> None:
    """Hold a page to what all are held to, and take its picture: into docs/images where VIEWCOMFY_SCREENSHOTS is set.

    The picture begins at `top`, or is of the `whole` page.
    """
    page.wait_for_load_state("networkidle")
    assert violations(page) == [], name
    assert overflow(page) <= 0, name
    if not os.environ.get("VIEWCOMFY_SCREENSHOTS"):
        return
    expect(page.locator(".mantine-Notification-root")).to_have_count(0)
    window = page.viewport_size
    if whole:  # what is fixed to the window stays where it was when that grows
        page.evaluate("scrollTo(0, 0)")
    if whole and window:  # in a window so tall everything is in its place, what sticks to an edge too
        page.set_viewport_size({"width": window["width"], "height": int(page.evaluate("document.documentElement.scrollHeight"))})
    if top:
        top.evaluate("element => element.scrollIntoView({block: 'start'})")
    taken = page.screenshot(animations="disabled")
    IMAGES.mkdir(parents=True, exist_ok=True)
    # 256 colours: a third of the size, and no eye sees it on such pages
    Image.open(BytesIO(taken)).convert("RGB").quantize(256).save(IMAGES / f"{name}.png", optimize=True)
    if whole and window:
        page.set_viewport_size(window)


def drop(page: Page, name: str, content: bytes, onto: str = "body") -> None:
    """Drop a file from outside of the browser onto a part of a page."""
    page.wait_for_load_state("networkidle")  # a page that is not there yet takes nothing
    given = {"name": name, "base64": b64encode(content).decode()}
    files = page.evaluate_handle(
        """({name, base64}) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
            return transfer;
        }""",
        given,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.locator(onto).first.dispatch_event(event, {"dataTransfer": files, "bubbles": True, "cancelable": True})


def choose(page: Page, field: str, option: str) -> None:
    """Choose one of the options of a field."""
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option, exact=True).click()


def pictures(job: Locator, name: str = "") -> Locator:
    """Return the pictures among the results on a job's card, those whose names begin like this."""
    return job.get_by_role("button", name=re.compile(f"^Show {name}.* large$")).get_by_role("img")


def picture_at(image: Locator) -> Image.Image:
    """Return the picture that an <img> shows, once the browser has decoded it."""
    expect(image).to_be_visible()
    size = image.evaluate("async (image) => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }")
    answer = image.page.request.get(str(image.evaluate("image => image.src")))
    assert answer.ok, answer.text()
    picture = opened(answer.body())
    assert list(picture.size) == size
    return picture


def attach(page: Page, button: str, name: str, content: bytes) -> None:
    """Choose a file by the button that asks for one."""
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name=button).click()
    asked.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})
