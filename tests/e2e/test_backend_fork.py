"""Backends on a real ComfyUI that is forked from a process with the packages loaded."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.comfy_jobs import failing, files_of, heard, lines_of, sampling, waiting
from viewcomfy.comfy.backend import Backend
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.messages import BackendLost, Preview, Succeeded
from viewcomfy.comfy.process import Launch

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.e2e,
    pytest.mark.skipif(not ForkServer.suits(), reason="needs Linux"),
]
LOADER_ONLY = "import os, sys, threading, time\nif 'fork_server.py' in sys.argv[0]:\n    "
ORDINARY = "ComfyUI is started in the ordinary way: "


@pytest.fixture
async def fork_server(installation: Installation) -> AsyncIterator[ForkServer]:
    fork_server = ForkServer(installation)
    yield fork_server
    await fork_server.stop()


@pytest.fixture
async def backend(installation: Installation, fork_server: ForkServer, tmp_path: Path) -> AsyncIterator[Backend]:
    backend = Backend("forked", Launch(installation, tmp_path, processes=2), fork_server=fork_server)
    await backend.ensure_ready()
    yield backend
    await backend.stop()


Start = Callable[..., Awaitable[tuple[Backend, ForkServer]]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a backend of an installation with a fork server of its own, or this one."""
    folders = (tmp_path / f"backend-{number}" for number in itertools.count())
    async with AsyncExitStack() as stack:

        async def start(
            installation: Installation, fork_server: ForkServer | None = None, extra_args: tuple[str, ...] = ()
        ) -> tuple[Backend, ForkServer]:
            if fork_server is None:
                fork_server = ForkServer(installation)
                stack.push_async_callback(fork_server.stop)
            backend = Backend("forked", Launch(installation, next(folders), extra_args=extra_args), fork_server=fork_server)
            stack.push_async_callback(backend.stop)
            await backend.ensure_ready()
            return backend, fork_server

        yield start


@pytest.fixture
def odd(installation: Installation, tmp_path: Path) -> Callable[[str], Installation]:
    """Return the installation with one more package, which is loaded with the others and has this text."""

    def make(text: str) -> Installation:
        venv = tmp_path / "venv"
        real = next(installation.python.parent.parent.glob("lib/python*/site-packages"))
        packages = venv / "lib" / real.parent.name / "site-packages"
        packages.mkdir(parents=True)
        (venv / "bin").mkdir()
        (venv / "bin" / "python").symlink_to(installation.python.resolve())
        (venv / "pyvenv.cfg").write_text((installation.python.parent.parent / "pyvenv.cfg").read_text())
        (packages / "real.pth").write_text(f"{real}\n")
        (packages / "kornia.py").write_text(text)
        return replace(installation, python=venv / "bin" / "python")

    return make


