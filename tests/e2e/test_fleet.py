"""A fleet from nothing to nothing: `viewcomfy fleet` starts real workers on a real NATS, each with a ComfyUI in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.product import ADMIN_TOKEN, COMMAND, Product, environment, until
from tests.server.site_kit import WAITING
from tests.worker.managed import MAIN

SEED, SECONDS = "1-inputs-seed", "1-inputs-seconds"


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    """A folder that looks like ComfyUI's, and starts one in memory."""
    folder = tmp_path / "ComfyUI"
    (folder / "comfy").mkdir(parents=True)
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / "main.py").write_text(MAIN.format(path=[place for place in sys.path if place]))
    return folder


@pytest.fixture
def server(tmp_path: Path, nats_url: str) -> Iterator[Product]:
    """A server without a ComfyUI of its own."""
    with Product(tmp_path / "server", "", backends=0, engine=nats_url) as product:
        yield product


class Fleet:
    """`viewcomfy fleet run` as a process."""

    def __init__(self, server: Product, nats_url: str, comfyui: Path, folder: Path) -> None:
        self._env = environment(server=server.url, admin_token=ADMIN_TOKEN, engine=nats_url, shutdown_grace=1)
        self._command = [*COMMAND, "fleet"]
        self._place = ["--data-dir", str(folder)]
        self._options = ["--max", "3", "--idle", "2", "--every", "0.2", "--", "--comfyui", str(comfyui)]
        self._folder = folder

    def start(self) -> None:
        with (self._folder.parent / "fleet.log").open("a") as log:
            command = [*self._command, "run", *self._place, *self._options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self._env)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def stop(self) -> str:
        command = [*self._command, "stop", *self._place]
        return subprocess.run(command, capture_output=True, text=True, env=self._env, timeout=90, check=True).stderr

    def workers(self) -> list[psutil.Process]:
        """Return the processes of its workers: not what a worker has just forked, which still has the worker's command line."""
        found = [each for each in psutil.process_iter(["cmdline", "ppid"]) if _is_worker(each.info["cmdline"] or [], self._folder)]
        pids = {each.pid for each in found}
        return [each for each in found if each.info["ppid"] not in pids]

    def log(self) -> str:
        logs = [self._folder.parent / "fleet.log", *self._folder.rglob("worker.log")]
        return "\n".join(f"--- {path}\n{path.read_text()}" for path in logs)


def _is_worker(command: list[str], folder: Path) -> bool:
    return "worker" in command and any(part.startswith(str(folder)) for part in command)


@contextmanager
def told(fleet: Fleet) -> Iterator[None]:
    """Add the fleet's logs to what fails, and leave no process behind."""
    try:
        yield
    except BaseException:
        print(fleet.log())
        raise
    finally:
        fleet.kill()
        for process in fleet.workers():
            os.killpg(process.pid, signal.SIGKILL)


def submit(server: Product, name: str, seconds: float, count: int = 1) -> list[str]:
    answers = [server.http.post(f"/d/{name}/run", json={"inputs": {SEED: number, SECONDS: seconds}}) for number in range(count)]
    assert [answer.status_code for answer in answers] == [202] * count, answers[0].text
    return [answer.json()["prompt_id"] for answer in answers]


def test_workers_come_with_the_jobs_and_go_without_touching_one(server: Product, nats_url: str, comfyui: Path, tmp_path: Path) -> None:
    fleet = Fleet(server, nats_url, comfyui, tmp_path / "fleet")
    name = server.deploy(WAITING, force=True)
    fleet.start()
    with told(fleet):
        (long,) = submit(server, name, 20.0)
        short = submit(server, name, 0.5, 8)
        until(lambda: len(fleet.workers()) >= 2, "workers come")
        ended = [server.ended(prompt_id) for prompt_id in short]
        until(lambda: len(fleet.workers()) == 1, "those with nothing to do go")
        assert server.job(long)["status"] == "running", "while one still works"
        ended.append(server.ended(long))
        assert {(job["status"], job["attempt"]) for job in ended} == {("succeeded", 1)}
        until(lambda: not fleet.workers(), "nobody is left")
        assert server.admin.get("/api/scale/default?idle=2").json()["wanted"] == 0
        (again,) = submit(server, name, 0.1)
        assert server.ended(again)["status"] == "succeeded", "and it begins anew"
        assert fleet.end() == 0


def test_a_fleet_goes_on_without_its_scaler_and_is_found_again(server: Product, nats_url: str, comfyui: Path, tmp_path: Path) -> None:
    fleet = Fleet(server, nats_url, comfyui, tmp_path / "fleet")
    name = server.deploy(WAITING, force=True)
    fleet.start()
    with told(fleet):
        (first,) = submit(server, name, 20.0)
        server.once(first, "running")
        before = {process.pid for process in fleet.workers()}
        fleet.kill()
        fleet.start()
        (second,) = submit(server, name, 0.1)
        assert server.ended(second)["attempt"] == 1
        assert before <= {process.pid for process in fleet.workers()}
        assert server.job(first)["status"] == "running"
        assert fleet.end() == 0
        assert "has no workers" in fleet.stop(), "the running job ends first"
        assert (server.job(first)["status"], server.job(first)["attempt"]) == ("succeeded", 1)
        assert fleet.workers() == []
