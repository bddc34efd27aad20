"""A backend is one ComfyUI that a worker drives: a process of our own, started on demand, or one that runs already."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TypeVar

from viewcomfy.comfy.api import ComfyApi
from viewcomfy.comfy.fork_server import ForkServer
from viewcomfy.comfy.link import HealthLimits, Link, LinkEnd
from viewcomfy.comfy.log_tail import LogTail
from viewcomfy.comfy.process import ComfyProcess, Folders, Launch
from viewcomfy.comfy.records import revision
from viewcomfy.comfy.setbacks import Setbacks
from viewcomfy.comfy.startup import StartupLines
from viewcomfy.comfy.vitals import Vitals, read_vitals
from viewcomfy.core.errors import NoBackend, RunError

T = TypeVar("T")
Listener = Callable[[str], None]
ATTACH_TIMEOUT = 5.0


class BackendState(StrEnum):
    """Where a backend stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """A backend as /api/workers shows it. `since` is Unix time of the last change of state; `start_seconds` the last start's duration.

    `managed`: ours to start and stop. `draining`: it is given no new jobs. `environment` is the id of the one that it has, None where that
    is none that is known; `aside`: it runs no jobs but those that name it.
    """

    name: str
    state: BackendState
    since: float
    url: str | None
    pid: int | None
    port: int | None
    prompt_ids: tuple[str, ...]
    starts: int
    start_seconds: float | None
    start_seconds_total: float
    failures: int
    last_failure: str | None
    managed: bool
    draining: bool
    environment: str | None
    aside: bool
    device: str | None
    vram_total: int | None
    vram_free: int | None
    ram_total: int | None
    ram_free: int | None
    comfyui_version: str | None


