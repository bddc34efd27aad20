"""A fork server starts ComfyUI in under half a second: it forks each one from a process that has the packages loaded."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from viewcomfy.comfy.child import Child
from viewcomfy.comfy.fingerprint import packages_fingerprint
from viewcomfy.comfy.fork_rules import early_in, loading_environment, reason_not_to_fork, reason_not_to_load, watched
from viewcomfy.comfy.hardware import free_memory
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.preloaded import Preloaded
from viewcomfy.comfy.records import revision

EARLY_PROGRAM = Path(__file__).parent / "programs" / "early_environment.py"
EARLY_TIMEOUT = 20.0
MAX_LESSONS = 2
Say = Callable[[str], None]


class ForkServer:
    """Fork ComfyUI processes of one installation, where that can be done without their noticing.

    It is loaded by the first start, which takes no longer for it, and again after the installed packages have changed; after
    `keep` seconds without a fork it goes, 0 keeps it. Its forks share its memory, about that of an idle ComfyUI.
    """

    def __init__(self, installation: Installation, *, keep: float = 0.0) -> None:
        self._installation = installation
        self._keep = keep
        self._server: Preloaded | None = None
        self._loaded: tuple[str, Mapping[str, str]] = ("", {})
        self._early: Mapping[str, str] | None = None
        self._packages = ""
        self._refusal: str | None = None
        self._said: str | None = None
        self._failures = self._lessons = 0
        self._turn = asyncio.Lock()
        self._resting: asyncio.TimerHandle | None = None
        self._retiring: dict[asyncio.Task[None], Preloaded] = {}

    @staticmethod
    def suits() -> bool:
        """Tell whether there can be one on such a machine at all."""
        return reason_not_to_load(sys.platform, None, 0) is None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._server.pid if self._server and self._server.is_up else None

    async def fork(
        self, main: Path, arguments: Sequence[str], env: Mapping[str, str], terminal: int, *, say: Say = lambda _: None
    ) -> Child | None:
        """Start ComfyUI on a terminal; None where it has to be started in the ordinary way, and `say` is told why, once for each reason."""
        async with self._turn:
            await self._look_at_packages()
            reason = self._refusal or reason_not_to_load(sys.platform, None if self.pid else free_memory(), self._failures)
            server = None if reason else await self._loaded_server(main, arguments, env)
            facts = await server.facts() if server else None
            if server and facts is None:
                self._failures += 1
                reason = "its packages could not be loaded beforehand"
            elif facts and (reason := reason_not_to_fork(facts)):
                self._refusal = reason
        if reason:
            self._tell(reason, say)
        if server is None or facts is None:
            return None
        self._rest(stop=True)
        child = await server.fork(main, arguments, env, terminal, alone=reason is not None)
        if child is None and not reason:
            self._tell("the process to fork it from is gone", say)
        return child

    def came_up(self) -> None:
        """Take in that a fork works."""
        self._failures = 0

    def failed(self, say: Say = lambda _: None) -> None:
        """Take in that a fork has ended before it answered: perhaps it would not have, started in the ordinary way."""
        self._failures += 1
        self._tell("it ended before it answered", say)

    async def stop(self) -> None:
        """End it; its forks go on."""
        self._rest(stop=True)
        self._retire()
        retiring = dict(self._retiring)
        for task, server in retiring.items():
            await server.stop()
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)

    async def _look_at_packages(self) -> None:
        """Forget what was learned of the installation if it is another one now."""
        packages = await asyncio.to_thread(_stands_for, self._installation)
        if packages != self._packages:
            self._packages, self._early, self._refusal = packages, None, None
            self._failures = self._lessons = 0

    async def _loaded_server(self, main: Path, arguments: Sequence[str], env: Mapping[str, str]) -> Preloaded:
        """Return one that was loaded from these packages with this environment; it may be at it still."""
        if self._early is None:
            self._early = await self._guess_early(main, arguments, env)
        loading = loading_environment(env, self._early)
        wanted = (self._packages, watched(loading))
        if self._server and not (self._server.is_up and self._loaded == wanted):
            self._retire()
        if self._server is None:
            self._loaded = wanted
            self._server = Preloaded(self._installation.python, loading, on_early=self._learn, on_rest=self._rest)
        return self._server

    async def _guess_early(self, main: Path, arguments: Sequence[str], env: Mapping[str, str]) -> Mapping[str, str]:
        """Return the watched variables as ComfyUI has them when it loads torch; where there may be a GPU, it is asked."""
        guess = watched(env) | early_in(await asyncio.to_thread(main.read_text, errors="replace"))
        if self._installation.use_cpu:
            return guess
        command = [str(self._installation.python), str(EARLY_PROGRAM), str(main), *arguments]
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env=dict(env))
        try:
            async with asyncio.timeout(EARLY_TIMEOUT):
                told, _ = await process.communicate()
            return watched(json.loads(told))
        except (TimeoutError, ValueError):
            return guess
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _learn(self, early: Mapping[str, str]) -> None:
        """Take in what a fork has found its watched variables to be; the next process is loaded with those."""
        if early == self._early:
            return  # another fork has told it
        self._early = early
        self._lessons += 1
        if self._lessons > MAX_LESSONS:
            self._refusal = "something sets other environment variables at each start before torch is loaded"

    def _tell(self, reason: str, say: Say) -> None:
        if reason != self._said:
            say(f"ComfyUI is started in the ordinary way: {reason}.")
        self._said = reason

    def _rest(self, *, stop: bool = False) -> None:
        """Set the clock that ends it anew, or stop it."""
        if self._resting:
            self._resting.cancel()
            self._resting = None
        if not stop and self._keep > 0 and self._server and not self._server.forks:
            self._resting = asyncio.get_running_loop().call_later(self._keep, self._retire)

    def _retire(self) -> None:
        """Let it end when its last fork does."""
        if server := self._server:
            self._server = None
            task = asyncio.create_task(_end(server), name="end a fork server")
            self._retiring[task] = server
            task.add_done_callback(self._retiring.pop)


def _stands_for(installation: Installation) -> str:
    """Return what stands for all that is loaded beforehand: packages can change without another name, which their installer tells."""
    return f"{packages_fingerprint(installation)}-{revision(installation)}"


async def _end(server: Preloaded) -> None:
    try:
        await asyncio.gather(*(asyncio.shield(exited) for exited in server.forks.values()))
    finally:
        await server.stop()