@pytest.fixture
def with_prestartup(installation: Installation, tmp_path: Path) -> Callable[[str], Installation]:
    """Return the installation with a custom node that does this before ComfyUI starts."""

    def make(text: str) -> Installation:
        base = tmp_path / "base"
        node = base / "custom_nodes" / "early"
        node.mkdir(parents=True)
        (node / "prestartup_script.py").write_text(text)
        (node / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
        (base / "models").symlink_to(installation.models)
        (base / "custom_nodes" / "testkit_nodes.py").symlink_to(installation.base / "custom_nodes" / "testkit_nodes.py")
        return replace(installation, base=base)

    return make


def parent_of(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command_of(backend: Backend) -> list[str]:
    """Return the command line that it shows."""
    return Path(f"/proc/{backend.info().pid}/cmdline").read_text().rstrip("\0").split("\0")


def has_loaded_nothing_itself(backend: Backend) -> bool:
    """Tell whether it runs in a process that was there before it: that has room in its command line."""
    return len(Path(f"/proc/{backend.info().pid}/cmdline").read_bytes()) > 4000


def private_share(pid: int | None) -> float:
    """Return which part of a process's memory it shares with nobody."""
    rollup = dict(line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    size = {name: int(value.split()[0]) for name, value in rollup.items()}
    return (size["Private_Clean"] + size["Private_Dirty"]) / size["Rss"]


def log_of(backend: Backend) -> list[str]:
    return [line.text for line in backend.log.since(0)[0]]


async def test_a_forked_comfyui_works_like_any_other(backend: Backend, fork_server: ForkServer) -> None:
    assert await asyncio.to_thread(parent_of, backend.info().pid) == fork_server.pid
    sampled = await heard(backend.link, sampling(1))
    waited = await heard(backend.link, waiting(2, 0.2))
    assert any(isinstance(message, Preview) for message in sampled)
    assert any("8/8" in line for line in lines_of(sampled))
    assert [line for line in lines_of(waited) if line.startswith("TKWait")] == [f"TKWait 2 step {i}/10" for i in range(1, 11)]


async def test_it_makes_the_same_and_says_the_same_as_one_that_was_not_forked(
    installation: Installation, backend: Backend, tmp_path: Path
) -> None:
    ordinary = Backend("ordinary", Launch(installation, tmp_path / "ordinary", processes=2))
    try:
        pictures = []
        for each in (backend, ordinary):
            await each.ensure_ready()
            [saved] = files_of(await heard(each.link, sampling(7)))
            assert each.folders
            path = each.folders.path_of(saved)
            assert path
            pictures.append(await asyncio.to_thread(path.read_bytes))
        assert pictures[0] == pictures[1]
        assert not [line for line in log_of(backend) if "torch already imported" in line.lower()]
        argv = [(await each.link.api.system_stats())["system"]["argv"] for each in (backend, ordinary)]
        assert [len(arguments) for arguments in argv] == [len(argv[0])] * 2
        shown = [command_of(each) for each in (backend, ordinary)]
        assert [command[1] for command in shown] == [str(installation.main)] * 2
        assert [len(command) for command in shown] == [len(shown[0])] * 2
    finally:
        await ordinary.stop()


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


async def test_four_started_at_once_share_their_memory(installation: Installation, start: Start) -> None:
    fork_server = ForkServer(installation)
    started = await asyncio.gather(*(start(installation, fork_server) for _ in range(4)))
    try:
        pids = [backend.info().pid for backend, _ in started]
        assert len(set(pids)) == 4
        assert {await asyncio.to_thread(parent_of, pid) for pid in pids} == {fork_server.pid}
        assert max([await asyncio.to_thread(private_share, pid) for pid in pids]) < 0.4
    finally:
        await fork_server.stop()


async def test_with_threads_after_loading_the_loaded_process_becomes_comfyui_and_the_next_is_an_ordinary_one(
    odd: Callable[[str], Installation], start: Start
) -> None:
    installation = odd(LOADER_ONLY + "threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()")
    first, fork_server = await start(installation)
    assert has_loaded_nothing_itself(first)
    assert await asyncio.to_thread(parent_of, first.info().pid) == os.getpid()
    assert ORDINARY + "a package starts threads when it is loaded." in log_of(first)
    assert Succeeded in [type(message) for message in await heard(first.link, sampling(1))]
    lost = (await heard(first.link, failing("exit")))[-1]
    assert isinstance(lost, BackendLost)
    assert "exit code 3" in lost.reason
    second, _ = await start(installation, fork_server)
    assert not has_loaded_nothing_itself(second)
    assert not [line for line in log_of(second) if line.startswith(ORDINARY)], "it is told once"


async def test_where_the_packages_cannot_be_loaded_beforehand_it_starts_in_the_ordinary_way(
    odd: Callable[[str], Installation], start: Start
) -> None:
    backend, fork_server = await start(odd(LOADER_ONLY + "os._exit(1)"))
    assert fork_server.pid is None
    assert ORDINARY + "its packages could not be loaded beforehand." in log_of(backend)
    assert Succeeded in [type(message) for message in await heard(backend.link, waiting(1, 0.1))]


async def test_a_fork_that_ends_before_it_answers_is_followed_by_an_ordinary_start(
    with_prestartup: Callable[[str], Installation], start: Start
) -> None:
    installation = with_prestartup("import os, sys\nif 'scipy' in sys.modules:\n    os._exit(7)\n")
    fork_server = ForkServer(installation)
    try:
        backends = [(await start(installation, fork_server))[0] for _ in range(3)]
        assert [await asyncio.to_thread(parent_of, backend.info().pid) for backend in backends] == [os.getpid()] * 3
        told = [[line for line in log_of(backend) if line.startswith(ORDINARY)] for backend in backends]
        assert told == [[ORDINARY + "it ended before it answered."], [], [ORDINARY + "the quick way has failed 2 times in a row."]]
    finally:
        await fork_server.stop()


async def test_a_variable_set_before_torch_is_loaded_makes_one_ordinary_start_and_is_then_known(
    with_prestartup: Callable[[str], Installation], start: Start
) -> None:
    installation = with_prestartup("import os\nos.environ['TORCH_TEST_SETTING'] = '1'\n")
    first, fork_server = await start(installation)
    assert not has_loaded_nothing_itself(first)
    assert any(line.startswith(ORDINARY + "TORCH_TEST_SETTING") for line in log_of(first))
    lost = (await heard(first.link, failing("exit")))[-1]
    assert isinstance(lost, BackendLost)
    assert "exit code 3" in lost.reason
    second, _ = await start(installation, fork_server)
    assert has_loaded_nothing_itself(second)
    assert await asyncio.to_thread(parent_of, second.info().pid) == fork_server.pid


async def test_where_there_may_be_a_gpu_comfyui_is_asked_what_it_sets_before_torch(installation: Installation, start: Start) -> None:
    backend, fork_server = await start(replace(installation, use_cpu=False), extra_args=("--cpu", "--cuda-malloc"))
    assert has_loaded_nothing_itself(backend)
    loaded_with = await asyncio.to_thread(Path(f"/proc/{fork_server.pid}/environ").read_text)
    assert "PYTORCH_CUDA_ALLOC_CONF=backend:cudaMallocAsync" in loaded_with.split("\0")


async def test_new_packages_are_loaded_and_the_old_process_stays_for_its_forks(odd: Callable[[str], Installation], start: Start) -> None:
    installation = odd("")
    first, fork_server = await start(installation)
    old = fork_server.pid
    site_packages = next(installation.python.parent.parent.glob("lib/python*/site-packages"))
    (site_packages / "new-1.0.dist-info").mkdir()
    second, _ = await start(installation, fork_server)
    assert fork_server.pid != old
    assert await asyncio.to_thread(parent_of, second.info().pid) == fork_server.pid
    lost = (await heard(first.link, failing("exit")))[-1]
    assert isinstance(lost, BackendLost)
    assert "exit code 3" in lost.reason, "the old one is there to tell"


async def test_it_goes_when_nothing_has_needed_it_for_long(installation: Installation, start: Start) -> None:
    fork_server = ForkServer(installation, keep=0.2)
    backend, _ = await start(installation, fork_server)
    await asyncio.sleep(0.4)
    assert fork_server.pid, "its fork needs it"
    await backend.stop()
    async with asyncio.timeout(10):
        while fork_server.pid is not None:  # noqa: ASYNC110  it goes by itself
            await asyncio.sleep(0.02)
    await backend.ensure_ready()
    assert await asyncio.to_thread(parent_of, backend.info().pid) == fork_server.pid
    await backend.stop()
    await fork_server.stop()
