"""The whole server on a real port: a temporary folder, the real services and worker, and a ComfyUI in memory behind them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import uvicorn

from viewcomfy.cli.assemble import open_server
from viewcomfy.service.services import Services
from viewcomfy.settings import Settings
from viewcomfy.testing.fake_comfy import ServedFake, run_fake_comfy

T = TypeVar("T")

HEARTBEAT = 0.2
FINAL = ("succeeded", "failed", "canceled")

PICTURE: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "pic"}},
}
WAITING: dict[str, Any] = {
    "1": {"class_type": "TKWait", "inputs": {"seconds": 0.7, "steps": 2, "seed": 1}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "pic"}},
}
FAILING: dict[str, Any] = {
    "1": {"class_type": "TKWait", "inputs": {"seconds": 0.0, "steps": 1, "seed": 1}},
    "2": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": "raise"}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "pic"}},
}
UPLOADED: dict[str, Any] = {
    "5": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "pic"}},
}
MASKED: dict[str, Any] = {
    "5": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "6": {"class_type": "MaskToImage", "inputs": {"mask": ["5", 1]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "mask"}},
}
WORKFLOWS = {"picture": PICTURE, "waiting": WAITING, "failing": FAILING, "uploaded": UPLOADED, "masked": MASKED}


@dataclass
class Site:
    """A server that answers at `url`, and who may call it."""

    url: str
    http: httpx2.AsyncClient
    settings: Settings
    services: Services
    fake: ServedFake
    admin: dict[str, str]
    key: dict[str, str] = field(default_factory=dict)

    async def deploy(self, name: str, workflow: dict[str, Any], **options: Any) -> None:
        answer = await self.http.put(f"/api/deployments/{name}", json={"workflow_api": workflow, **options}, headers=self.admin)
        assert answer.status_code == 201, answer.text

    async def make_key(self, **options: Any) -> dict[str, str]:
        answer = await self.http.post("/api/keys", json=options, headers=self.admin)
        assert answer.status_code == 201, answer.text
        return {name: answer.json()[name] for name in ("client_id", "client_secret")}

    async def infer(self, name: str, params: Any = None, *, logs: bool = False, **more: Any) -> httpx2.Response:
        data = {"logs": str(logs).lower(), "params": json.dumps({"1-inputs-seed": 1} if params is None else params), **more.pop("data", {})}
        return await self.http.post(f"/d/{name}/infer", data=data, headers=self.key, **more)

    async def run(self, name: str, params: Any = None, **more: Any) -> dict[str, Any]:
        data = {"params": json.dumps({} if params is None else params)}
        answer = await self.http.post(f"/d/{name}/run", data=data, headers=self.key, **more)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def job(self, prompt_id: str) -> dict[str, Any]:
        return dict((await self.http.get(f"/api/jobs/{prompt_id}", headers=self.admin)).json())

    async def finished(self, prompt_id: str) -> dict[str, Any]:
        return await until(lambda: self.job(prompt_id), lambda job: job["status"] in FINAL)

    async def status_of(self, path: str, method: str = "GET") -> int:
        return (await self.http.request(method, path, headers=self.key)).status_code

    async def left(self) -> list[Path]:
        return self.left_behind()

    def left_behind(self) -> list[Path]:
        """Return the temporary files of requests."""
        return [path for path in (self.settings.data_dir / "tmp").rglob("*") if path.is_file()]


async def until(look: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is good, for at most ten seconds; return it."""
    async with asyncio.timeout(10):
        while True:
            seen = await look()
            if good(seen):
                return seen
            await asyncio.sleep(0.01)


def events_of(text: str) -> list[tuple[str, str]]:
    """Return (event, data) of a stream, having checked that each event is `event:` and one line of `data:`."""
    events = []
    for block in text.split("\n\n"):
        if not block or block.startswith(":"):
            continue
        lines = [line for line in block.split("\n") if not line.startswith("id: ")]
        assert [line.partition(": ")[0] for line in lines] == ["event", "data"], block
        events.append((lines[0][7:], lines[1][6:]))
    return events


class QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    async def is_up(self) -> bool:
        return self.started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an app on a free port and yield its URL."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(server.is_up, bool)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def open_site(folder: Path, **options: Any) -> AsyncIterator[Site]:
    """Open a whole server with the sample deployments and a key for all of them."""
    token = secrets.token_hex(16)
    async with run_fake_comfy() as fake:
        settings = Settings(**{"data_dir": folder, "comfyui": fake.url, "admin_token": token, "heartbeat": HEARTBEAT, **options})
        async with (
            open_server(settings) as server,
            served(server.app) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False, timeout=20) as http,
        ):
            site = Site(url, http, settings, server.services, fake, {"authorization": f"Bearer {token}"})
            site.key = await site.make_key()
            for name, workflow in WORKFLOWS.items():
                await site.deploy(name, workflow)
            yield site
