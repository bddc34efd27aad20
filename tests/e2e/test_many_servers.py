"""Two servers behind one address and two workers elsewhere: PostgreSQL, NATS and S3 between them, every part a process of its own."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.e2e.product import ADMIN_TOKEN, PATIENCE, Json, Product, until
from tests.e2e.remote_worker import RemoteWorker
from tests.e2e.workflows import text_to_image
from tests.server.site_kit import PICTURE, UPLOADED, WAITING

LEASE = 6.0
SECONDS = 4.0
SLOW = {**WAITING, "1": {"class_type": "TKWait", "inputs": {"seconds": SECONDS, "steps": 40, "seed": 1}}}
SEEDS = itertools.count(1)


def fresh() -> Json:
    """Return params that no call had before: ComfyUI would have the pictures ready."""
    return {"1-inputs-seed": next(SEEDS)}


@dataclass
class Site:
    """Two servers; the workers' name by what they have: `near` reaches the files itself, `far` gets them by links."""

    one: Product
    two: Product
    near: RemoteWorker
    far: RemoteWorker


@pytest.fixture
def site(tmp_path: Path, postgres_url: str, nats_url: str, s3_url: str, fake_url: str) -> Iterator[Site]:
    """Everything, started anew: its parts are killed here."""
    shared = {"store": postgres_url, "files": s3_url, "engine": nats_url, "lease_seconds": LEASE}
    with (
        Product(tmp_path / "one", "none", backends=0, **shared) as one,
        Product(tmp_path / "two", "none", backends=0, **shared) as two,
        RemoteWorker(tmp_path / "near", nats_url, fake_url, files=s3_url) as near,
        RemoteWorker(tmp_path / "far", nats_url, fake_url) as far,
    ):
        assert near.name != far.name
        for product in (one, two):
            until(partial(_sees_both, product), "both workers are seen")
        yield Site(one, two, near, far)


class Follower:
    """Somebody who follows a job by server-sent events, and goes on elsewhere when the connection breaks."""

    def __init__(self, key: dict[str, str]) -> None:
        self.seqs: list[int] = []
        self.kinds: list[str] = []
        self.statuses: list[str] = []
        self._key = key

    def follow(self, product: Product, prompt_id: str) -> None:
        """Follow until the end of the job or of the server."""
        headers = {**self._key, **({"last-event-id": str(self.seqs[-1])} if self.seqs else {})}
        with (
            suppress(httpx2.TransportError),
            httpx2.stream(
                "GET", f"{product.url}/api/jobs/{prompt_id}/events", headers=headers, timeout=PATIENCE, trust_env=False
            ) as answer,
        ):
            assert answer.status_code == 200, answer.read()
            for line in answer.iter_lines():
                self._take(line)

    def _take(self, line: str) -> None:
        name, _, value = line.partition(": ")
        if name == "id":
            self.seqs.append(int(value))
        elif name == "event":
            self.kinds.append(value)
        elif name == "data" and self.kinds[-1] == "status":
            self.statuses.append(json.loads(value)["status"])


def test_what_one_accepts_the_other_streams_answers_and_cancels(site: Site) -> None:
    name = site.one.deploy(SLOW)
    prompt_id = site.one.run(name, fresh())
    follower = Follower(site.one.key_headers)
    follower.follow(site.two, prompt_id)
    assert follower.kinds.count("status") >= 2
    assert "progress" in follower.kinds
    job = site.two.http.get(f"/api/jobs/{prompt_id}", headers=site.one.key_headers).json()
    assert job["status"] == "succeeded"
    [output] = job["outputs"]
    assert output["url"].startswith(site.two.url)
    assert httpx2.get(output["url"], trust_env=False).content.startswith(b"\x89PNG")

    prompt_id = site.one.run(name, fresh())
    site.one.once(prompt_id, "running")
    assert site.two.http.post(f"/api/jobs/{prompt_id}/cancel", headers=site.one.key_headers).json()["status"] == "canceled"
    assert site.one.ended(prompt_id)["status"] == "canceled"


def test_a_stream_goes_on_at_the_other_when_its_server_is_killed_in_mid_job(site: Site) -> None:
    prompt_id = site.one.run(site.one.deploy(SLOW), fresh())
    follower = Follower(site.one.key_headers)
    following = threading.Thread(target=follower.follow, args=(site.one, prompt_id))
    following.start()
    until(lambda: "progress" in follower.kinds, "it runs")
    site.one.kill()
    following.join(PATIENCE)
    assert follower.statuses[-1] == "running"
    begun = len(follower.seqs)
    follower.follow(site.two, prompt_id)
    assert follower.seqs == sorted(set(follower.seqs))
    assert begun < len(follower.seqs)
    assert follower.statuses[-1] == "succeeded"
    job = site.two.http.get(f"/api/jobs/{prompt_id}", headers=site.one.key_headers).json()
    assert (job["status"], job["attempt"]) == ("succeeded", 1), "no worker lost it"
    site.one.start()
    assert site.one.ended(prompt_id)["status"] == "succeeded"


