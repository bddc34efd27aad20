"""Backends on a real ComfyUI that crashes, hangs or does not start."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.e2e.comfy_jobs import Proxy, failing, heard, plain, queued, until_executing, until_started, waiting
from viewcomfy.comfy.backend import Backend, BackendState
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.messages import BackendLost, Failed, LogLines, Succeeded
from viewcomfy.comfy.pidfile import birth
from viewcomfy.comfy.process import ComfyProcess, Launch
from viewcomfy.core.errors import NoBackend

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

IMPATIENT = HealthLimits(silence=0.5, stall=2.0, probe_timeout=0.5, socket_lost=2.0)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def launch(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    return Launch(installation, tmp_path_factory.mktemp("backend"), processes=2, stop_grace=1.0)


@pytest.fixture
async def backend(launch: Launch) -> AsyncIterator[Backend]:
    backend = Backend("fragile", launch, limits=IMPATIENT)
    await backend.ensure_ready()
    yield backend
    await backend.stop()


async def test_a_crash_is_told_with_its_cause_and_the_next_start_works(backend: Backend) -> None:
    for mode, cause in (("exit", "exit code 3"), ("kill", "SIGKILL")):
        async with backend.use() as link:
            first = link.sid
            lost = (await heard(link, failing(mode)))[-1]
        assert isinstance(lost, BackendLost)
        assert cause in lost.reason
        assert not lost.unresponsive
        assert backend.state is BackendState.FAILED
    lines: list[str] = []
    async with backend.use(lines.append) as link:
        assert link.sid != first
        assert Succeeded in [type(message) for message in await heard(link, plain(1))]
    info = backend.info()
    assert info.failures == 2
    assert info.last_failure
    assert "SIGKILL" in info.last_failure
    assert any("2 times in a row" in line for line in lines)


async def test_a_comfyui_that_answers_nothing_is_hung_and_killed(backend: Backend) -> None:
    pid = backend.info().pid
    assert pid
    lost = (await heard(backend.link, failing("freeze")))[-1]
    assert isinstance(lost, BackendLost)
    assert lost.unresponsive
    await backend.ensure_ready()
    assert birth(pid) is None


async def test_a_quiet_node_is_not_taken_for_a_hang_and_can_be_killed(backend: Backend) -> None:
    async with queued(backend.link, failing("hang")) as feed:
        await until_executing(feed, "1")
        assert not await backend.link.cancel(feed, grace=3)  # longer than `stall`
        assert feed.outcome is None
        await backend.kill("The job could not be interrupted.")
        assert isinstance(feed.outcome, BackendLost)
        assert feed.outcome.reason == "The job could not be interrupted."
    assert backend.state is BackendState.STOPPED
    assert backend.info().failures == 0


async def test_a_broken_gpu_context_starts_comfyui_anew(backend: Backend) -> None:
    async with queued(backend.link, failing("device")) as broken, queued(backend.link, plain(3)) as next_one:
        assert Failed in [type(message) async for message in broken]
        assert isinstance([message async for message in next_one][-1], BackendLost)
    assert backend.state is BackendState.FAILED
    assert backend.info().last_failure


async def test_what_was_missed_while_the_socket_was_down_is_made_up_for(backend: Backend) -> None:
    port = backend.info().port
    assert port
    async with Proxy(port).serving() as proxy:
        attached = Backend("attached", proxy.url, limits=IMPATIENT)
        async with attached.use() as link, queued(link, waiting(91, 1.0, 100)) as feed:
            await until_started(feed)
            proxy.cut()
            kinds = [type(message).__name__ async for message in feed if not isinstance(message, LogLines)]
        assert kinds[-3:] == ["NodeOutput", "Succeeded", "Finished"]
        assert attached.state is BackendState.READY
        await attached.stop()


async def test_an_attached_comfyui_that_is_gone_is_told(backend: Backend) -> None:
    port = backend.info().port
    assert port
    async with Proxy(port).serving() as proxy:
        attached = Backend("attached", proxy.url, limits=IMPATIENT)
        await attached.ensure_ready()
        async with queued(attached.link, waiting(93, 60.0, 600)) as feed:
            await until_started(feed)
            await proxy.close()
            assert isinstance([message async for message in feed][-1], BackendLost)
        assert attached.state is BackendState.FAILED
        with pytest.raises(NoBackend, match="No ComfyUI answers"):
            await attached.ensure_ready()


async def test_stopping_tells_the_running_job(backend: Backend) -> None:
    async with queued(backend.link, waiting(92, 60)) as feed:
        await until_started(feed)
        await backend.stop()
        assert isinstance([message async for message in feed][-1], BackendLost)
    assert backend.state is BackendState.STOPPED


async def test_a_start_that_fails_says_why(launch: Launch) -> None:
    backend = Backend("broken", replace(launch, extra_args=("--no-such-option",)))
    with pytest.raises(NoBackend, match="no-such-option"):
        await backend.ensure_ready()
    assert backend.state is BackendState.FAILED
    slow = Backend("slow", replace(launch, start_timeout=0.5))
    with pytest.raises(NoBackend, match="did not answer within"):
        await slow.ensure_ready()
    assert slow.info().pid is None


async def test_a_stop_during_the_start_ends_both(launch: Launch) -> None:
    backend = Backend("hasty", launch)
    begun = asyncio.Event()
    waiting_for = asyncio.create_task(backend.ensure_ready(lambda line: begun.set() if "version" in line else None))
    async with asyncio.timeout(30):
        await begun.wait()
    pid = json.loads((launch.folder / "process.json").read_text())["pid"]
    assert birth(pid)
    await backend.stop()
    with pytest.raises(NoBackend):
        await waiting_for
    assert backend.state is BackendState.STOPPED
    assert birth(pid) is None


async def test_a_taken_port_is_noticed_and_another_one_used(launch: Launch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        process = ComfyProcess(launch, on_lines=lambda _: None, port=taken)
        await process.start()
        assert process.port != taken
        await process.stop()
