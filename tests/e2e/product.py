"""The product as its users meet it: `viewcomfy serve` in a process of its own, called over HTTP with a key."""

from __future__ import annotations

import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import psutil

from viewcomfy import Client
from viewcomfy.core.jobs import JobStatus

T = TypeVar("T")
Json = dict[str, Any]

ADMIN_TOKEN = "admin-token-of-the-tests"
COMMAND = [sys.executable, "-m", "viewcomfy.cli.main"]
START_SECONDS = 30.0
PATIENCE = 90.0
"""Seconds within which anything happens here, a cold start of ComfyUI on a busy machine included."""


def environment(**settings: Any) -> dict[str, str]:
    """Return this process's environment with these settings and no others of ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VIEWCOMFY_")}
    inherited["VIEWCOMFY_NODE_MAP_URL"] = "off"  # nothing is fetched from outside
    return inherited | {f"VIEWCOMFY_{name.upper()}": str(value) for name, value in settings.items()}


def until(found: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Return what is found as soon as it is; fail when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
    return result


class Product:
    """A server. Settings are given by their names, as in `settings.py`; `comfyui` is a folder or a URL."""

    def __init__(self, data_dir: Path, comfyui: str | Path, *, backends: int = 1, **settings: Any) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self._port = 0
        self._options = ["--json", "--data-dir", str(data_dir), "--comfyui", str(comfyui), "--backends", str(backends)]
        self._settings = {"admin_token": ADMIN_TOKEN, "shutdown_grace": 5, "lease_seconds": 6, **settings}
        self._names = (f"workflow-{number}" for number in itertools.count(1))
        self._key: Json = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # --- its life -----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start it on a free port, again on the same one, and return once it has said that it answers."""
        with (self.data_dir.parent / f"{self.data_dir.name}.log").open("a") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--port", str(self._port), *self._options],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(**self._settings),
            )
        try:
            self.url = str(self._first_line()["url"])
        except BaseException:
            self._end(signal.SIGKILL)
            raise
        self._port = int(self.url.rpartition(":")[2])
        self.admin = self._http({"authorization": f"Bearer {ADMIN_TOKEN}"})
        if not self._key:
            self._key = self.admin.post("/api/keys", json={"name": "tests"}).json()
        self.http = self._http(self.key_headers)

    def _first_line(self) -> Json:
        lines: queue.Queue[bytes] = queue.Queue()
        assert self.process.stdout
        threading.Thread(target=lambda stream=self.process.stdout: lines.put(stream.readline()), daemon=True).start()
        line = lines.get(timeout=START_SECONDS)
        assert line, f"the server ended: {self.log()}"
        told: Json = json.loads(line)
        return told

    def _http(self, headers: Mapping[str, str]) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers=headers, timeout=PATIENCE, trust_env=False)

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """End it by a signal, close what we have open, and return its exit code."""
        self.admin.close()
        self.http.close()
        return self._end(signal_number)

    def _end(self, signal_number: int) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        code = self.process.wait(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def kill(self) -> None:
        """Kill it as `kill -9` does: nothing of its own can run any more, and its ComfyUI lives on."""
        assert self.stop(signal.SIGKILL) == -signal.SIGKILL

    def log(self) -> str:
        """Return what it has logged, over all its starts."""
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text()

    # --- calling it ---------------------------------------------------------------------------------------------------
    @property
    def key(self) -> tuple[str, str]:
        """The client_id and client_secret of the tests' key."""
        return self._key["client_id"], self._key["client_secret"]

    @property
    def key_headers(self) -> dict[str, str]:
        """The headers that a call with the tests' key has."""
        return {"client_id": self.key[0], "client_secret": self.key[1]}

    def client(self, **options: Any) -> Client:
        """Return an SDK client with the tests' key and the admin token."""
        client_id, client_secret = self.key
        return Client(self.url, client_id=client_id, client_secret=client_secret, admin_token=ADMIN_TOKEN, **options)

    def command(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run `viewcomfy …` to its end in a folder, as `run_with_key` does."""
        return self.run_with_key([*COMMAND, *arguments], cwd=cwd)

    def run_with_key(self, command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in a folder; the server, the key and the admin token come by variables."""
        client_id, client_secret = self.key
        env = environment(server=self.url, client_id=client_id, client_secret=client_secret, admin_token=ADMIN_TOKEN)
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd=cwd, timeout=PATIENCE, check=False)

    def deploy(self, workflow: Json, **options: Any) -> str:
        """Deploy a workflow under a new name and return the name; unless with `force`, ComfyUI is started to check it."""
        name = next(self._names)
        answer = self.put(name, workflow, **options)
        assert answer.is_success, answer.text
        return name

    def put(self, name: str, workflow: Json | None = None, **options: Any) -> httpx2.Response:
        """Deploy a workflow, or the `app_file` among the options, under this name."""
        given = {} if workflow is None else {"workflow_api": workflow}
        return self.admin.put(f"/api/deployments/{name}", json={**given, **options})

    def infer(self, name: str, params: Json | None = None, *, logs: bool = False, files: Any = None, **fields: str) -> httpx2.Response:
        """POST to a deployment as the published Python client does, urlencoded unless there are files."""
        data = {"logs": str(logs).lower(), "params": json.dumps(params or {}), **fields}
        return self.http.post(f"/d/{name}/infer", data=data, files=files)

    def result(self, name: str, params: Json | None = None, **given: Any) -> Json:
        """Return the result of a call that succeeds."""
        answer = self.infer(name, params, **given)
        assert answer.status_code == 201, answer.text
        result: Json = answer.json()
        assert result["status"] == "success", result
        return result

    def events(self, name: str, params: Json | None = None, **given: Any) -> list[tuple[str, str]]:
        """Return the events of a whole streamed call."""
        answer = self.infer(name, params, logs=True, **given)
        assert answer.status_code == 201, answer.text
        return parse_sse(answer.content)

    def multipart(self, name: str, parts: Sequence[tuple[str, Any]]) -> httpx2.Response:
        """POST a multipart form whose parts keep this order; a text field is `(name, (None, text))`, as with a file without a name."""
        return self.http.post(f"/d/{name}/infer", files=list(parts))

    @contextmanager
    def live(self, name: str, params: Json | None = None) -> Iterator[tuple[str, Iterator[tuple[str, str]]]]:
        """Yield the prompt_id of a streamed call and its events as they come."""
        data = {"logs": "true", "params": json.dumps(params or {})}
        with self.http.stream("POST", f"/d/{name}/infer", data=data) as answer:
            assert answer.status_code == 201, answer.read()
            yield answer.headers["x-prompt-id"], _events(answer.iter_lines())

    def run(self, name: str, params: Json | None = None, **fields: str) -> str:
        """Submit a job and return its prompt_id."""
        answer = self.http.post(f"/d/{name}/run", data={"params": json.dumps(params or {}), **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["prompt_id"])

    def call(self, name: str, inputs: Json | None = None, *, version: int | None = None, **fields: Any) -> httpx2.Response:
        """Call a deployment by the names of its inputs, as JSON, and wait for the end of the job."""
        pinned = {} if version is None else {"version": version}
        wait = {"prefer": f"wait={PATIENCE:g}"}
        return self.http.post(f"/d/{name}/run", json={"inputs": inputs or {}, **fields}, headers=wait, params=pinned)

    def made(self, name: str, inputs: Json | None = None, **given: Any) -> Json:
        """Return the job of a call by names that succeeds."""
        answer = self.call(name, inputs, **given)
        assert answer.status_code == 200, answer.text
        job: Json = answer.json()
        assert job["status"] == "succeeded", job
        return job

    def files(self, job: Json) -> list[bytes]:
        """Return what a job has made, by its links."""
        answers = [httpx2.get(output["url"], timeout=PATIENCE, trust_env=False) for output in job["outputs"]]
        assert all(answer.is_success for answer in answers)
        return [answer.content for answer in answers]

    def inputs(self, name: str, version: int | None = None) -> dict[str, Json]:
        """Return the declared inputs of a deployment by their names."""
        answer = self.http.get(f"/d/{name}", params={} if version is None else {"version": version})
        return {declared["name"]: declared for declared in answer.json()["inputs"]}

    def job(self, prompt_id: str) -> Json:
        """Return a job as the API shows it."""
        answer = self.http.get(f"/api/jobs/{prompt_id}")
        assert answer.status_code == 200, answer.text
        job: Json = answer.json()
        return job

    def once(self, prompt_id: str, *statuses: str, seconds: float = PATIENCE) -> Json:
        """Return a job as soon as it has one of these statuses."""
        return until(
            lambda: job if (job := self.job(prompt_id))["status"] in statuses else None, f"{prompt_id} {' or '.join(statuses)}", seconds
        )

    def ended(self, prompt_id: str, seconds: float = PATIENCE) -> Json:
        """Return a job once it has ended."""
        return self.once(prompt_id, *(status for status in JobStatus if status.is_final), seconds=seconds)

    def lines(self, prompt_id: str) -> list[str]:
        """Return the log lines of a job that has ended."""
        events = parse_sse(self.http.get(f"/api/jobs/{prompt_id}/events").content)
        return [json.loads(data)["text"] for kind, data in events if kind == "log"]

    # --- looking at it ------------------------------------------------------------------------------------------------
    def backends(self) -> list[Json]:
        """Return its backends as /api/workers shows them."""
        workers = self.admin.get("/api/workers").json()["workers"]
        return [backend for worker in workers for backend in worker["backends"]]

    def comfyui(self, path: str) -> Any:
        """Return what the ComfyUI that runs answers to a GET."""
        [url] = [backend["url"] for backend in self.backends() if backend["url"]]
        return httpx2.get(f"{url}{path}", timeout=PATIENCE, trust_env=False).json()

    def prompts(self) -> int:
        """Return how many prompts have been sent to the ComfyUI that runs, those that it refused included."""
        return int(self.comfyui("/testkit/prompts")["count"])

    def comfyuis(self) -> list[psutil.Process]:
        """Return the ComfyUI processes that live in its data folder, its own and those that it may have left behind."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if any("main.py" in part for part in command) and str(self.data_dir / "backends") in " ".join(command):
                found.append(process)
        return found

    def left_behind(self) -> list[Path]:
        """Return the files that no job should leave in the folders of ComfyUI and of half-received uploads."""
        folders = [*self.data_dir.glob("backends/*/input"), *self.data_dir.glob("backends/*/output/viewcomfy"), self.data_dir / "tmp"]
        return [Path(place, name) for folder in folders for place, _, names in os.walk(folder) for name in names]

    def tidies_up(self) -> bool:
        """Tell that nothing is left behind; ComfyUI's copies go a moment after the answer."""
        return until(lambda: not self.left_behind(), f"left: {self.left_behind()}", 5)


def parse_sse(raw: bytes) -> list[tuple[str, str]]:
    """Return (event, data) of a whole stream; comments are left out."""
    return list(_events(iter(raw.decode().split("\n"))))


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    event = data = ""
    for line in lines:
        name, _, value = line.partition(":")
        if name == "event":
            event = value.strip()
        elif name == "data":
            data = value.strip()
        elif not line and event:
            yield event, data
            event = data = ""
