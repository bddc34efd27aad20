"""The first visit: from an empty server to a picture, in a browser, by somebody who has one file and the admin token."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Visitor, choose, drop, picture_at, pictures, shoot
from tests.e2e.product import ADMIN_TOKEN, PATIENCE, Json, Product
from tests.e2e.workflows import text_to_image

pytestmark = pytest.mark.e2e


def test_from_an_empty_server_to_a_picture(serve: Callable[..., Product], visit: Callable[..., Visitor], tmp_path: Path) -> None:
    product = serve(idle_timeout=0)
    page = visit(product).page
    sign_in(page)
    drop(page, "workflow_api.json", json.dumps(text_to_image()).encode())
    deploy(page)
    assert_deployed(product)
    called = call_by_curl(page, tmp_path)
    play(page)
    look_at_its_jobs(page)
    jobs = product.admin.get("/api/jobs", params={"deployment": "fox-poster"}).json()["jobs"]
    assert [one["status"] for one in jobs] == ["succeeded"] * 2
    assert jobs[1]["prompt_id"] == called["prompt_id"]
    sent = [product.admin.get(f"/api/jobs/{one['prompt_id']}").json()["inputs"]["wish"] for one in jobs]
    assert sent == ["a green frog", "a red fox in the snow"]


def sign_in(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in$"))
    token = page.get_by_label("Admin token")
    expect(token).to_be_focused()
    shoot(page, "sign-in")
    token.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Paste the admin token first.")
    token.fill("not-the-token")
    token.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This is not the admin token of this server.")
    token.fill(ADMIN_TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Deploy your first workflow")).to_be_visible()
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    shoot(page, "deployments-empty")


def deploy(page: Page) -> None:
    expect(page).to_have_url(re.compile("/deploy$"))
    expect(page.get_by_text("From workflow_api.json")).to_be_visible()
    page.get_by_label(re.compile("^Name")).fill("fox-poster")
    page.get_by_label("Title").fill("Fox poster")
    page.get_by_label("Description").fill("One line in, one picture out.")
    expect(page.get_by_text("Runs on the backend")).to_be_visible()  # ComfyUI was started for that
    expect(page.get_by_role("group", name=re.compile("^KSampler|Sampler")).first).to_be_visible()
    edit_inputs(page)
    choose(page, "Which inputs are listed", "Basic")
    shoot(page, "deploy", whole=True)
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page).to_have_url(re.compile("/deployments/fox-poster"))
    expect(page.get_by_role("heading", name="Fox poster")).to_be_visible()


def edit_inputs(page: Page) -> None:
    """Rename the prompt, hide the negative one, and make a slider of the steps; the preview follows."""
    inputs = page.get_by_label("Inputs of the workflow")
    preview = page.get_by_role("heading", name="Preview of the form").locator("xpath=..")
    expect(preview.get_by_label("Prompt", exact=True)).to_have_value("a red fox in the snow")
    inputs.get_by_role("button", name=re.compile("Prompt prompt ·")).click()
    inputs.get_by_label("Label", exact=True).fill("What do you want to see?")
    inputs.get_by_label("Name", exact=True).fill("wish")
    inputs.get_by_role("button", name=re.compile("wish ·")).click()
    expect(preview.get_by_label("What do you want to see?")).to_have_value("a red fox in the snow")
    expect(preview.get_by_label("Negative prompt")).to_be_visible()
    inputs.get_by_role("button", name="Hide it from the form: Negative prompt").click()
    expect(preview.get_by_label("Negative prompt")).to_have_count(0)
    inputs.get_by_role("button", name="Make it a basic input: Sampler: Steps").click()
    inputs.get_by_role("button", name=re.compile("steps ·")).click()
    inputs.get_by_label("Maximum", exact=True).fill("30")
    expect(inputs.get_by_text("It is shown as a slider.")).to_be_visible()
    expect(preview.get_by_role("slider", name="Sampler: Steps")).to_have_attribute("aria-valuemax", "30")
    inputs.get_by_role("button", name=re.compile("steps ·")).click()


def assert_deployed(product: Product) -> None:
    inputs = product.inputs("fox-poster")
    assert inputs["wish"]["label"] == "What do you want to see?"
    assert (inputs["steps"]["maximum"], inputs["steps"]["advanced"]) == (30, False)
    [hidden] = [one["key"] for one in inputs.values() if one["hidden"]]
    assert hidden == "5-inputs-text"


def call_by_curl(page: Page, folder: Path) -> Json:
    """Make a key, paste the command into a shell, and return the job."""
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("This key is for this deployment alone")).to_be_visible()
    command = page.get_by_role("region", name="curl").inner_text()
    shell = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=True)
    job: Json = json.loads(shell.stdout)
    assert (job["status"], len(job["outputs"])) == ("succeeded", 1), job
    return job


def play(page: Page) -> None:
    page.get_by_role("main").get_by_role("link", name="Playground").click()
    expect(page.get_by_role("heading", name="Fox poster", level=1)).to_be_visible()
    page.get_by_label("What do you want to see?").fill("a green frog")
    page.get_by_role("button", name="Run").click()
    result = page.get_by_role("article", name="a green frog")
    assert picture_at(pictures(result)).size == (256, 256)


def look_at_its_jobs(page: Page) -> None:
    page.get_by_role("link", name="Manage").click()
    page.get_by_role("tab", name="Activity").click()
    jobs = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name="Accepted"))
    expect(jobs.get_by_text("succeeded")).to_have_count(2)
    expect(page.get_by_text("100%")).to_be_visible()
