"""Looking after a server in a browser: backends are stopped, started and drained, keys made and revoked, usage and settings read."""

from __future__ import annotations

import csv
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Visitor, choose, shoot
from tests.e2e.product import ADMIN_TOKEN, Product, until
from tests.e2e.studio import make_posters

pytestmark = pytest.mark.e2e

DAY = 86_400


@pytest.fixture
def page(studio: Product, visit: Callable[..., Visitor]) -> Page:
    """A page of the dashboard, seen by the admin."""
    visitor = visit(studio)
    visitor.sign_in(ADMIN_TOKEN)
    return visitor.page


def test_a_backend_is_stopped_started_and_drained(studio: Product, page: Page) -> None:
    running = studio.run("postcard", {"7-inputs-steps": 2000})
    page.goto("/backends")
    card = page.get_by_role("region", name="comfyui-0")
    expect(card.get_by_role("link", name=running[:8])).to_be_visible()
    expect(card.get_by_text("working")).to_be_visible()
    shoot(page, "backends")
    card.get_by_role("button", name="Log").click()
    log = page.get_by_role("dialog", name="The log of comfyui-0")
    expect(log.get_by_text("got prompt").last).to_be_visible()
    log.get_by_role("button", name="Close").click()
    studio.http.post(f"/api/jobs/{running}/cancel")
    expect(card.get_by_text("ready", exact=True)).to_be_visible()
    card.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog", name="Stop comfyui-0 now?").get_by_role("button", name="Stop").click()
    expect(card.get_by_text("stopped, starts on demand")).to_be_visible()
    until(lambda: not studio.comfyuis(), "its process has ended")
    card.get_by_role("button", name="Drain").click()
    expect(card.get_by_text("draining: takes no jobs")).to_be_visible()
    waiting = studio.run("time-lapse")
    expect(page.get_by_text("1 job waits.")).to_be_visible()
    assert studio.job(waiting)["status"] == "queued"
    card.get_by_role("button", name="Start").click()
    expect(card.get_by_text("ready", exact=True)).to_be_visible()
    assert studio.ended(waiting)["status"] == "succeeded"
    [backend] = studio.backends()
    assert (backend["state"], backend["draining"], backend["starts"] > 1) == ("ready", False, True)


def test_a_key_has_limits_and_is_revoked(studio: Product, page: Page) -> None:
    share_with_friends(studio)
    page.goto("/keys")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog", name="A new key")
    for field, value in (("Name", "webshop"), ("Days it works", "90"), ("Jobs at once", "2"), ("Jobs in 24 hours", "500")):
        dialog.get_by_role("textbox", name=field).fill(value)
    choose(page, "Deployments it may call", "poster")
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_text("Copy it now")).to_be_visible()
    headers = {part: dialog.get_by_label(part, exact=True).input_value() for part in ("client_id", "client_secret")}
    dialog.get_by_role("button", name="Done").click()
    assert headers["client_secret"] not in page.content()
    row = page.get_by_role("row", name=re.compile("webshop"))
    expect(row).to_contain_text("poster")
    expect(row).to_contain_text("2 jobs at once")
    expect(row).to_contain_text("500 jobs in 24 hours")
    expect(row).to_contain_text("in 90 days")
    assert answers(studio, headers) == [200, 403]
    shoot(page, "keys")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog", name="Revoke webshop?").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    page.get_by_label("Show revoked and expired ones").check()
    expect(row.get_by_text("revoked")).to_be_visible()
    assert answers(studio, headers) == [401, 401]


def test_usage_is_plotted_and_downloaded(studio: Product, page: Page, tmp_path: Path) -> None:
    make_posters(studio, 9)
    studio.ended(studio.run("upscale", {"1-inputs-color": 1}))
    put_back(studio)
    page.goto("/usage")
    expect(page.get_by_role("heading", name="Where the time goes")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("poster")).first).to_be_visible()
    expect(page.get_by_text("workflow_failed")).to_be_visible()
    shoot(page, "usage", whole=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "usage.csv")
    rows = list(csv.DictReader((tmp_path / "usage.csv").read_text().splitlines()))
    assert sum(int(row["jobs"]) for row in rows if row["group"] == "poster") >= 9
    assert len({row["at"] for row in rows}) > 4
    page.get_by_text("By key").click()
    expect(page.get_by_role("row", name=re.compile("tests")).first).to_be_visible()


def test_settings_show_no_secret(page: Page) -> None:
    page.goto("/settings")
    token = page.get_by_role("row", name=re.compile("VIEWCOMFY_ADMIN_TOKEN"))
    expect(token.get_by_text("set", exact=True)).to_be_visible()
    assert ADMIN_TOKEN not in page.content()
    shoot(page, "settings")
    page.get_by_label("Find a setting").fill("lease")
    expect(page.get_by_role("row")).to_have_count(2)


def share_with_friends(product: Product) -> None:
    """Make a share link and a key that expire."""
    limits = {"expires_at": time.time() + 7 * DAY, "max_per_day": 20}
    assert product.admin.post("/api/deployments/poster/shares", json={"name": "friends", **limits}).status_code == 201
    assert product.admin.post("/api/keys", json={"name": "photo booth", "deployments": ["poster", "retouch"], **limits}).status_code == 201


def put_back(product: Product) -> None:
    """Have some of the jobs that have ended happen within the last day instead of now."""
    earlier = [f"{name} = {name} - 3600 * (1 + number * 7 % 20)" for name in ("created_at", "queued_at", "started_at", "finished_at")]
    with closing(sqlite3.connect(product.data_dir / "viewcomfy.db")) as database, database:
        database.execute(f"UPDATE jobs SET {', '.join(earlier)} WHERE number % 4 > 0 AND finished_at IS NOT NULL")


def answers(product: Product, headers: dict[str, str]) -> list[int]:
    """Return what calls with a key are answered by the deployment that it is for, and by another."""
    return [httpx2.get(f"{product.url}/d/{name}", headers=headers, trust_env=False).status_code for name in ("poster", "postcard")]
