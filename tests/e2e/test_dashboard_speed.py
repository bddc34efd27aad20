"""How fast the dashboard is, measured in a browser: what the first page weighs, ten thousand jobs, hundreds of events a second."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.e2e.browser import Visitor
from tests.e2e.product import ADMIN_TOKEN, Json, Product, parse_sse

pytestmark = pytest.mark.e2e

FIRST_PAGE = 200_000
"""Bytes of compressed JavaScript that may be fetched before the first page is there."""
ROWS = 10_000
WATCH = """() => {
    window.seen = {long: 0, longest: 0, gap: 0, frames: 0};
    new PerformanceObserver((list) => {
        for (const {duration} of list.getEntries()) {
            seen.long += duration;
            seen.longest = Math.max(seen.longest, duration);
        }
    }).observe({type: "longtask"});
    let last = performance.now();
    const frame = (now) => {
        seen.gap = Math.max(seen.gap, now - last);
        seen.frames += 1;
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""
"""Note the tasks of over 50 ms, and the longest time without a frame."""


def test_the_first_page_is_light(studio: Product, visit: Callable[..., Visitor]) -> None:
    visitor = visit(studio)
    weight = weigh(visitor.page)
    visitor.page.goto("/")
    visitor.page.wait_for_load_state("networkidle")
    sign_in = sum(weight.values())
    assert 20_000 < sign_in < FIRST_PAGE, sign_in
    visitor.sign_in(ADMIN_TOKEN)
    returning = visitor.new_page()
    visitor.page.close()
    weight = weigh(returning)
    returning.goto("/")
    expect(returning.get_by_role("heading", name="Deployments")).to_be_visible()
    returning.wait_for_load_state("networkidle")
    home = sum(weight.values())
    assert 20_000 < home < FIRST_PAGE, home
    report("JavaScript of the first page, bytes", {"sign-in": sign_in, "deployments": home})


def test_ten_thousand_jobs_scroll(studio: Product, visit: Callable[..., Visitor]) -> None:
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    page = visitor.page
    page.route(re.compile(r"/api/jobs\?"), answer_with_many)
    page.goto("/jobs")
    rows = page.get_by_role("row")
    expect(rows.nth(5)).to_be_visible()
    page.evaluate(WATCH)
    while not page.get_by_text("10000 jobs in all").is_visible():
        page.mouse.wheel(0, 20_000)
        page.wait_for_function("scrollY + innerHeight > document.documentElement.scrollHeight - 30000")
    assert page.get_by_role("table").get_attribute("aria-rowcount") == str(ROWS + 1)
    assert rows.count() < 150  # those in sight, and a few around them
    down = page.evaluate("seen")
    page.evaluate("() => { scrollTo(0, 100_000); Object.assign(seen, {long: 0, longest: 0, gap: 0, frames: 0}); }")
    for _ in range(60):
        page.mouse.wheel(0, 250)
    read = page.evaluate("seen")
    for part in (0, 0.5, 0.25, 0.9):
        page.evaluate("part => scrollTo(0, part * document.documentElement.scrollHeight)", part)
        number = int(part * ROWS)
        expect(page.locator(f"a[href='/jobs/{prompt_id(number + 5)}']")).to_be_attached()
    assert page.evaluate("seen.longest") < 3_000
    report("10,000 jobs, milliseconds", {"fetched and scrolled to the end": down, "scrolled by 250 pixels": read})


def test_hundreds_of_events_a_second_freeze_nothing(studio: Product, visit: Callable[..., Visitor]) -> None:
    """A node that prints a line and tells of its progress some hundred times a second."""
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    page = visitor.page
    job = studio.run("time-lapse", {"1-inputs-seconds": 2, "1-inputs-steps": 2_000})
    page.goto(f"/jobs/{job}")
    expect(page.get_by_role("progressbar", name="Progress of the job")).to_have_attribute("aria-valuenow", re.compile("^[1-9]"))
    page.evaluate(WATCH)
    search = page.get_by_label("Search the log")
    search.fill("step 2000/2000")
    search.fill("")
    expect(page.get_by_role("main").get_by_text("succeeded", exact=True)).to_be_visible()
    seen = page.evaluate("seen")
    search.fill("step 2000/2000")
    expect(page.get_by_text("1 of 1")).to_be_visible()
    assert seen["longest"] < 2_000
    assert len([line for line in studio.lines(job) if "TKWait" in line]) == 2_000
    rate = len(parse_sse(studio.http.get(f"/api/jobs/{job}/events").content)) / studio.job(job)["execution_time_seconds"]
    report(f"{rate:.0f} events a second, milliseconds", seen)


def weigh(page: Page) -> dict[str, int]:
    """Return what grows with each script that a page fetches: its bytes on the wire, by its address."""
    weight: dict[str, int] = {}

    def note(response: Response) -> None:
        if urlsplit(response.url).path.endswith(".js"):
            assert response.headers.get("content-encoding") == "gzip", response.url
            weight[response.url] = int(response.headers["content-length"])

    page.on("response", note)
    return weight


def report(what: str, figures: Any) -> None:
    """Say what was measured; `pytest -rP` shows it."""
    print(f"{what}: {json.dumps(figures)}")


def answer_with_many(route: Route) -> None:
    """Answer as a server that has had ten thousand jobs."""
    query = parse_qs(urlsplit(route.request.url).query)
    limit, start = int(query["limit"][0]), int(query.get("cursor", ["0"])[0])
    end = min(ROWS, start + limit)
    page = {"jobs": [many(number) for number in range(start, end)], "next_cursor": str(end) if end < ROWS else None}
    route.fulfill(json=page)


def many(number: int) -> Json:
    """Return one of many jobs."""
    at = 1_790_000_000 - number * 7
    failed = number % 11 == 0
    error = {"code": "workflow_failed", "message": "Node 7 (KSampler) failed: out of memory.", "details": {}}
    return {
        "prompt_id": prompt_id(number), "deployment": f"poster-{number % 9}", "version": 1 + number % 3, "key_id": "vc_1", "worker": "here",
        "status": "failed" if failed else "succeeded", "created_at": at, "started_at": at + 1, "finished_at": at + 4, "attempt": 1,
        "execution_time_seconds": 2.5, "cold_start_seconds": None, "position": None, "outputs": [], "error": error if failed else None,
    }  # fmt: skip


def prompt_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"
