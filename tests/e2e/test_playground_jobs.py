"""What people do with jobs in the playground: several at once, stop one, go on from a result, compare, come back another day."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Visitor, attach, choose, picture_at, pictures, shoot, violations
from tests.e2e.pictures import opened
from tests.e2e.product import ADMIN_TOKEN, Json, Product
from tests.e2e.studio import POSTER_EDITS, WAIT_EDITS, photo_file, poster, put
from tests.e2e.workflows import sleeping

pytestmark = pytest.mark.e2e


def test_a_result_goes_back_into_the_form_and_is_compared(studio: Product, visit: Callable[..., Visitor]) -> None:
    put(studio, "flat-colours", poster(), title="Poster of a photo", description="Your photo in a few flat colours.", inputs=POSTER_EDITS)
    page = play(studio, visit, "flat-colours")
    attach(page, "Choose an image: Photo", "dusk.png", photo_file())
    run(page, colours=24)
    first = picture_at(pictures(newest(page)))
    assert 4 < colours_in(first) <= 24
    use_as_input(page)
    run(page, colours=4)
    assert colours_in(picture_at(pictures(newest(page)))) <= 4
    [sent] = sent_with(studio, "flat-colours")
    assert opened(sent).convert("RGB").tobytes() == first.convert("RGB").tobytes()
    compare(page)
    assert copied_settings(page)["colours"] == 4
    run(page, colours=12)
    run(page, colours=7)
    page.mouse.move(0, 0)
    shoot(page, "playground")
    page.reload()
    expect(page.get_by_role("article")).to_have_count(4)
    restore(page, page.get_by_role("article").last)
    expect(page.get_by_role("textbox", name="Colours")).to_have_value("24")


def test_jobs_wait_for_one_another_and_one_is_stopped(studio: Product, visit: Callable[..., Visitor]) -> None:
    put(studio, "slow-motion", sleeping(0.5), title="Slow motion", inputs=WAIT_EDITS)
    page = play(studio, visit, "slow-motion")
    page.get_by_role("textbox", name="Steps").fill("300")
    for seconds in ("60", "0.5", "0.4"):
        page.get_by_role("textbox", name="Seconds").fill(seconds)
        page.get_by_role("button", name="Run").click()
    cards = page.get_by_role("article")
    expect(cards).to_have_count(3)
    expect(cards.nth(0).get_by_text("One job is before it")).to_be_visible()
    expect(cards.nth(1).get_by_text("It is next")).to_be_visible()
    expect(cards.nth(2).get_by_role("progressbar")).to_be_visible()
    expect(cards.nth(2).get_by_text("The wait")).to_be_visible()
    read_log(page, cards.nth(2))
    cards.nth(2).get_by_role("button", name="Cancel").click()
    expect(cards.nth(2).get_by_text("canceled")).to_be_visible()
    for number in (0, 1):
        assert picture_at(pictures(cards.nth(number))).size == (32, 32)
    jobs = studio.admin.get("/api/jobs", params={"deployment": "slow-motion"}).json()["jobs"]
    assert [job["status"] for job in jobs] == ["succeeded", "succeeded", "canceled"]
    choose(page, "State", "Canceled")
    expect(cards).to_have_count(1)
    cards.get_by_role("button", name="More about this job").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog", name="Delete this job?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No job matches.")).to_be_visible()
    assert studio.admin.get(f"/api/jobs/{jobs[2]['prompt_id']}").status_code == 404


def play(product: Product, visit: Callable[..., Visitor], name: str) -> Page:
    visitor = visit(product)
    visitor.sign_in(ADMIN_TOKEN)
    visitor.page.goto(f"/play/{name}")
    return visitor.page


def run(page: Page, colours: int) -> None:
    """Run with so many colours and wait for the picture."""
    before = page.get_by_role("article").count()
    page.get_by_role("textbox", name="Colours").fill(str(colours))
    page.get_by_role("textbox", name="Colours").press("Control+Enter")
    expect(page.get_by_role("article")).to_have_count(before + 1)
    expect(pictures(newest(page))).to_be_visible()


def newest(page: Page) -> Locator:
    return page.get_by_role("article").first


def colours_in(picture: Image.Image) -> int:
    return len(picture.convert("RGB").getcolors(1 << 24) or [])


def use_as_input(page: Page) -> None:
    newest(page).get_by_role("button", name=re.compile("^What to do with poster")).click()
    page.get_by_role("menuitem", name="Use as “Photo”").click()
    expect(page.get_by_text("It is in the form now, as “Photo”.")).to_be_visible()
    expect(page.get_by_role("group", name="Photo").get_by_role("img")).to_be_visible()


def sent_with(product: Product, deployment: str) -> list[bytes]:
    """Return the files that the newest job of a deployment was sent."""
    [job] = product.admin.get("/api/jobs", params={"deployment": deployment, "limit": 1}).json()["jobs"]
    uploads = product.admin.get(f"/api/jobs/{job['prompt_id']}").json()["uploads"]
    return [httpx2.get(upload["url"], trust_env=False).content for upload in uploads]


def compare(page: Page) -> None:
    """Compare a picture with what it was made from; the line can be moved by keyboard."""
    pictures(newest(page)).click()
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare two pictures")
    expect(dialog.get_by_role("img").first).to_be_visible()
    line = dialog.get_by_role("slider")
    before = line.get_attribute("aria-valuenow")
    line.press("ArrowRight")
    expect(line).not_to_have_attribute("aria-valuenow", str(before))
    assert violations(page) == []
    dialog.get_by_role("button", name="Close the comparison").click()
    expect(dialog).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def copied_settings(page: Page) -> Json:
    newest(page).get_by_role("button", name="Copy the settings as JSON").click()
    expect(page.get_by_text("The settings were copied.")).to_be_visible()
    settings: Json = json.loads(page.evaluate("navigator.clipboard.readText()"))
    return settings


def restore(page: Page, job: Locator) -> None:
    job.get_by_role("button", name="Use these settings again").click()
    expect(page.get_by_role("group", name="Photo").get_by_text("dusk.png")).to_be_visible()


def read_log(page: Page, job: Locator) -> None:
    job.get_by_role("button", name="Log").click()
    drawer = page.get_by_role("dialog", name="Log")
    expect(drawer.get_by_text("got prompt")).to_be_visible()
    drawer.get_by_role("button", name="Close the log").click()
    expect(drawer).to_be_hidden()