class Backend:
    """Own one ComfyUI and keep it usable; `source` is how to start it, or the URL of one that we never stop.

    `idle_timeout` seconds without use stop our own process; 0 keeps it. After repeated failures the next start waits, up to a minute.
    Set `draining` to have it given no new jobs. `log` holds its last lines. `environment` is the id of the environment that it has, if
    it has one; `aside`: it is there for jobs that name it, and for no others.
    """

    def __init__(
        self,
        name: str,
        source: Launch | str,
        *,
        limits: HealthLimits | None = None,
        idle_timeout: float = 0.0,
        fork_server: ForkServer | None = None,
        environment: str = "",
        aside: bool = False,
    ) -> None:
        self.name = name
        self.draining = False
        self.environment, self.aside = environment, aside
        self.log = LogTail()
        self._source = source
        self._limits = limits or HealthLimits()
        self._idle_timeout = idle_timeout
        self._fork_server = fork_server
        self._state, self._since = BackendState.STOPPED, time.time()
        self._link: Link | None = None
        self._process: ComfyProcess | None = None
        self._starting: asyncio.Task[None] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._startup = StartupLines()
        self._listeners: list[Listener] = []
        self._watchers: list[Callable[[], None]] = []
        self._vitals = Vitals(comfyui_version=source.installation.version if isinstance(source, Launch) else None)
        self._revision: str | None = ""
        self._users = 0
        self._starts, self._start_seconds, self._start_total = 0, 0.0, 0.0
        self._setbacks = Setbacks()

    @property
    def source(self) -> Launch | str:
        """How it is started, or the URL of one that we never stop."""
        return self._source

    @property
    def origin(self) -> Hashable:
        """What decides which nodes and models it has: its installation, or the URL of someone else's."""
        return self._source if isinstance(self._source, str) else self._source.installation

    @property
    def revision(self) -> str | None:
        """The revision that its installation had when it was last started; empty where it has none, None until that has been read."""
        return self._revision

    @property
    def folders(self) -> Folders | None:
        """Its folders where they are ours to read and write, so that files need not go through HTTP."""
        return Folders(self._source.folder) if isinstance(self._source, Launch) else None

    @property
    def state(self) -> BackendState:
        """Where it stands."""
        return self._state

    @property
    def is_busy(self) -> bool:
        """Tell whether someone uses it now, a job most often."""
        return self._users > 0

    @property
    def is_managed(self) -> bool:
        """Tell whether it is ours to start and stop."""
        return isinstance(self._source, Launch)

    @property
    def starts(self) -> int:
        """How often it has been started, or connected to."""
        return self._starts

    @property
    def link(self) -> Link:
        """The connection to it; raises NoBackend while it is not ready."""
        if self._link is None:
            raise NoBackend(f"ComfyUI is {self._state}.", hint=self._setbacks.last)
        return self._link

    def info(self) -> BackendInfo:
        """Return what there is to know of it now."""
        url = self._source if isinstance(self._source, str) else self._process.url if self._process else None
        return BackendInfo(
            name=self.name,
            state=self._state,
            since=self._since,
            url=url,
            pid=self._process.pid if self._process else None,
            port=self._process.port if self._process else None,
            prompt_ids=self._link.prompt_ids if self._link else (),
            starts=self._starts,
            start_seconds=self._start_seconds if self._starts else None,
            start_seconds_total=self._start_total,
            failures=self._setbacks.total,
            last_failure=self._setbacks.last,
            managed=self.is_managed,
            draining=self.draining,
            environment=self.environment or None,
            aside=self.aside,
            **asdict(self._vitals),
        )

    def move(self, source: Launch, fork_server: ForkServer | None, environment: str) -> None:
        """Have it be started from somewhere else the next time; only for one of ours that is stopped."""
        self._source, self._fork_server, self.environment = source, fork_server, environment
        self._setbacks.forgive()  # what failed may be mended
        self._vitals = Vitals(comfyui_version=source.installation.version)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` after every change of state."""
        self._watchers.append(watcher)

    @asynccontextmanager
    async def use(self, on_line: Listener = lambda _: None) -> AsyncIterator[Link]:
        """Yield the connection, the backend started first if need be; it is not stopped as idle meanwhile."""
        self._users += 1
        self._keep()
        try:
            await self.ensure_ready(on_line)
            yield self.link
        finally:
            self._users -= 1
            self._keep()

    async def ensure_ready(self, on_line: Listener = lambda _: None) -> None:
        """Start it, or join a start in progress; `on_line` gets what is being waited for. Raises NoBackend with the reason."""
        if self._link is not None:
            return
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name=f"start {self.name}")
            self._starting.add_done_callback(self._start_done)
        starting = self._starting
        self._listeners.append(on_line)
        try:
            await asyncio.shield(starting)  # it goes on when we are cancelled: others may wait, and the next job will need it
        except asyncio.CancelledError:
            if starting.cancelled():
                raise NoBackend("ComfyUI was stopped while it started.") from None
            raise
        finally:
            self._listeners.remove(on_line)

    async def start_now(self) -> None:
        """Start it as `ensure_ready` does, without the pause after failures: somebody who has seen them asks for it."""
        self._setbacks.forgive()
        await self.ensure_ready()

    async def object_info(self) -> bytes:
        """Return what it says of its node classes, as JSON; our own is started first if need be, someone else's is just asked.

        Raises NoBackend, BackendCrashed or BackendUnresponsive.
        """
        if isinstance(self._source, str) and self._link is None:
            return await self._ask(self._source, lambda api: api.object_info())
        async with self.use() as link:
            return await link.api.object_info()

    async def stop(self) -> None:
        """End our own process, or the connection to someone else's; jobs that run there are told."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await self.kill("ComfyUI was stopped.")
        if self._state is BackendState.FAILED and self._starting is None:
            self._become(BackendState.STOPPED)

    async def kill(self, reason: str) -> None:
        """End it at once though jobs may run, because one of them cannot be interrupted; it counts as no failure."""
        if self._link is not None:
            self._link.end(LinkEnd(reason, is_failure=False))
        if self._serving is not None:
            await asyncio.wait({self._serving})

    async def _start(self) -> None:
        if self._serving is not None:
            await asyncio.wait({self._serving})  # the last one is still ending
        self._revision = None
        self._become(BackendState.STARTING)
        await self._setbacks.pause(self._say)
        begun = time.monotonic()
        try:
            url = await (self._launch(self._source) if isinstance(self._source, Launch) else self._attach(self._source))
            self._link = await self._connect(url)
        except NoBackend as fault:
            self._setbacks.note(fault.message)
            self.log.add(fault.message.splitlines()[:1])
            self._become(BackendState.FAILED)
            raise
        except OSError as fault:
            reason = f"ComfyUI could not be started: {fault.strerror or fault}{f': {fault.filename}' if fault.filename else ''}."
            self._setbacks.note(reason)
            self.log.add([reason])
            self._become(BackendState.FAILED)
            raise NoBackend(reason) from fault
        except BaseException:
            self._become(BackendState.STOPPED)
            raise
        self._start_seconds = time.monotonic() - begun
        self._starts, self._start_total = self._starts + 1, self._start_total + self._start_seconds
        self._become(BackendState.READY)
        self._say(f"ComfyUI is ready after {self._start_seconds:.1f} s.")
        self._keep()

    def _start_done(self, task: asyncio.Task[None]) -> None:
        self._starting = None
        if not task.cancelled():
            task.exception()  # whoever waits gets it; where nobody does, `info` tells it

    async def _launch(self, launch: Launch) -> str:
        """Start our own process."""
        self._say(f"Starting ComfyUI {launch.installation.version} …")
        self._startup = StartupLines()
        self._revision = await asyncio.to_thread(revision, launch.installation)  # before it reads anything: a change meanwhile is seen
        process = ComfyProcess(launch, on_lines=self._on_lines, fork_server=self._fork_server)
        await process.start()
        self._process = process
        self._vitals = read_vitals(process.stats)
        return process.url

    async def _attach(self, url: str) -> str:
        """See whether someone else's answers."""
        self._say(f"Connecting to ComfyUI at {url} …")
        self._vitals = read_vitals(await self._ask(url, lambda api: api.system_stats(timeout=ATTACH_TIMEOUT)))
        return url

    @staticmethod
    async def _ask(url: str, question: Callable[[ComfyApi], Awaitable[T]]) -> T:
        """Ask someone else's ComfyUI without a link to it."""
        api = ComfyApi(url, connect_timeout=ATTACH_TIMEOUT)
        try:
            return await question(api)
        except RunError as fault:
            raise NoBackend(f"No ComfyUI answers at {url}: {fault.message}", hint="Start it, or use --comfyui to name another.") from fault
        finally:
            await api.close()

    async def _connect(self, url: str) -> Link:
        """Open the link; from here on `_serve` ends what was started."""
        process = self._process
        link = Link(
            url,
            exclusive=process is not None,
            limits=self._limits,
            before_turn=process.drain if process else lambda: None,
            on_finished=self._setbacks.forgive,
            on_end=self._ended,
            on_vitals=self._take_vitals,
            on_log=self.log.add,
        )
        self._serving = asyncio.create_task(self._serve(link), name=f"serve {self.name}")
        if process:
            process.exited.add_done_callback(lambda exited: link.end(LinkEnd(f"ComfyUI {exited.result()}.")))
        try:
            await link.opened()
        except BaseException:
            link.end(LinkEnd("ComfyUI's socket did not open."))
            await asyncio.wait({self._serving})
            raise
        return link

    async def _serve(self, link: Link) -> None:
        """Keep the link up to its end, then end our process."""
        try:
            await link.run()
        finally:
            process, self._process = self._process, None
            if process:
                await process.stop()

    def _ended(self, end: LinkEnd) -> None:
        """Take in that the link is over; before it was ready, the start itself tells."""
        self._keep(stop=True)
        if self._link is None:
            return
        self._link = None
        self._vitals = replace(self._vitals, vram_free=None, ram_free=None)
        self.log.add([end.reason])
        if end.is_failure:
            self._setbacks.note(end.reason)
        self._become(BackendState.FAILED if end.is_failure else BackendState.STOPPED)

    def _take_vitals(self, vitals: Vitals) -> None:
        if self._link is not None:
            self._vitals = vitals

    def _on_lines(self, lines: Sequence[str]) -> None:
        self.log.add(lines)
        if self._link is not None:
            self._link.lines(lines)
        else:
            self._tell(self._startup.pick(lines))

    def _say(self, sentence: str) -> None:
        self.log.add([sentence])
        self._tell([sentence])

    def _tell(self, lines: Sequence[str]) -> None:
        for listener in list(self._listeners):
            for line in lines:
                listener(line)

    def _become(self, state: BackendState) -> None:
        self._state, self._since = state, time.time()
        for watcher in self._watchers:
            watcher()

    def _keep(self, *, stop: bool = False) -> None:
        """Set the idle clock anew, or stop it."""
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if not stop and self._process is not None and self._link is not None and not self._users and self._idle_timeout > 0:
            self._idle = asyncio.get_running_loop().call_later(self._idle_timeout, self._stop_idle, self._link)

    def _stop_idle(self, link: Link) -> None:
        if link.prompt_ids:
            self._keep()
        else:
            link.end(LinkEnd(f"ComfyUI was stopped after {self._idle_timeout:.0f} s without a job.", is_failure=False))
