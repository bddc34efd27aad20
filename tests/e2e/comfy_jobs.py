"""Workflows for the tests on a real ComfyUI, and what a test hears of them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from viewcomfy.comfy.feed import Feed
from viewcomfy.comfy.link import Link
from viewcomfy.comfy.messages import Executing, JobMessage, LogLines, NodeOutput, Started
from viewcomfy.comfy.node_output import SavedFile, output_entries

Workflow = dict[str, Any]


def saving(image: Workflow, before: Workflow | None = None) -> Workflow:
    return {"1": image, **(before or {}), "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "test"}}}


def plain(color: int = 1) -> Workflow:
    return saving({"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": color}})


def waiting(seed: int, seconds: float, steps: int = 10) -> Workflow:
    return saving({"class_type": "TKWait", "inputs": {"seconds": seconds, "steps": steps, "seed": seed}, "_meta": {"title": "The wait"}})


def failing(mode: str, seed: int = 1, seconds: float = 600.0) -> Workflow:
    wait = {"class_type": "TKWait", "inputs": {"seconds": 0.05, "steps": 1, "seed": seed}}
    fail = {"class_type": "TKFail", "inputs": {"image": ["2", 0], "mode": mode, "seconds": seconds}, "_meta": {"title": "Bad"}}
    return saving(fail, {"2": wait})


def sampling(seed: int, steps: int = 8) -> Workflow:
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a red fox"}},
        "3": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 256, "height": 256, "batch_size": 1}},
        "4": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0], "seed": seed, "steps": steps,
                "cfg": 4.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
            },
        },
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "sampled"}},
    }  # fmt: skip


@asynccontextmanager
async def queued(link: Link, workflow: Workflow) -> AsyncIterator[Feed]:
    async with asyncio.timeout(120), link.follow(str(uuid.uuid4())) as feed:
        await link.queue(feed, workflow)
        yield feed


async def heard(link: Link, workflow: Workflow) -> list[JobMessage]:
    async with queued(link, workflow) as feed:
        return [message async for message in feed]


async def until_started(feed: Feed) -> None:
    async for message in feed:
        if isinstance(message, Started):
            return


async def until_executing(feed: Feed, node_id: str) -> None:
    async for message in feed:
        if isinstance(message, Executing) and message.node_id == node_id:
            return


def lines_of(messages: Iterable[JobMessage]) -> list[str]:
    return [line for message in messages if isinstance(message, LogLines) for line in message.lines]


def files_of(messages: Iterable[JobMessage]) -> list[SavedFile]:
    return [entry for message in messages if isinstance(message, NodeOutput) for entry in output_entries(message.ui)]


class Proxy:
    """A TCP proxy before a ComfyUI, whose connections can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Proxy]:
        """Listen on a free port meanwhile."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self._server = server
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Listen no more and break every connection."""
        self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, other_writer}
        for source, target in ((reader, other_writer), (other_reader, writer)):
            task = asyncio.create_task(self._copy(source, target))
            self._tasks.add(task)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()
