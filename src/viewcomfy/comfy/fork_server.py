"""A fork server starts ComfyUI in under a second: it forks each one from a process that has the packages loaded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from viewcomfy.comfy.child import UNKNOWN_EXIT, Child, on_exit
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.pidfile import birth

PROGRAM = Path(__file__).parent / "programs" / "fork_server.py"
LOAD_TIMEOUT = 30.0
FORK_TIMEOUT = 10.0
KILL_WAIT = 5.0
PACKET = 64 * 1024
EARLY = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
"""What ComfyUI sets before it loads the packages that read it."""


class ForkServer:
    """Fork ComfyUI processes of one installation.

    It holds about as much memory as an idle ComfyUI, which its forks share. For Linux, and for the CPU: packages read some
    variables when they are loaded, and a GPU's context does not survive a fork.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Future[bool]
        self._forks: deque[asyncio.Future[Child]] = deque()
        self._exits: dict[int, asyncio.Future[int]] = {}

    @staticmethod
    def suits(installation: Installation) -> bool:
        """Tell whether there can be one."""
        return sys.platform == "linux" and installation.use_cpu

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._control else None

    def start(self, env: Mapping[str, str]) -> None:
        """Begin to load the packages, with the environment that the forks will have; does nothing while it runs."""
        if self._control is not None:
            return
        if self._process:
            self._process.wait(KILL_WAIT)  # the last one was killed
        self._ready = asyncio.get_running_loop().create_future()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own program
                [str(self._installation.python), str(PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**env, **EARLY},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._control.setblocking(False)
        asyncio.get_running_loop().add_reader(self._control, self._on_readable)

    async def fork(self, main: Path, arguments: Sequence[str], env: Mapping[str, str], terminal: int) -> Child | None:
        """Start ComfyUI on a terminal; None where that cannot be done this way, for whatever reason."""
        try:
            async with asyncio.timeout(LOAD_TIMEOUT):
                if self._control is None or not await asyncio.shield(self._ready):
                    return None
            request = json.dumps({"main": str(main), "arguments": list(arguments), "env": dict(env)}).encode()
            forked: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
            socket.send_fds(self._control, [request], [terminal])
            self._forks.append(forked)
            async with asyncio.timeout(FORK_TIMEOUT):
                return await asyncio.shield(forked)
        except (OSError, TimeoutError, ConnectionError):
            self._lost()  # a late fork would be nobody's
            return None

    async def stop(self) -> None:
        """End it; its forks go on."""
        self._lost()
        if self._process:
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
            self._ready.set_result(True)
        elif "pid" in answer:
            pid = int(answer["pid"])
            child = Child(pid, asyncio.get_running_loop().create_future())
            self._exits[pid] = child.exited
            self._forks.popleft().set_result(child)
        elif (exited := self._exits.pop(int(answer["exited"]), None)) is not None:
            exited.set_result(int(answer["code"]))

    def _lost(self) -> None:
        """Take in that it is gone: nobody tells the forks' return codes any more, only that they end."""
        if self._control is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        if not self._ready.done():
            self._ready.set_result(False)
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for pid, exited in self._exits.items():
            self._watch(pid, exited)
        self._exits.clear()
        while self._forks:
            self._forks.popleft().set_exception(ConnectionError())

    @staticmethod
    def _watch(pid: int, exited: asyncio.Future[int]) -> None:
        on_exit(pid, lambda: exited.set_result(UNKNOWN_EXIT), is_gone=lambda: birth(pid) is None)
