"""The whole server in a thread, with a ComfyUI in memory behind it, to be stopped and started again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from viewcomfy.cli.process import Told, run_loop
from viewcomfy.cli.serving import running_server
from viewcomfy.settings import Settings
from viewcomfy.testing.fake_comfy import run_fake_comfy
from viewcomfy.wire.keys import NewKeyOut


class WholeServer:
    """All state lies in `folder`; the URL stays the same over a restart, and `admin_token` is that of the first start."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.admin_token = ""
        self.key: NewKeyOut | None = None
        self._settings = Settings(data_dir=folder, port=0, heartbeat=0.2, shutdown_grace=0.0)
        self._thread = threading.Thread()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def start(self) -> None:
        """Return when it answers."""
        ready: Future[Any] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        self.url, token = ready.result(30)
        self.admin_token = self.admin_token or token
        self._settings = self._settings.model_copy(update={"port": int(self.url.rpartition(":")[2])})

    def stop(self) -> None:
        """Return when nothing is left."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self, ready: Future[Any]) -> None:
        try:
            run_loop(self._live(ready))
        except BaseException as fault:
            if ready.done():
                raise
            ready.set_exception(fault)

    async def _live(self, ready: Future[Any]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with run_fake_comfy() as fake:
            settings = self._settings.model_copy(update={"comfyui": fake.url})
            async with running_server(settings, Told()) as running:
                ready.set_result((running.url, running.opened.admin_token))
                await self._stop.wait()
