"""Backends on a real ComfyUI that is forked from a process with the packages loaded."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.comfy_jobs import failing, heard, lines_of, sampling, waiting
from viewcomfy.comfy.backend import Backend
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.messages import BackendLost, Preview, Succeeded
from viewcomfy.comfy.process import Launch

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]


@pytest.fixture
async def fork_server(installation: Installation) -> AsyncIterator[ForkServer]:
    if not ForkServer.suits(installation):
        pytest.skip("needs Linux and a ComfyUI without a GPU")
    fork_server = ForkServer(installation)
    yield fork_server
    await fork_server.stop()


@pytest.fixture
async def backend(installation: Installation, fork_server: ForkServer, tmp_path: Path) -> AsyncIterator[Backend]:
    backend = Backend("forked", Launch(installation, tmp_path, processes=2), fork_server=fork_server)
    await backend.ensure_ready()
    yield backend
    await backend.stop()


def parent_of(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_a_forked_comfyui_works_like_any_other(backend: Backend, fork_server: ForkServer) -> None:
    assert await asyncio.to_thread(parent_of, backend.info().pid) == fork_server.pid
    sampled = await heard(backend.link, sampling(1))
    waited = await heard(backend.link, waiting(2, 0.2))
    assert any(isinstance(message, Preview) for message in sampled)
    assert any("8/8" in line for line in lines_of(sampled))
    assert [line for line in lines_of(waited) if line.startswith("TKWait")] == [f"TKWait 2 step {i}/10" for i in range(1, 11)]


async def test_its_end_is_told_and_the_next_one_is_forked_too(backend: Backend, fork_server: ForkServer) -> None:
    for mode, cause in (("exit", "exit code 3"), ("kill", "SIGKILL")):
        async with backend.use() as link:
            lost = (await heard(link, failing(mode)))[-1]
        assert isinstance(lost, BackendLost)
        assert cause in lost.reason
    await backend.ensure_ready()
    assert await asyncio.to_thread(parent_of, backend.info().pid) == fork_server.pid


async def test_without_its_fork_server_a_comfyui_goes_on_and_can_be_started_again(backend: Backend, fork_server: ForkServer) -> None:
    assert fork_server.pid
    os.kill(fork_server.pid, signal.SIGKILL)
    while fork_server.pid is not None:  # noqa: ASYNC110  it learns of it by itself
        await asyncio.sleep(0.01)
    assert Succeeded in [type(message) for message in await heard(backend.link, waiting(3, 0.1))]
    lost = (await heard(backend.link, failing("exit", 4)))[-1]
    assert isinstance(lost, BackendLost)
    await backend.ensure_ready()
    assert Succeeded in [type(message) for message in await heard(backend.link, waiting(5, 0.1))]
