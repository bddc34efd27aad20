"""Share links: whoever opens one can run one deployment, sees jobs of their own, and nothing of how it is done."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e.browser import Visitor, attach, picture_at, pictures, shoot, violations
from tests.e2e.product import ADMIN_TOKEN, Product
from tests.e2e.studio import POSTER_EDITS, photo_file, poster, put

pytestmark = pytest.mark.e2e

SECRETS = ("lanczos", '["3",0]')
"""What only somebody who sees the workflow would read: the value of a hidden input, a link."""


def test_a_share_link_opens_one_playground_and_nothing_else(studio: Product, visit: Callable[..., Visitor]) -> None:
    put(studio, "team-poster", poster(), title="Poster of a photo", description="Your photo in a few flat colours.", inputs=POSTER_EDITS)
    admin = visit(studio)
    admin.sign_in(ADMIN_TOKEN)
    link = make_link(admin.page)
    phone, other = visit(studio, phone=True).page, visit(studio, dark=True).page
    heard: list[str] = []
    phone.on("response", lambda response: listen(response, heard))
    open_link(phone, link)
    run(phone, "lake.png", colours=6)
    shoot(phone, "playground-phone")
    open_link(other, link)
    expect(other.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    run(other, "hills.png", colours=16)
    sees_only(phone, "lake.png")
    sees_only(other, "hills.png")
    assert_nothing_told(studio, heard, phone, other)
    revoke(admin.page)
    is_out(phone, other, link)


def make_link(page: Page) -> str:
    page.goto("/deployments/team-poster")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share team-poster")
    dialog.get_by_label("Name").fill("the design team")
    dialog.get_by_label("Jobs in 24 hours").fill("20")
    dialog.get_by_role("button", name="Make the link").click()
    link = dialog.get_by_label("The link", exact=True).input_value()
    assert re.search("/play/team-poster#share=.+:.+", link)
    shoot(page, "share")
    dialog.get_by_role("button", name="Done").click()
    return link


def listen(response: Response, heard: list[str]) -> None:
    """Keep what the server says; an event stream has no end that could be waited for."""
    kind = response.headers.get("content-type", "")
    if "/assets/" not in response.url and "json" in kind:
        heard.append(response.text())


def open_link(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_role("heading", name="Poster of a photo", level=1)).to_be_visible()
    assert page.url.endswith("/play/team-poster")
    expect(page.get_by_role("link", name="Manage")).to_have_count(0)


def run(page: Page, name: str, colours: int) -> None:
    attach(page, "Choose an image: Photo", name, photo_file())
    page.get_by_role("textbox", name="Colours").fill(str(colours))
    page.get_by_role("button", name="Run").click()
    made = picture_at(pictures(page.get_by_role("article", name=name)))
    assert len(made.convert("RGB").getcolors() or []) <= colours
    assert "prompt" not in made.info  # ComfyUI writes the workflow into its pictures
    assert "prompt" not in made.info  # ComfyUI had written the workflow into the file


def sees_only(page: Page, name: str) -> None:
    page.reload()
    expect(page.get_by_role("article", name=name)).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)


def assert_nothing_told(product: Product, heard: list[str], phone: Page, other: Page) -> None:
    assert len(heard) > 5
    assert [text for text in heard if any(secret in text for secret in SECRETS)] == []
    [theirs, others] = [page.request.get("/api/jobs").json()["jobs"] for page in (phone, other)]
    assert (len(theirs), len(others)) == (1, 1)
    prompt_id = theirs[0]["prompt_id"]
    assert phone.request.get(f"/api/jobs/{prompt_id}").json()["prompt"] == {}
    assert other.request.get(f"/api/jobs/{prompt_id}").status == 404
    assert [other.request.get(path).status for path in ("/api/deployments", "/api/keys", "/d/postcard")] == [403, 403, 403]
    whole = product.admin.get(f"/api/jobs/{prompt_id}").text
    assert [secret in whole for secret in SECRETS] == [True] * len(SECRETS)


def revoke(page: Page) -> None:
    page.goto("/keys")
    page.get_by_role("row", name=re.compile("the design team")).get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name=re.compile("the design team")).get_by_role("button", name="Revoke")).to_have_count(0)


def is_out(phone: Page, other: Page, link: str) -> None:
    """Who is at work is told so and keeps what was typed; who comes back sees a page that says why."""
    colours = phone.get_by_role("textbox", name="Colours")
    colours.fill("9")
    attach(phone, "Choose an image: Photo", "more.png", photo_file())
    phone.get_by_role("button", name="Run").click()
    expect(phone.get_by_role("dialog", name="Your access has ended")).to_be_visible()
    phone.get_by_role("button", name="Not now").click()
    expect(colours).to_have_value("9")
    expect(phone.get_by_text("more.png")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Your access has ended")).to_be_visible()
    other.goto(link)
    expect(other.get_by_role("heading", name="This link was withdrawn")).to_be_visible()
    assert violations(other) == []
