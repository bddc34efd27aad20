"""Deploying in a browser: every kind of file, what can't be deployed and why, a version that would break calls, and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Visitor, drop, shoot, violations
from tests.e2e.product import ADMIN_TOKEN, Json, Product
from tests.e2e.studio import PROMPT_EDITS, photo_file, put
from tests.e2e.workflows import Workflow, text_to_image
from tests.server.editor_workflows import node, picture, picture_api, untitled

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(studio: Product, visit: Callable[..., Visitor]) -> Page:
    """The deployments, seen by the admin."""
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    return visitor.page


def test_a_picture_and_an_app_file_can_be_deployed_from_any_page(studio: Product, page: Page) -> None:
    made = studio.files(studio.made("time-lapse", {"seconds": 0.1}))[0]
    page.goto("/jobs")
    drop(page, "sunrise_00001_.png", made)
    expect(page.get_by_text("From sunrise_00001_.png")).to_be_visible()
    expect(page.get_by_label(re.compile("^Name"))).to_have_value("sunrise")
    expect(page.get_by_role("heading", name="The workflow: 2 nodes")).to_be_visible()
    page.get_by_label("Title").fill("Sunrise")
    deploy(page, "sunrise")
    assert studio.inputs("sunrise")["seconds"]["default"] == 0.1
    app = studio.admin.get("/api/deployments/poster/app").content
    page.goto("/keys")
    drop(page, "view_comfy.json", app)
    expect(page.get_by_label(re.compile("^Name"))).to_have_value("poster-of-a-photo")
    expect(page.get_by_label("Title")).to_have_value("Poster of a photo")
    deploy(page, "poster-of-a-photo")
    assert studio.inputs("poster-of-a-photo")["colours"]["maximum"] == 32
    delete(page)
    assert studio.http.get("/d/poster-of-a-photo").status_code == 404


def test_a_workflow_as_the_editor_saves_it_can_be_deployed(studio: Product, page: Page) -> None:
    drop(page, "black.json", json.dumps(picture("black")).encode())
    expect(page.get_by_role("heading", name="The workflow: 2 nodes")).to_be_visible()
    deploy(page, "black")
    answer = studio.admin.get("/api/deployments/black").json()
    assert untitled(answer["workflow_api"]) == picture_api("black")


def test_what_can_not_be_deployed_is_refused_in_words(page: Page) -> None:
    expect(page.get_by_role("heading", name="Deployments")).to_be_visible()
    unknown = picture() | {"nodes": [node(1, "NoSuchNode", [])]}
    refused(page, "workflow.json", json.dumps(unknown).encode(), "NoSuchNode")
    refused(page, "holiday.png", photo_file(), "This picture carries no workflow")
    refused(page, "notes.json", b"buy milk", "It is not valid JSON")
    refused(page, "other.json", b'{"name": "something"}', "There is no ComfyUI workflow in it")
    assert violations(page) == []
    expect(page).to_have_url(re.compile("/$"))


def test_a_broken_workflow_is_mended_and_what_it_breaks_is_confirmed_and_rolled_back(studio: Product, page: Page) -> None:
    put(studio, "banner", text_to_image(), title="Banner", inputs=PROMPT_EDITS, note="As drawn by the studio.")
    page.goto("/deployments/banner")
    expect(page.get_by_role("heading", name="Banner")).to_be_visible()
    drop(page, "banner.json", json.dumps(broken()).encode())
    mend(page)
    confirm(page)
    assert [one["version"] for one in versions(studio)] == [2, 1]
    expect(page.get_by_text("version 2 · 8 nodes")).to_be_visible()
    compare(page)
    roll_back(page)
    assert {one["version"]: one["current"] for one in versions(studio)} == {1: True, 2: False}


def deploy(page: Page, name: str) -> None:
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page).to_have_url(re.compile(f"/deployments/{name}$"))


def delete(page: Page) -> None:
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("dialog", name="Delete poster-of-a-photo?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Deployments")).to_be_visible()
    expect(page.get_by_text("poster-of-a-photo", exact=True)).to_have_count(0)


def refused(page: Page, name: str, content: bytes, why: str) -> None:
    drop(page, name, content)
    note = page.get_by_role("alert").filter(has_text=f"{name} can't be deployed")
    expect(note).to_contain_text(why)
    note.get_by_role("button", name="Close").click()
    expect(note).to_have_count(0)


def broken() -> Workflow:
    """Return the workflow with a misspelt model, and without its negative prompt."""
    workflow = text_to_image(steps=12)
    workflow["3"]["inputs"]["vae_name"] = "tiny_tasd.safetensors"
    workflow["7"]["inputs"]["negative"] = ["4", 0]
    del workflow["5"]
    return workflow


def mend(page: Page) -> None:
    """Read what is missing and where, and take the name that was meant."""
    expect(page.get_by_text("The backend can't run this")).to_be_visible()
    expect(page.get_by_text("Model file missing")).to_be_visible()
    expect(page.get_by_text("tiny_tasd.safetensors").first).to_be_visible()
    node = page.get_by_role("group", name=re.compile("^VAELoader, #3, has a problem"))
    expect(node).to_be_attached()
    shoot(page, "deploy-graph", top=page.get_by_role("heading", name="The workflow: 8 nodes"))
    page.get_by_role("button", name="Use tiny_taesd.safetensors instead").click()
    expect(page.get_by_text("Runs on the backend")).to_be_visible()
    expect(page.get_by_text("Model file missing")).to_have_count(0)


def confirm(page: Page) -> None:
    """It can be deployed once somebody has said that callers are to lose an input."""
    expect(page.get_by_text("Input removed")).to_be_visible()
    button = page.get_by_role("button", name="Deploy version 2")
    expect(button).to_be_disabled()
    page.get_by_label("Note").fill("More steps, no negative prompt.")
    page.get_by_label(re.compile("I know that 1 change breaks calls")).check()
    button.click()
    expect(page).to_have_url(re.compile("/deployments/banner$"))


def compare(page: Page) -> None:
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Compare version 1 with the current one").click()
    expect(page.get_by_text("Input removed")).to_be_visible()
    expect(page.get_by_text("tiny_tasd.safetensors").first).to_be_visible()
    expect(page.get_by_role("group", name=re.compile("^Sampler, #7, changed"))).to_be_attached()
    shoot(page, "versions", whole=True)


def roll_back(page: Page) -> None:
    page.get_by_role("button", name="Roll back: Version 1").click()
    dialog = page.get_by_role("dialog", name="Make version 1 the current one?")
    expect(dialog.get_by_text("Input added")).to_be_visible()
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Version 1 is the current one now.")).to_be_visible()


def versions(product: Product) -> list[Json]:
    answer: list[Json] = product.admin.get("/api/deployments/banner/versions").json()["versions"]
    return answer
