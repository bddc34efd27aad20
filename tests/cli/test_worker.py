"""`viewcomfy worker`, as a process, for a server on NATS; with a ComfyUI in memory."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr

from tests.cli.typed import Typed
from tests.e2e.product import Product, until
from tests.e2e.remote_worker import RemoteWorker
from tests.server.site_kit import PICTURE, UPLOADED, WAITING
from tools.services.nats import NatsServer
from tools.services.process import free_port
from viewcomfy.cli.engines import with_pool_of_token
from viewcomfy.settings import WorkerSettings

SEEDS = itertools.count(1)
LONG = {**WAITING, "1": {"class_type": "TKWait", "inputs": {"seconds": 60, "steps": 600, "seed": 1}}}


@pytest.fixture
def product(tmp_path: Path, nats_url: str) -> Iterator[Product]:
    """A server that leaves the work to others."""
    with Product(tmp_path / "server", "none", backends=0, attempts=1, engine=nats_url) as product:
        yield product


@pytest.fixture
def hire(tmp_path: Path, nats_url: str, fake_url: str) -> Iterator[Callable[..., RemoteWorker]]:
    """Start a worker; it is killed at the end, whatever became of it."""
    workers: list[RemoteWorker] = []

    def start(*words: str, comfyui: str = fake_url, **settings: object) -> RemoteWorker:
        worker = RemoteWorker(tmp_path / f"worker-{len(workers)}", nats_url, comfyui, *words, **settings)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        worker.stop(signal.SIGKILL)


def fresh() -> dict[str, int]:
    """Return params that no call had before: ComfyUI would have the pictures ready."""
    return {"1-inputs-seed": next(SEEDS)}


def runs(product: Product, prompt_id: str) -> None:
    """Wait until a worker has said that it runs a job."""
    until(lambda: any(prompt_id in backend["prompt_ids"] for backend in product.backends()), "it runs")


def one_pixel() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (1, 1)).save(picture, "PNG")
    return picture.getvalue()


def test_it_joins_runs_jobs_and_leaves_when_told(product: Product, hire: Callable[..., RemoteWorker]) -> None:
    worker = hire("--pool", "default")
    [shown] = until(lambda: product.admin.get("/api/workers").json()["workers"], "it is seen")
    assert (shown["name"], shown["pool"], len(shown["backends"])) == (worker.name, "default", 1)
    assert shown["facts"].keys() >= {"machine", "gpus", "version", "memory_total", "disk_free"}
    result = product.result(product.deploy(PICTURE), {"1-inputs-color": 1})
    assert until(worker.jobs, "it tells of the job") == [result["prompt_id"]]
    assert worker.stop() == 0
    assert [job["status"] for job in worker.told("job")] == ["succeeded"]


def test_it_needs_neither_the_servers_libraries_nor_a_database(product: Product, tmp_path: Path, nats_url: str, fake_url: str) -> None:
    absent = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "psycopg", "PIL", "prometheus_client", "itsdangerous")
    program = f"import sys; sys.modules.update(dict.fromkeys({absent})); from viewcomfy.cli.main import main; main()"
    worker = RemoteWorker(tmp_path / "worker", nats_url, fake_url, "--once")
    worker.start([sys.executable, "-c", program])
    name = product.deploy(UPLOADED)
    product.result(name, files={"5-inputs-image": ("one.png", one_pixel(), "image/png")})
    assert worker.ended() == 0


def test_a_job_for_nobody_waits_until_somebody_comes(product: Product, hire: Callable[..., RemoteWorker]) -> None:
    name = product.deploy(PICTURE, force=True)
    assert product.http.get("/readyz").status_code == 200
    prompt_id = product.run(name, {"1-inputs-color": 1})
    hire()
    assert product.ended(prompt_id)["status"] == "succeeded"


def test_once_is_one_job(product: Product, hire: Callable[..., RemoteWorker]) -> None:
    name = product.deploy(PICTURE, force=True)
    jobs = [product.run(name, {"1-inputs-color": color}) for color in range(2)]
    worker = hire("--once", "--backends", "3")
    assert (worker.ended(), len(worker.jobs())) == (0, 1)
    statuses = sorted(product.job(prompt_id)["status"] for prompt_id in jobs)
    assert statuses == ["queued", "succeeded"]


def test_idle_it_leaves_but_not_in_mid_job(product: Product, hire: Callable[..., RemoteWorker]) -> None:
    worker = hire("--idle-exit", "0.3")
    assert worker.ended() == 0
    prompt_id = product.run(product.deploy(WAITING, force=True), fresh())
    assert (hire("--idle-exit", "0.3").ended(), product.job(prompt_id)["status"]) == (0, "succeeded")


def test_told_to_stop_it_lets_its_job_end_and_takes_no_other(product: Product, hire: Callable[..., RemoteWorker]) -> None:
    worker = hire(shutdown_grace=60)
    name = product.deploy(WAITING)
    first = product.run(name, fresh())
    runs(product, first)
    worker.process.send_signal(signal.SIGTERM)
    until(lambda: "no more jobs are taken" in worker.log(), "it has heard")
    second = product.run(name, fresh())
    assert worker.ended() == 0
    assert (product.job(first)["status"], product.job(second)["status"]) == ("succeeded", "queued")


@pytest.mark.parametrize("told_twice", [False, True])
def test_what_runs_when_the_time_is_over_goes_back_uncounted(product: Product, hire: Callable[..., RemoteWorker], told_twice: bool) -> None:
    worker = hire(shutdown_grace=60 if told_twice else 0.2)
    prompt_id = product.run(product.deploy(LONG), fresh())
    runs(product, prompt_id)
    worker.process.send_signal(signal.SIGTERM)
    until(lambda: "no more jobs are taken" in worker.log(), "it has heard")
    if told_twice:
        worker.process.send_signal(signal.SIGTERM)
    assert worker.ended() == 0
    product.once(prompt_id, "queued")  # and not failed, although one attempt is all that it has


def test_orders_reach_backends_of_other_machines(product: Product, hire: Callable[..., RemoteWorker]) -> None:
    worker = hire()
    path = f"/api/workers/{worker.name}/backends/comfyui-0"
    until(lambda: product.admin.get("/api/workers").json()["workers"], "it is seen")
    assert product.admin.post(f"{path}/drain").json()["draining"] is True
    prompt_id = product.run(product.deploy(PICTURE, force=True), {"1-inputs-color": 1})
    assert product.admin.get(f"{path}/logs").json().keys() == {"lines", "next"}
    assert product.job(prompt_id)["status"] == "queued"
    assert product.admin.post(f"{path}/stop").json()["code"] == "not_managed"
    assert product.admin.post(f"{path}/start").json()["draining"] is False
    assert product.ended(prompt_id)["status"] == "succeeded"


def test_it_joins_when_the_engine_has_come_back(tmp_path: Path, hire: Callable[..., RemoteWorker], fake_url: str) -> None:
    nats = NatsServer(tmp_path / "nats")
    worker = RemoteWorker(tmp_path / "late", nats.url, fake_url)
    worker.start()
    try:
        until(lambda: "Trying again" in worker.log(), f"it says so: {worker.log()}")
        assert worker.process.poll() is None
        nats.start()
        assert worker.name
        assert worker.stop() == 0
    finally:
        worker.stop(signal.SIGKILL)
        nats.stop()


def test_stopped_before_it_could_join_it_says_that_nobody_was_there(tmp_path: Path, fake_url: str) -> None:
    worker = RemoteWorker(tmp_path / "late", f"nats://127.0.0.1:{free_port()}", fake_url)
    worker.start()
    until(lambda: "Trying again" in worker.log(), "it says so")
    assert worker.stop() == 5


@pytest.mark.parametrize("words", [[], ["--engine", "redis://x"], ["--engine", "nats://"], ["--engine", "local"]])
def test_without_an_engine_it_says_what_to_type(words: list[str], typed: Callable[..., Typed], fake_url: str) -> None:
    told = typed("worker", "--comfyui", fake_url, *words)
    assert (told.code, told.err.startswith("Error: ")) == (2, True)
    assert "nats://" in told.err


def test_the_pool_is_that_of_the_token(typed: Callable[..., Typed], fake_url: str) -> None:
    told = typed("worker", "--engine", "nats://worker-a100:x@127.0.0.1:9", "--pool", "b", "--comfyui", fake_url)
    assert (told.code, "pool a100" in told.err) == (2, True)
    settings = with_pool_of_token(WorkerSettings(engine=SecretStr("nats://worker-a100:x@127.0.0.1:9")))
    assert settings.pool == "a100"
    assert with_pool_of_token(WorkerSettings(engine=SecretStr("nats://127.0.0.1:9"), pool="b")).pool == "b"


def test_two_workers_on_one_machine_share_a_data_folder_but_no_backend(
    product: Product, tmp_path: Path, nats_url: str, fake_url: str
) -> None:
    with RemoteWorker(tmp_path / "both", nats_url, fake_url) as one, RemoteWorker(tmp_path / "both", nats_url, fake_url) as two:
        assert one.name != two.name
        until(lambda: len(product.admin.get("/api/workers").json()["workers"]) == 2, "both are seen")
        assert sorted(path.name for path in (tmp_path / "both").iterdir()) >= ["backends", "backends-2"]
