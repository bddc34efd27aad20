"""Probes, pages, and what holds for every path."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import APIRouter

from tests.server.site_kit import Site, open_site, served, until
from viewcomfy.server.app import create_app

pytestmark = pytest.mark.anyio


async def test_the_probes_answer(site: Site) -> None:
    assert (await site.http.get("/healthz")).json() == {"status": "ok"}
    ready = await site.http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["backends"] == 1


async def test_a_server_whose_backend_is_gone_is_up_but_not_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with open_site(tmp_path_factory.mktemp("data"), comfyui=url, attempts=1) as site:
            await site.run("picture", {"1-inputs-color": 1})
            await until(lambda: site.status_of("/readyz"), lambda status: status == 503)
            answer = await site.http.get("/readyz")
            assert answer.json()["code"] == "no_backend"
            assert "retry-after" in answer.headers
            assert (await site.http.get("/healthz")).status_code == 200


async def test_metrics_count_requests_by_route_and_never_by_name(site: Site) -> None:
    await site.infer("picture", {"1-inputs-color": 1})
    await site.http.get("/nothing/here")
    text = (await site.http.get("/metrics")).text
    assert 'viewcomfy_http_requests_total{method="POST",route="/d/{name}/infer",status="201"}' in text
    assert 'route="unmatched",status="404"' in text
    assert "viewcomfy_jobs_queued 0.0" in text
    assert 'viewcomfy_jobs{status="failed"} 0.0' in text
    assert "viewcomfy_backends{state=" in text
    assert "picture" not in text


async def test_metrics_tell_what_became_of_jobs_by_pool_and_to_the_admin_by_deployment(site: Site) -> None:
    await site.infer("picture", {"1-inputs-color": 1})
    asked = await site.http.get("/metrics")
    assert re.search(r'^viewcomfy_jobs_ended_total{pool="default",status="succeeded"} [1-9]', asked.text, re.MULTILINE)
    assert re.search(r'^viewcomfy_job_run_seconds_count{pool="default"} [1-9]', asked.text, re.MULTILINE)
    asked = await site.http.get("/metrics", headers=site.admin)
    assert re.search(r'^viewcomfy_jobs_ended_total{deployment="picture",pool="default",status="succeeded"} [1-9]', asked.text, re.MULTILINE)
    assert (await site.http.get("/metrics", headers={"authorization": "Bearer wrong"})).status_code == 401


async def test_the_documentation_loads_nothing_from_other_hosts(site: Site) -> None:
    answer = await site.http.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.findall(r"(?:src|href|action|url)\s*[=(]\s*[\"']?(?:https?:)?//", answer.text)
    assert "<link" not in answer.text


async def test_the_documentation_has_every_route(site: Site) -> None:
    text = (await site.http.get("/docs")).text
    for path in (await site.http.get("/openapi.json")).json()["paths"]:
        assert f"<code>{path}</code>" in text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/d/picture/infer/", 404, "not_found"),
        ("GET", "/%ff%00", 404, "not_found"),
        ("GET", "/d/picture/infer", 405, "method_not_allowed"),
        ("PATCH", "/api/jobs", 405, "method_not_allowed"),
    ],
)
async def test_a_wrong_url_or_method_answers_json(site: Site, method: str, path: str, status: int, code: str) -> None:
    answer = await site.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    assert ("allow" in answer.headers) == (status == 405)


async def test_browsers_may_call_from_anywhere(site: Site) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    wanted = "client_id,client_secret,authorization,content-type"
    answer = await site.http.options("/d/picture/infer", headers={**asked, "Access-Control-Request-Headers": wanted})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert set(wanted.split(",")) <= {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert "access-control-allow-credentials" not in answer.headers
    refused = await site.http.post("/d/picture/infer", headers={"Origin": "https://app.example"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "X-Prompt-Id" in refused.headers["access-control-expose-headers"]


async def test_links_use_the_public_url(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_site(tmp_path_factory.mktemp("data"), public_url="https://comfy.example/prefix/") as site:
        job = await site.finished((await site.run("picture", {"1-inputs-color": 1}))["prompt_id"])
        assert job["outputs"][0]["url"].startswith("https://comfy.example/prefix/files/")


@pytest.fixture
async def broken(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """An app with a route that fails in a way that nobody expected."""
    router = APIRouter()

    @router.get("/broken")
    async def fail() -> None:
        raise RuntimeError("the secret is 1234")

    app = create_app(site.services, site.settings)
    app.include_router(router)
    async with served(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def test_an_unexpected_fault_answers_500_and_tells_nothing(broken: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await broken.get("/broken", headers={"Origin": "https://app.example"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "1234" not in answer.text
    assert "trace_id" in answer.json()["hint"]
    assert answer.headers["access-control-allow-origin"] == "*"
