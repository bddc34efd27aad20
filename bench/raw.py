"""A minimal driver of one ComfyUI, the yardstick: POST, follow the websocket, read the history, fetch the output."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import httpx2
from websockets.asyncio.client import connect

from viewcomfy.core.workflows import with_output_folder


class RawDriver:
    """One socket and one HTTP connection; `run` returns the bytes of every output."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sid = uuid.uuid4().hex
        self._ended: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> RawDriver:
        self._http = httpx2.AsyncClient(base_url=self._url, timeout=600, trust_env=False)
        self._socket = await connect(f"{self._url.replace('http', 'ws', 1)}/ws?clientId={self._sid}", max_size=None, compression=None)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._reader.cancel()
        await self._socket.close()
        await self._http.aclose()

    async def _read(self) -> None:
        async for raw in self._socket:
            if isinstance(raw, str):
                message = json.loads(raw)
                if message["type"] == "executing" and message["data"]["node"] is None:
                    self._ended[message["data"]["prompt_id"]].set()

    async def run(self, workflow: dict[str, Any]) -> list[bytes]:
        prompt_id = str(uuid.uuid4())
        # a folder of its own, as viewcomfy does it: ComfyUI lists the folder at each save, and would slow down from job to job
        workflow = with_output_folder(workflow, f"raw/{prompt_id}")
        ended = self._ended[prompt_id] = asyncio.Event()
        answer = await self._http.post("/prompt", json={"prompt": workflow, "client_id": self._sid, "prompt_id": prompt_id})
        answer.raise_for_status()
        await ended.wait()
        history = (await self._http.get(f"/history/{prompt_id}")).json()[prompt_id]
        files = [entry for node in history["outputs"].values() for entry in node.get("images", [])]
        return [(await self._http.get("/view", params=entry)).content for entry in files]
