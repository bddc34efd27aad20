"""A viewcomfy server of its own for the benchmarks, as a subprocess, with a deployment per workflow and a key."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

ADMIN_TOKEN = "bench-admin-token-0123456789"


@dataclass
class Bench:
    """A running server: `url`, its HTTP client with a key, and its process."""

    url: str
    http: httpx2.AsyncClient
    admin: httpx2.AsyncClient
    process: psutil.Process
    ready_seconds: float

    async def deploy(self, name: str, workflow: dict[str, Any], *, force: bool = False) -> None:
        """Deploy a workflow; with `force` no ComfyUI is started to look it over."""
        answer = await self.admin.put(f"/api/deployments/{name}", json={"workflow_api": workflow, "force": force})
        answer.raise_for_status()

    async def infer(self, name: str, params: dict[str, Any]) -> list[bytes]:
        answer = await self.http.post(f"/d/{name}/infer", data={"logs": "false", "params": json.dumps(params)})
        if answer.status_code != 201:
            raise AssertionError(answer.text)
        result = answer.json()
        assert result["status"] == "success", result
        return [base64.b64decode(output["data"]) for output in result["outputs"]]

    async def backend_urls(self) -> list[str]:
        """Return where the running ComfyUIs listen; a worker tells of them every two seconds."""
        async with asyncio.timeout(10):
            while True:
                workers = (await self.admin.get("/api/workers")).json()["workers"]
                if urls := [backend["url"] for worker in workers for backend in worker["backends"] if backend["url"]]:
                    return urls
                await asyncio.sleep(0.2)

    def cpu(self) -> float:
        """Return the seconds of CPU that the server itself has taken, without ComfyUI's."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def rss(self) -> int:
        """Return the server's own memory in bytes, without ComfyUI's."""
        return int(self.process.memory_info().rss)


class BenchServer:
    """Start `viewcomfy serve` on a free port with a fresh data folder; stop it at the end."""

    def __init__(self, comfyui: str, *options: str) -> None:
        self._comfyui = comfyui
        self._options = options

    async def __aenter__(self) -> Bench:
        self._folder = tempfile.TemporaryDirectory(prefix="viewcomfy-bench-")
        started = time.perf_counter()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "viewcomfy.cli.main", "serve", "--port", "0", "--data-dir", self._folder.name,
            "--comfyui", self._comfyui, "--json", *self._options,
            stdout=asyncio.subprocess.PIPE, stderr=(Path(self._folder.name) / "log").open("w"),
            env={**os.environ, "VIEWCOMFY_ADMIN_TOKEN": ADMIN_TOKEN},
        )  # fmt: skip
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        ready = time.perf_counter() - started
        url = json.loads(line)["url"]
        self._admin = httpx2.AsyncClient(base_url=url, timeout=600, trust_env=False, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        key = (await self._admin.post("/api/keys", json={"name": "bench"})).json()
        headers = {"client_id": key["client_id"], "client_secret": key["client_secret"]}
        self._http = httpx2.AsyncClient(base_url=url, timeout=600, trust_env=False, headers=headers)
        return Bench(url, self._http, self._admin, psutil.Process(self._process.pid), ready)

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()
        await self._admin.aclose()
        self._process.terminate()
        await self._process.wait()
        self._folder.cleanup()
