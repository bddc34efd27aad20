"""A process that has ComfyUI's packages loaded, and the ComfyUI processes forked from it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from viewcomfy.comfy.child import UNKNOWN_EXIT, Child, on_exit
from viewcomfy.comfy.fork_rules import WATCHED, Facts
from viewcomfy.comfy.pidfile import birth

PROGRAM = Path(__file__).parent / "programs" / "fork_server.py"
LOAD_TIMEOUT = 120.0
"""Seconds; from a slow disk it takes its time, and ComfyUI would have to read the same."""
FORK_TIMEOUT = 10.0
PACKET = 64 * 1024
ROOM = 4096
"""Bytes for the command line that a fork shows."""


class Preloaded:
    """Load the packages with this environment, at once; fork when asked.

    `on_early` is told with which watched variables the packages should have been loaded, by a fork that therefore had to load
    them itself. `on_rest` is called when the last fork has ended.
    """

    def __init__(
        self, python: Path, env: Mapping[str, str], *, on_early: Callable[[Mapping[str, str]], None], on_rest: Callable[[], None]
    ) -> None:
        self.forks: dict[int, asyncio.Future[int]] = {}
        self._on_early, self._on_rest = on_early, on_rest
        self._facts: asyncio.Future[Facts | None] = asyncio.get_running_loop().create_future()
        self._asked: deque[asyncio.Future[Child]] = deque()
        self._is_spent = self._is_comfyui = False
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own program
                [str(python), str(PROGRAM), str(theirs.fileno()), " " * ROOM],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(env),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._control: socket.socket | None = ours
        asyncio.get_running_loop().add_reader(ours, self._on_readable)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_up(self) -> bool:
        """Tell whether it can be asked, as far as is known."""
        return self._control is not None and not self._is_spent

    async def facts(self) -> Facts | None:
        """Return what it tells of itself once the packages are loaded; None if it ended before, or took too long."""
        try:
            async with asyncio.timeout(LOAD_TIMEOUT):
                return await asyncio.shield(self._facts)
        except TimeoutError:
            self._lost()
            return None

    async def fork(
        self, main: Path, arguments: Sequence[str], env: Mapping[str, str], terminal: int, *, alone: bool = False
    ) -> Child | None:
        """Start ComfyUI on a terminal, `alone` in this very process, which serves nobody then; None where it cannot be done."""
        if self._control is None or self._is_spent:
            return None
        request = {"main": str(main), "arguments": list(arguments), "env": dict(env), "watched": WATCHED, "alone": alone}
        forked: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], [terminal])
            self._is_spent = alone
            self._asked.append(forked)
            async with asyncio.timeout(FORK_TIMEOUT):
                return await asyncio.shield(forked)
        except (OSError, TimeoutError):
            self._lost()  # a late fork would be nobody's
            return None

    async def stop(self) -> None:
        """End it; its forks go on, and so does the ComfyUI that it has become."""
        self._lost()
        if not self._is_comfyui:
            await asyncio.to_thread(self._process.wait)

    def _on_readable(self) -> None:
        while self._control is not None:
            try:
                packet = self._control.recv(PACKET)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._lost()
                return
            self._take(json.loads(packet))

    def _take(self, answer: Mapping[str, Any]) -> None:
        if "ready" in answer:
            self._facts.set_result(Facts(int(answer["threads"]), tuple(answer["devices"]), bool(answer["has_cuda"])))
        elif "early" in answer:
            self._on_early(answer["early"])
        elif "pid" in answer:
            self._asked.popleft().set_result(self._alone() if self._is_spent else self._forked(int(answer["pid"])))
        elif "fault" in answer:
            self._asked.popleft().set_exception(OSError(answer["fault"]))
        elif (exited := self.forks.pop(int(answer["exited"]), None)) is not None:
            exited.set_result(int(answer["code"]))
            if not self.forks:
                self._on_rest()

    def _forked(self, pid: int) -> Child:
        child = Child(pid, asyncio.get_running_loop().create_future())
        self.forks[pid] = child.exited
        return child

    def _alone(self) -> Child:
        """Return the process itself, which is a ComfyUI now."""
        self._is_comfyui = True
        exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def reap() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # what is left of its group
            exited.set_result(self._process.wait())

        on_exit(self.pid, reap, is_gone=lambda: self._process.poll() is not None)
        return Child(self.pid, exited)

    def _lost(self) -> None:
        """Take in that it is gone, or make it so: nobody tells the forks' return codes any more, only that they end."""
        if self._control is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        if not self._facts.done():
            self._facts.set_result(None)
        if not self._is_comfyui:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        for pid, exited in self.forks.items():
            _watch(pid, exited)
        self.forks.clear()
        while self._asked:
            self._asked.popleft().set_exception(ConnectionError())


def _watch(pid: int, exited: asyncio.Future[int]) -> None:
    on_exit(pid, lambda: exited.set_result(UNKNOWN_EXIT), is_gone=lambda: birth(pid) is None)
