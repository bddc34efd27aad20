"""One ComfyUI process of our own: started on a terminal, with folders of its own on a shared installation."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.comfy.api import ComfyApi
from viewcomfy.comfy.child import Child, spawn
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.hardware import cores
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.logs import LineSplitter
from viewcomfy.comfy.node_output import SavedFile
from viewcomfy.comfy.pidfile import PidFile
from viewcomfy.comfy.terminal import Terminal, describe_exit
from viewcomfy.core.errors import NoBackend, RunError

HOST = "127.0.0.1"
KEPT_LINES = 200
QUOTED_LINES = 12
PROBE_EVERY = 0.25
PORT_TRIES = 3
READY_LINE = "To see the GUI go to"
PORT_TAKEN = ("address already in use", "[Errno 98]", "[Errno 48]")
INDEX_HTML = "<!doctype html><title>ComfyUI</title><p>This ComfyUI is run by viewcomfy; its editor is not installed.</p>\n"
HIDDEN = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
"""Variables that a ComfyUI must not inherit: the first holds prints back, the second makes every start slow, the rest mix Pythons up."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one ComfyUI, all below `root`."""

    root: Path

    @property
    def input(self) -> Path:
        """Where its load nodes look."""
        return self.root / "input"

    @property
    def output(self) -> Path:
        """Where its save nodes write."""
        return self.root / "output"

    @property
    def temp(self) -> Path:
        """Where previews are written; emptied at each start."""
        return self.root / "temp"

    def path_of(self, saved: SavedFile) -> Path | None:
        """Return where a file lies; None for a place outside these folders, links followed."""
        folder = {"input": self.input, "output": self.output, "temp": self.temp}.get(saved.folder_type)
        if folder is None:
            return None
        real = os.path.realpath(os.path.join(folder, saved.subfolder, saved.filename))  # noqa: PTH118 - an output waits for it
        inside = real.startswith(f"{folder}{os.sep}") or real.startswith(os.path.realpath(folder) + os.sep)
        return Path(real) if inside else None

    def make(self) -> None:
        """Make the folders, and the page that ComfyUI shows where its editor would be."""
        for folder in (self.input, self.output, self.temp, self.root / "user", self.root / "web"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "web" / "index.html").write_text(INDEX_HTML)


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a process: `folder` is its own, `processes` how many share the machine's cores, `gpu` the one it may use."""

    installation: Installation
    folder: Path
    processes: int = 1
    gpu: int | None = None
    extra_args: tuple[str, ...] = ()
    start_timeout: float = 300.0
    stop_grace: float = 5.0

    def arguments(self, port: int) -> list[str]:
        """Return main.py's arguments; options that this ComfyUI does not know are left out."""
        folders, known = Folders(self.folder), self.installation.options()
        wanted = {
            "--listen": HOST,
            "--port": str(port),
            "--base-directory": str(self.installation.base),
            "--output-directory": str(folders.output),
            "--input-directory": str(folders.input),
            "--temp-directory": str(self.folder),  # it adds the "temp" itself
            "--user-directory": str(self.folder / "user"),
            "--database-url": "sqlite:///:memory:",
            "--front-end-root": str(self.folder / "web"),
            "--preview-method": "latent2rgb",
        }
        switches = ["--disable-api-nodes", *(["--cpu"] if self.installation.use_cpu else [])]
        options = [part for name, value in wanted.items() if not known or name in known for part in (name, value)]
        return [*options, *(name for name in switches if not known or name in known), *self.extra_args]

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the process's environment."""
        env = {name: value for name, value in inherited.items() if name not in HIDDEN}
        env["OMP_NUM_THREADS"] = str(max(1, cores() // self.processes))
        env.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while they wait make a busy machine several times slower
        env["TERM"] = "dumb"
        if self.gpu is not None and not self.installation.use_cpu:
            env["CUDA_VISIBLE_DEVICES"] = str(self.gpu)
        return env


class ComfyProcess:
    """Start, watch and stop one ComfyUI. `on_lines` gets its output line by line; `exited` is resolved with a sentence when it ends.

    `stats` is what it said of itself when it was up.
    """

    def __init__(
        self, launch: Launch, *, on_lines: Callable[[Sequence[str]], None], port: int | None = None, fork_server: ForkServer | None = None
    ) -> None:
        self.launch = launch
        self.folders = Folders(launch.folder)
        self.port = 0
        self.exited: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.stats: Mapping[str, Any] = {}
        self._wanted_port = port
        self._fork_server = fork_server
        self._is_forked = False
        self._on_lines = on_lines
        self._terminal: Terminal | None = None
        self._splitter = LineSplitter()
        self._poke = asyncio.Event()
        self._pidfile = PidFile(launch.folder)
        self._ticking: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process id, None before its start and after its end."""
        return self._terminal.pid if self._terminal and not self.exited.done() else None

    async def start(self) -> None:
        """Start it and return once it answers; raise NoBackend with its last lines when it ends or `start_timeout` passes."""
        self.folders.make()
        (self.launch.installation.base / "custom_nodes").mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._pidfile.end_stale)
        try:
            async with asyncio.timeout(self.launch.start_timeout):
                for _ in range(PORT_TRIES):
                    if await self._start_once():
                        return
            raise NoBackend("ComfyUI found no free port to listen on.", details={"lines": list(self.last_lines)})  # noqa: TRY301  it ends there too
        except TimeoutError as fault:
            await self.stop()
            raise self._no_backend(f"did not answer within {self.launch.start_timeout:.0f} s") from fault
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End it: asked first, killed after the grace; returns when it is gone."""
        if self._terminal:
            await self._terminal.stop(self.launch.stop_grace)
            await asyncio.shield(self.exited)

    def kill(self) -> None:
        """Kill it at once; `exited` tells when it is gone."""
        if self._terminal:
            self._terminal.kill()

    def drain(self) -> None:
        """Hand on what it has printed so far: a message of its that we read afterwards was sent later."""
        if self._terminal:
            self._terminal.drain()

    async def _start_once(self) -> bool:
        """Start it on a port; False: once more, because someone else took the port first, or because it was forked and has ended."""
        with _reserved(self._wanted_port) as self.port:
            self._wanted_port = None
            await self._spawn()
            api = ComfyApi(self.url)
            try:
                return await self._wait_ready(api)
            finally:
                await api.close()

    async def _spawn(self) -> None:
        self.exited = asyncio.get_running_loop().create_future()
        self._splitter = LineSplitter()
        terminal = Terminal(self._on_data)
        try:
            terminal.attach(await self._child(terminal.child_end))
        except BaseException:
            terminal.abandon()
            raise
        self._terminal = terminal
        self._pidfile.write(terminal.pid)
        terminal.exited.add_done_callback(self._on_exit)

    async def _child(self, terminal: int) -> Child:
        """Start it: forked where there is a fork server and it can, else as any program."""
        launch, main, python = self.launch, self.launch.installation.main, self.launch.installation.python
        arguments, env = launch.arguments(self.port), launch.environment(os.environ)  # handed on, not read
        forked = await self._fork_server.fork(main, arguments, env, terminal, say=self._say) if self._fork_server else None
        self._is_forked = forked is not None
        return forked or spawn([str(python), str(main), *arguments], python=python, env=env, cwd=main.parent, terminal=terminal)

    async def _wait_ready(self, api: ComfyApi) -> bool:
        while not self.exited.done():
            self._poke.clear()
            with contextlib.suppress(RunError, TimeoutError):
                stats = await api.system_stats(timeout=2.0)
                if self._is_ours(stats):
                    self.stats = stats
                    if self._fork_server and self._is_forked:
                        self._fork_server.came_up()
                    return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROBE_EVERY):
                    await self._poke.wait()
        if any(text in line for line in self.last_lines for text in PORT_TAKEN):
            self.last_lines.clear()
            return False
        if self._fork_server and self._is_forked:
            self._fork_server.failed(self._say)
            self._fork_server = None
            return False
        raise self._no_backend(self.exited.result())

    def _is_ours(self, stats: Mapping[str, Any]) -> bool:
        """Tell whether our process answers, not another one that has had the port before: its output folder is its own."""
        system = stats.get("system")
        argv = system.get("argv") if isinstance(system, dict) else None
        return isinstance(argv, list) and str(self.folders.output) in argv

    def _no_backend(self, what: str) -> NoBackend:
        lines = list(self.last_lines)
        quoted = "\n".join(lines[-QUOTED_LINES:])
        return NoBackend(f"ComfyUI {what}." + (f" Its last lines:\n{quoted}" if quoted else ""), details={"lines": lines})

    def _say(self, line: str) -> None:
        self._on_lines([line])

    def _on_data(self, data: bytes) -> None:
        self._tell(self._splitter.feed(data, self._now()))
        if self._splitter.is_holding and self._ticking is None:
            self._ticking = asyncio.get_running_loop().call_later(0.1, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        self._tell(self._splitter.tick(self._now()))
        if self._splitter.is_holding:
            self._ticking = asyncio.get_running_loop().call_later(0.1, self._tick)

    def _tell(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        self.last_lines.extend(lines)
        if any(line.startswith(READY_LINE) for line in lines):
            self._poke.set()
        self._on_lines(lines)

    def _on_exit(self, returncode: asyncio.Future[int]) -> None:
        if self._ticking:
            self._ticking.cancel()
        self._tell(self._splitter.close())
        self._pidfile.clear()
        self._poke.set()
        if not self.exited.done():
            self.exited.set_result(describe_exit(returncode.result()))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


@contextlib.contextmanager
def _reserved(port: int | None) -> Iterator[int]:
    """Yield a free port and keep others off it: the kernel gives a bound port to nobody who asks for any, and ComfyUI may still listen."""
    if port is not None:
        yield port
        return
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, 0))
        yield holder.getsockname()[1]
