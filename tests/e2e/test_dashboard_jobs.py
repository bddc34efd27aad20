"""The jobs of a server in a browser: the live table, what can be done from it, and the page of a job that runs and of one that failed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Visitor, choose, shoot
from tests.e2e.product import ADMIN_TOKEN, Product
from tests.e2e.studio import make_posters

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(studio: Product, visit: Callable[..., Visitor]) -> Page:
    """A page of the dashboard, seen by the admin."""
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    return visitor.page


def test_jobs_are_filtered_canceled_run_again_and_deleted(studio: Product, page: Page) -> None:
    make_posters(studio, 4)
    failed = studio.run("upscale", {"1-inputs-color": 1})
    studio.ended(failed)
    long = studio.run("postcard", {"7-inputs-steps": 2000})
    waiting = [studio.run("time-lapse", {"1-inputs-seed": seed}) for seed in (1, 2)]
    page.goto("/jobs")
    expect(row(page, long).get_by_text("running")).to_be_visible()
    expect(row(page, waiting[0]).get_by_text("queued")).to_be_visible()
    expect(row(page, failed)).to_contain_text("asked to fail")
    shoot(page, "jobs")
    filter_them(page)
    choose_of(page, long, "Cancel job")
    page.get_by_role("dialog", name="Cancel this job?").get_by_role("button", name="Cancel job").click()
    expect(row(page, long).get_by_text("canceled")).to_be_visible()
    for prompt_id in waiting:
        expect(row(page, prompt_id).get_by_text("succeeded")).to_be_visible()
    assert studio.job(long)["status"] == "canceled"
    choose_of(page, failed, "Run again")
    expect(page.get_by_text("The job is in the queue again.")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("asked to fail")
    again = studio.admin.get("/api/jobs", params={"limit": 1}).json()["jobs"][0]
    assert (again["deployment"], again["prompt_id"] != failed, again["status"]) == ("upscale", True, "failed")
    choose_of(page, failed, "Delete")
    page.get_by_role("dialog", name="Delete this job?").get_by_role("button", name="Delete").click()
    expect(row(page, failed)).to_have_count(0)
    assert studio.admin.get(f"/api/jobs/{failed}").status_code == 404


def test_the_page_of_a_job_that_runs_shows_how_far_it_is(studio: Product, page: Page) -> None:
    prompt_id = studio.run("postcard", {"7-inputs-steps": 300, "4-inputs-text": "a lighthouse at night"})
    page.goto(f"/jobs/{prompt_id}")
    progress = page.get_by_role("progressbar", name="Progress of the job")
    expect(progress).to_have_attribute("aria-valuenow", re.compile("^[1-9]"))
    expect(page.get_by_role("group", name=re.compile("^Sampler, #7, running"))).to_be_attached()
    expect(page.get_by_role("group", name=re.compile("^VAELoader, #3, done"))).to_be_attached()
    expect(page.get_by_text("a lighthouse at night").first).to_be_visible()
    search_log(page, "prompt")
    shoot(page, "job", whole=True)
    page.get_by_role("button", name="Cancel job").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel job").click()
    expect(page.get_by_role("main").get_by_text("canceled", exact=True)).to_be_visible()
    expect(progress).to_have_count(0)


def test_the_page_of_a_job_that_failed_shows_the_node_and_the_traceback(studio: Product, page: Page) -> None:
    prompt_id = studio.run("upscale", {"1-inputs-color": 1})
    studio.ended(prompt_id)
    page.goto(f"/jobs/{prompt_id}")
    failure = page.get_by_role("alert").filter(has_text="The job failed")
    expect(failure).to_contain_text("asked to fail")
    failure.get_by_role("button", name="Show the node “Bad” (2)").click()
    expect(page.get_by_role("group", name=re.compile("^Bad, #2, failed"))).to_be_visible()
    failure.get_by_role("button", name="Traceback").click()
    expect(failure.get_by_role("region", name="Traceback").last).to_contain_text("raise ValueError")
    shoot(page, "job-failed", whole=True)
    page.get_by_role("button", name="Run again").click()
    expect(page).not_to_have_url(re.compile(prompt_id))
    expect(page.get_by_role("alert").filter(has_text="The job failed")).to_be_visible()


def row(page: Page, prompt_id: str) -> Locator:
    return page.get_by_role("row").filter(has=page.locator(f"a[href='/jobs/{prompt_id}']"))


def choose_of(page: Page, prompt_id: str, action: str) -> None:
    row(page, prompt_id).get_by_role("button", name=re.compile("What to do with this job")).click()
    page.get_by_role("menuitem", name=action).click()


def filter_them(page: Page) -> None:
    """By state and deployment; the address keeps it."""
    every = page.get_by_role("row").count()
    page.get_by_role("group", name="State").get_by_text("failed").click()
    expect(page).to_have_url(re.compile("failed"))
    expect(page.get_by_role("row").filter(has_text="succeeded")).to_have_count(0)
    choose(page, "Deployment", "poster")
    expect(page.get_by_role("heading", name="No such jobs")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("row")).to_have_count(every)


def search_log(page: Page, words: str) -> None:
    page.get_by_label("Search the log").fill(words)
    expect(page.get_by_text(re.compile("^1 of [1-9]"))).to_be_visible()
    page.get_by_label("Search the log").fill("no such words")
    expect(page.get_by_text("Not found")).to_be_visible()
    page.get_by_label("Search the log").fill("")
