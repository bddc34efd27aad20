"""Usage over HTTP: figures and a table, for the admin."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from tests.server.site_kit import Site, open_site
from viewcomfy.wire.usage import UsageOut

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
BEGUN = time.time() - 1


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server where three jobs have succeeded and one has failed, for two keys."""
    async with open_site(tmp_path_factory.mktemp("data")) as opened:
        for color in (1, 2, 3):
            await opened.finished((await opened.run("picture", {"1-inputs-color": color}))["prompt_id"])
        opened.key = await opened.make_key()
        await opened.finished((await opened.run("failing", {"1-inputs-seed": 3}))["prompt_id"])
        yield opened


async def usage(site: Site, **query: Any) -> Json:
    answer = await site.http.get("/api/usage", params=query, headers=site.admin)
    assert answer.status_code == 200, answer.text
    assert UsageOut.model_validate(answer.json()).model_dump() == answer.json()
    return dict(answer.json())


async def test_the_figures_of_the_last_day_come_by_the_hour(site: Site) -> None:
    found = await usage(site)
    figures = found["all"]
    assert (figures["jobs"], figures["succeeded"], figures["failed"], figures["canceled"]) == (4, 3, 1, 0)
    assert (figures["cold_starts"], figures["cold_start"]) == (0, None)
    assert 0 < figures["run"]["p50"] <= figures["run"]["p95"] <= figures["run"]["p99"] <= figures["total"]["p99"] * 1.01
    assert figures["gpu_seconds"] > 0
    assert found["bucket_seconds"] == 3600
    assert found["since"] % 3600 == 0
    assert sum(bucket["jobs"] for bucket in found["buckets"]) == 4
    assert {bucket["group"] for bucket in found["buckets"]} == {""}
    assert found["groups"] == []
    assert found["errors"] == [{"code": "workflow_failed", "jobs": 1}]


async def test_jobs_are_told_apart_by_deployment_or_by_key(site: Site) -> None:
    found = await usage(site, by="deployment")
    assert [(group["group"], group["jobs"]) for group in found["groups"]] == [("picture", 3), ("failing", 1)]
    assert {bucket["group"] for bucket in found["buckets"]} == {"picture", "failing"}
    by_key = {group["group"]: group["failed"] for group in (await usage(site, by="key"))["groups"]}
    assert by_key[site.key["client_id"]] == 1
    assert len(by_key) == 2


async def test_filters_narrow_what_is_counted(site: Site) -> None:
    assert (await usage(site, deployment="picture"))["all"]["jobs"] == 3
    assert (await usage(site, key_id=site.key["client_id"]))["all"]["jobs"] == 1
    assert (await usage(site, key_id=site.key["client_id"], deployment="picture"))["all"]["jobs"] == 0
    nothing = await usage(site, since=1000.0, until=90_000.0)
    assert (nothing["all"]["jobs"], nothing["all"]["queue"], nothing["buckets"]) == (0, None, [])
    assert (nothing["since"], nothing["until"]) == (1000.0, 90_000.0)


async def test_buckets_count_from_since(site: Site) -> None:
    found = await usage(site, since=BEGUN, bucket="day")
    assert (found["bucket_seconds"], [bucket["at"] for bucket in found["buckets"]]) == (86_400, [BEGUN])


async def test_the_table_has_a_row_for_each_bucket_and_group(site: Site) -> None:
    answer = await site.http.get("/api/usage.csv", params={"by": "deployment", "since": BEGUN}, headers=site.admin)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="usage.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["group"], row["jobs"], row["failed"]) for row in rows] == [("failing", "1", "1"), ("picture", "3", "0")]
    assert datetime.fromisoformat(rows[0]["at"]).timestamp() == pytest.approx(BEGUN, abs=1e-5)
    assert float(rows[1]["run_p95"]) > 0
    assert rows[0]["run_p95"] == rows[0]["cold_start_p50"] == ""


@pytest.mark.parametrize(
    "query", ["since=5&until=5", "since=x", "bucket=week", "by=colour", "since=0&bucket=hour", "until=nan", "since=-1e400"]
)
async def test_what_makes_no_sense_answers_422(site: Site, query: str) -> None:
    for path in ("/api/usage", "/api/usage.csv"):
        answer = await site.http.get(f"{path}?{query}", headers=site.admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), answer.text


async def test_usage_is_the_admins_business(site: Site) -> None:
    for path in ("/api/usage", "/api/usage.csv"):
        assert (await site.http.get(path, headers=site.key)).status_code == 403
        assert (await site.http.get(path)).status_code == 401
