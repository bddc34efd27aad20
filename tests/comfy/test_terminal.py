"""Terminal processes: live output, a sure end, and no orphan when the server is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from viewcomfy.comfy.child import spawn
from viewcomfy.comfy.pidfile import PidFile, birth
from viewcomfy.comfy.terminal import Terminal, describe_exit
from viewcomfy.core.errors import NoBackend

pytestmark = pytest.mark.anyio
PYTHON = Path(sys.executable)

ORPHAN_MAKER = """
import asyncio, os, sys, threading
from pathlib import Path
from viewcomfy.comfy.child import spawn
from viewcomfy.comfy.terminal import Terminal
async def main():
    said = asyncio.Event()
    terminal = Terminal(lambda _: said.set())
    command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
    terminal.attach(spawn(command, python=Path(sys.executable), env=os.environ, cwd=Path("/"), terminal=terminal.child_end))
    await said.wait()
    return terminal.pid
thread = threading.Thread(target=lambda: print(asyncio.run(main()), flush=True))  # a thread that ends: not the one that is tied to us
thread.start()
thread.join()
sys.stdin.read()
"""


def start(code: str, tmp_path: Path, into: bytearray) -> Terminal:
    terminal = Terminal(into.extend)
    command = [sys.executable, "-u", "-c", code]
    terminal.attach(spawn(command, python=PYTHON, env=os.environ, cwd=tmp_path, terminal=terminal.child_end))
    return terminal


async def test_output_comes_as_written_and_whole(tmp_path: Path) -> None:
    heard = bytearray()
    process = start("print('\\r1\\r2', end='\\n'); import sys; print(sys.stdout.isatty()); print('x' * 200_000)", tmp_path, heard)
    async with asyncio.timeout(20):
        assert await process.exited == 0
    assert bytes(heard) == b"\r1\r2\nTrue\n" + b"x" * 200_000 + b"\n"


async def test_a_process_that_ignores_the_request_to_end_is_killed_with_its_children(tmp_path: Path) -> None:
    heard = bytearray()
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(child.pid); time.sleep(600)"
    )
    process = start(code, tmp_path, heard)
    async with asyncio.timeout(20):
        while b"\n" not in heard:  # noqa: ASYNC110  the end comes with the deadline
            await asyncio.sleep(0.01)
        assert await process.stop(0.1) == -signal.SIGKILL
        while birth(int(heard)):  # noqa: ASYNC110  the end comes with the deadline
            await asyncio.sleep(0.01)


async def test_a_process_that_is_gone_can_be_stopped_again(tmp_path: Path) -> None:
    process = start("raise SystemExit(3)", tmp_path, bytearray())
    async with asyncio.timeout(20):
        assert await process.exited == 3
        assert await process.stop(1) == 3


def test_no_child_outlives_a_server_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHAN_MAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        child = int(server.stdout.readline())
        assert birth(child)
        server.kill()
    deadline = time.monotonic() + 10
    while birth(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert birth(child) is None


def test_ends_are_described() -> None:
    assert describe_exit(3) == "ended with exit code 3"
    assert describe_exit(-9) == "was killed by signal 9 (SIGKILL): the machine may have run out of memory"
    assert describe_exit(-200) == "was killed by signal 200 (unknown)"


def test_a_stale_process_is_ended_by_the_next_server(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stale:
        pidfile = PidFile(tmp_path)
        pidfile.write(stale.pid)
        assert pidfile.end_stale() == stale.pid
        assert stale.wait(10) == -signal.SIGKILL
        assert pidfile.end_stale() is None


def test_a_process_of_a_server_that_lives_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as other, subprocess.Popen(["sleep", "600"]) as owner:
        (tmp_path / "process.json").write_text(
            f'{{"pid": {other.pid}, "born": "{birth(other.pid)}", "owner": {owner.pid}, "owner_born": "{birth(owner.pid)}"}}'
        )
        with pytest.raises(NoBackend, match=str(owner.pid)):
            PidFile(tmp_path).end_stale()
        other.kill()
        owner.kill()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": 1, "born": "never", "owner": 1}', '{"pid": "x"}'])
def test_a_damaged_or_outdated_pid_file_ends_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "process.json").write_text(content)
    assert PidFile(tmp_path).end_stale() is None