def test_what_was_made_on_one_works_on_the_other(site: Site) -> None:
    name = site.one.deploy(PICTURE)
    answer = site.two.http.post(
        f"/d/{name}/infer", data={"logs": "false", "params": json.dumps({"1-inputs-color": 1})}, headers=site.one.key_headers
    )
    assert (answer.status_code, answer.json()["status"]) == (201, "success"), answer.text
    with httpx2.Client(base_url=site.one.url, trust_env=False) as browser:
        assert browser.post("/api/session", json={"token": ADMIN_TOKEN}).status_code == 201
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    shown = httpx2.get(f"{site.two.url}/api/session", headers={"cookie": cookie}, trust_env=False)
    assert shown.status_code == 200, shown.text
    key = site.one.admin.post("/api/keys", json={"name": "short-lived"}).json()
    headers = {"client_id": key["client_id"], "client_secret": key["client_secret"]}
    assert site.two.http.get("/api/jobs", headers=headers).status_code == 200
    site.one.admin.delete(f"/api/keys/{key['client_id']}")
    until(lambda: site.two.http.get("/api/jobs", headers=headers).status_code == 401, "it is revoked there too", 10)


def test_the_job_of_a_killed_worker_runs_again(site: Site) -> None:
    prompt_id = site.one.run(site.one.deploy(SLOW), fresh())
    worker = _runs(site, prompt_id)
    worker.process.kill()
    killed = time.monotonic()
    site.two.http.headers.update(site.one.key_headers)
    job = until(lambda: job if (job := site.two.job(prompt_id))["attempt"] == 2 else None, "another attempt")
    again = time.monotonic() - killed
    assert site.two.ended(job["prompt_id"])["status"] == "succeeded"
    print(f"a killed worker's job runs again after {again:.1f} s, with a lease of {LEASE:g} s")


def test_a_worker_without_the_files_gets_them_by_links(site: Site) -> None:
    assert site.near.stop() == 0
    name = site.one.deploy(UPLOADED)
    result = site.one.result(name, files={"5-inputs-image": ("one.png", _picture(), "image/png")})
    assert site.far.jobs() == [result["prompt_id"]]
    [output] = result["outputs"]
    assert output["content_type"] == "image/png"


def test_a_server_that_is_told_to_stop_leaves_the_jobs_to_the_others(site: Site) -> None:
    prompt_id = site.one.run(site.one.deploy(SLOW), fresh())
    site.one.once(prompt_id, "running")
    assert site.one.stop() == 0
    site.two.http.headers.update(site.one.key_headers)
    job = site.two.ended(prompt_id)
    assert (job["status"], job["attempt"]) == ("succeeded", 1)


@pytest.mark.e2e
def test_a_real_comfyui_elsewhere(tmp_path: Path, postgres_url: str, nats_url: str, s3_url: str, comfyui: Path) -> None:
    shared = {"store": postgres_url, "files": s3_url, "engine": nats_url}
    with (
        Product(tmp_path / "one", "none", backends=0, **shared) as one,
        Product(tmp_path / "two", "none", backends=0, **shared) as two,
        RemoteWorker(tmp_path / "worker", nats_url, comfyui) as worker,
    ):
        assert worker.name
        until(lambda: one.admin.get("/api/workers").json()["workers"], "it is seen")
        name = one.deploy(text_to_image())
        events = two.events(name)
        assert events[-1][0] == "prompt_result"
        assert json.loads(events[-1][1])["status"] == "success"
        assert any(kind == "log_message" for kind, _ in events)
        [backend] = until(lambda: _warm(one), "its models are told")
        assert backend["device"]
        assert worker.stop() == 0


def _sees_both(product: Product) -> bool:
    return len(product.admin.get("/api/workers").json()["workers"]) == 2


def _warm(product: Product) -> list[Json]:
    return [backend for backend in product.backends() if backend["warm"]]


def _runs(site: Site, prompt_id: str) -> RemoteWorker:
    """Return the worker that runs a job."""
    site.one.once(prompt_id, "running")

    def found() -> RemoteWorker | None:
        workers = site.one.admin.get("/api/workers").json()["workers"]
        names = [worker["name"] for worker in workers for backend in worker["backends"] if prompt_id in backend["prompt_ids"]]
        return next((worker for worker in (site.near, site.far) if worker.name in names), None)

    return until(found, "it is known who runs it")


def _picture() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    return picture.getvalue()
