"""The async client's hands: it sends what the rules say and asks them what to do with the answers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import BinaryIO, TypeVar

import httpx2

from viewcomfy.client import _calls
from viewcomfy.client._core import (
    Call,
    Credentials,
    answer,
    error_of,
    is_passing,
    pause_before_retry,
    refused,
    unreachable,
)
from viewcomfy.client._download import CHUNK, Download
from viewcomfy.client._follow import Following, Patience
from viewcomfy.core.errors import ViewComfyError
from viewcomfy.core.events import Event
from viewcomfy.wire.jobs import JobDetail

T = TypeVar("T")


class AsyncHttp:
    """Calls, streams and downloads over one pool of connections; safe to share between tasks of one event loop."""

    def __init__(
        self, credentials: Credentials, patience: Patience, timeout: float, tries: int, transport: httpx2.AsyncBaseTransport | None
    ) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
        self._http = httpx2.AsyncClient(timeout=timeout, limits=limits, transport=transport)
        self._credentials = credentials
        self.patience = patience
        self._timeout = timeout
        self._tries = tries

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def call(self, base: str, call: Call[T], tries: int | None = None) -> T:
        """Return a call's answer, tried again where that is safe; raise what the server or the connection raised at last."""
        for tried in range(1, (tries or self._tries) + 1):
            try:
                return await self._once(base, call)
            except httpx2.RequestError as fault:
                failure = unreachable(fault, base)
            except ViewComfyError as error:
                failure = refused(error)
            pause = pause_before_retry(
                failure,
                tried,
                tries or self._tries,
                repeatable=call.repeatable,
                chance=random.random(),  # noqa: S311 - spreads retries
            )
            if pause is None:
                break
            await asyncio.sleep(pause)
        raise failure.error

    async def _once(self, base: str, call: Call[T]) -> T:
        headers = self._credentials.headers(admin=call.admin)
        url = base + call.path
        timeout = self._patient(call.timeout)
        if call.form is None:
            response = await self._http.request(
                call.method, url, params=call.query, json=call.json, content=call.text, headers=headers, timeout=timeout
            )
        else:
            with call.form.opened() as files:
                fields = dict(call.form.fields)
                response = await self._http.request(
                    call.method, url, params=call.query, data=fields, files=files, headers=headers, timeout=timeout
                )
        return answer(call, response)

    def _patient(self, seconds: float) -> httpx2.Timeout:
        """Return the limits of a request whose answer may take so long, if that is more than usual."""
        return httpx2.Timeout(self._timeout, read=max(self._timeout, seconds))

    async def follow(self, base: str, following: Following) -> AsyncGenerator[Event]:
        """Yield a job's events until it has ended; raise StillRunning when time is up."""
        while not following.done:
            if following.streaming:
                async with aclosing(self._stream(base, following)) as news:
                    async for event in news:
                        yield event
            if not following.done:
                for event in await self._poll(base, following):
                    yield event
            if not following.done:
                await asyncio.sleep(following.pause(time.monotonic()))

    async def ended(self, base: str, following: Following) -> JobDetail:
        """Return the job that was followed to its end: polls are the truth about that too."""
        while following.job is None:
            await self._poll(base, following)
            if following.job is None:
                await asyncio.sleep(following.pause(time.monotonic()))
        return following.job

    async def _stream(self, base: str, following: Following) -> AsyncGenerator[Event]:
        url = f"{base}{_calls.job_path(following.prompt_id)}/events"
        headers = self._credentials.headers(admin=False) | following.headers()
        timeout = httpx2.Timeout(self._timeout, read=following.read_timeout(time.monotonic()))
        try:
            async with self._http.stream("GET", url, headers=headers, timeout=timeout) as response:
                if not following.opened(response.status_code, response.headers.get("content-type", ""), time.monotonic()):
                    return
                async for chunk in response.aiter_bytes():
                    for event in following.fed(chunk, time.monotonic()):
                        yield event
                    if following.must_leave(time.monotonic()):
                        break
        except httpx2.RequestError:
            pass  # the poll that comes next says more
        following.stream_ended(time.monotonic())

    async def _poll(self, base: str, following: Following) -> list[Event]:
        try:
            return following.polled(await self.call(base, _calls.job(following.prompt_id), tries=1), time.monotonic())
        except ViewComfyError as error:
            following.unanswered(error, time.monotonic())
            return []

    async def download(self, url: str, sink: BinaryIO) -> None:
        """Write what a signed link gives into `sink`, going on where it broke off."""
        # no credentials: the link is signed, and may lead to somebody else's server
        await self._download(url, sink, {}, 0.0)

    async def download_own(self, base: str, path: str, sink: BinaryIO, seconds: float) -> None:
        """Do the same with a file that the server makes for this caller, which may take so many seconds."""
        await self._download(base + path, sink, self._credentials.headers(admin=False), seconds)

    async def _download(self, url: str, sink: BinaryIO, credentials: dict[str, str], seconds: float) -> None:
        download = Download(self.patience.lost, time.monotonic())
        while not download.complete:
            fault: Exception | None = None
            try:
                await self._fetch(url, sink, download, credentials, self._patient(seconds))
            except httpx2.RequestError as broken:
                fault = broken
            except ViewComfyError as error:
                if not is_passing(error):
                    raise
                fault = error
            if not download.complete:
                await asyncio.sleep(download.broke(fault, time.monotonic()))

    async def _fetch(self, url: str, sink: BinaryIO, download: Download, credentials: dict[str, str], timeout: httpx2.Timeout) -> None:
        headers = download.headers() | credentials
        async with self._http.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=not credentials) as response:
            if not response.is_success:
                await response.aread()
                raise error_of(response)
            if download.opened(response.status_code, response.headers):
                sink.seek(download.received)
                sink.truncate()
                async for chunk in response.aiter_raw(CHUNK):
                    await asyncio.to_thread(sink.write, chunk)
                    download.got(len(chunk), time.monotonic())
                download.ended()
