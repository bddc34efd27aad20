"""Every page in both colour schemes, both languages, on a desktop and on a phone: readable by all, nothing beside the window."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import ROOT, Visitor, overflow, shoot, violations
from tests.e2e.product import ADMIN_TOKEN, Product
from tests.e2e.studio import make_posters, put
from tests.e2e.workflows import colour, node

pytestmark = pytest.mark.e2e

MESSAGES = ROOT / "dashboard" / "src" / "i18n"
DATA = {"Colours", "image", "seed", "none", "failed"}
"""What the deployments themselves call so, in any language."""
TEXTS = """() => {
    const texts = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const {parentElement: parent, data} = walker.currentNode;
        if (parent.checkVisibility() && !parent.closest("script, style, [lang=en]")) texts.add(data.trim());
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]"))
        for (const name of ["aria-label", "placeholder", "title"]) texts.add(element.getAttribute(name) ?? "");
    return [...texts];
}"""


@pytest.fixture(scope="module")
def paths(studio: Product) -> Iterator[list[str]]:
    """The addresses of all pages, of jobs of each kind too, and of a deployment that is long and wide."""
    made = make_posters(studio, 3)
    failed = studio.run("upscale", {"1-inputs-color": 1})
    studio.ended(failed)
    long, share = long_and_wide(studio)
    places = ["/", "/deploy", "/jobs", "/backends", "/keys", "/usage", "/settings", "/nowhere", "/play/poster"]
    of_deployment = [f"/deployments/poster{part}" for part in ("", "?tab=activity", "?tab=report", "?tab=graph", "/inputs", "/versions")]
    of_long = [f"/deployments/{long}", f"/deployments/{long}?tab=graph", f"/deployments/{long}/inputs", f"/play/{long}"]
    yield [*places, *of_deployment, f"/jobs/{made[0]}", f"/jobs/{failed}", *of_long]
    studio.admin.delete(f"/api/deployments/{long}")
    studio.admin.delete(f"/api/keys/{share}")


def long_and_wide(product: Product) -> tuple[str, str]:
    """Deploy what has hundreds of nodes and names as long as they may be, and share it."""
    name, word = "n" * 63, "Donaudampfschifffahrtsgesellschaft" * 5
    nodes = {str(number): node("ImageInvert", word, image=[str(number - 1), 0]) for number in range(2, 300)}
    workflow = {"1": colour()["1"], **nodes, "300": node("SaveImage", word, images=["299", 0], filename_prefix=word)}
    edits = {"1-inputs-color": {"label": word, "description": word, "advanced": False}}
    put(product, name, workflow, title=word, description=word, note=word, inputs=edits)
    share = product.admin.post(f"/api/deployments/{name}/shares", json={"name": word[:100]})
    return name, str(share.json()["client_id"])


def test_the_pages_that_are_seen_first(studio: Product, visit: Callable[..., Visitor]) -> None:
    make_posters(studio, 3)
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    expect(visitor.page.get_by_role("heading", name="Poster of a photo")).to_be_visible()
    shoot(visitor.page, "deployments")
    visitor.page.goto("/deployments/poster")
    expect(visitor.page.get_by_role("heading", name="Code to paste")).to_be_visible()
    shoot(visitor.page, "deployment")


def test_light_and_english(studio: Product, visit: Callable[..., Visitor], paths: list[str]) -> None:
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    others = [path for path in paths if "?tab=" in path or path.endswith(("/inputs", "/nowhere"))]  # the rest is seen by other tests
    assert {path: found for path in others if (found := faults(visitor.page, path))} == {}


def test_dark_and_chinese(studio: Product, visit: Callable[..., Visitor], paths: list[str]) -> None:
    visitor = visit(studio, dark=True, language="zh-TW")
    page = visitor.page
    page.goto("/sign-in")
    assert (violations(page), english(page)) == ([], [])
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant-TW")
    page.get_by_label("管理員權杖").fill(ADMIN_TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{studio.url}/")
    assert {path: found for path in paths if (found := [*faults(page, path), *english(page)])} == {}
    page.goto("/play/poster")
    shoot(page, "playground-zh")


def test_a_phone(studio: Product, visit: Callable[..., Visitor], paths: list[str]) -> None:
    visitor = visit(studio, phone=True)
    visitor.sign_in(ADMIN_TOKEN)
    assert {path: found for path in paths if (found := faults(visitor.page, path))} == {}


def faults(page: Page, path: str) -> list[str]:
    """Return what is wrong with a page: rules that it breaks, and by how much it is too wide."""
    page.goto(path)
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    wide = overflow(page)
    return [*violations(page), *([f"{wide} px too wide"] if wide > 0 else [])]


def english(page: Page) -> list[str]:
    """Return the messages that are shown in English although there is a Chinese one."""
    return sorted(set(page.evaluate(TEXTS)) & english_messages() - DATA)


def english_messages() -> set[str]:
    """Return every English message that reads otherwise in Chinese."""
    in_english, in_chinese = (dict(of_language(language)) for language in ("en", "zh-TW"))
    return {text for name, text in in_english.items() if len(text) > 3 and in_chinese.get(name) != text} - set(in_chinese.values())


def of_language(language: str) -> Iterator[tuple[str, str]]:
    for file in (MESSAGES / language).glob("*.json"):
        yield from flat(file.stem, json.loads(file.read_text()))


def flat(name: str, messages: Any) -> Iterator[tuple[str, str]]:
    """Yield each message by its whole name."""
    if isinstance(messages, str):
        yield name, messages
    else:
        for key, value in messages.items():
            yield from flat(f"{name}.{key}", value)
