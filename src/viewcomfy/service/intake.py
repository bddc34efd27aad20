"""The intake brings the files of a call together: those that came with it, and those that its params name by URL."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from viewcomfy.core.errors import BadInput, InvalidUpload, TooLarge, ViewComfyError
from viewcomfy.core.inputs import Input
from viewcomfy.core.outputs import CONTENT_TYPES
from viewcomfy.core.sent_files import SentFile
from viewcomfy.files.data_url import decode_data_url, is_data_url
from viewcomfy.files.fetch import Fetcher
from viewcomfy.files.sniff import UNKNOWN, sniff
from viewcomfy.service.received import ReceivedFile
from viewcomfy.service.threads import to_the_end

FETCHES = 16
"""How many files are fetched at once; further calls wait for their turn."""
LANES = 8
"""How many of these one batch takes: the others are left to single calls."""
SMALLER = "Send smaller batches; the server's setting is VIEWCOMFY_MAX_REQUEST."


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call says: its params without the URLs of files, and all of its files by field."""

    params: dict[str, Any]
    files: Mapping[str, ReceivedFile]
    sent: Mapping[str, SentFile]


class Intake:
    """Takes calls in. Files that are named by URL are kept in `folder` meanwhile; `max_bytes` bounds each."""

    def __init__(self, folder: Path, fetcher: Fetcher, max_bytes: int) -> None:
        self._folder = folder
        self._fetcher = fetcher
        self._max_bytes = max_bytes
        self._fetching = asyncio.Semaphore(FETCHES)

    @asynccontextmanager
    async def taken(self, params: Mapping[str, Any], files: Sequence[ReceivedFile], inputs: Sequence[Input]) -> AsyncIterator[Taken]:
        """Yield what a call says, and remove afterwards what was brought for it. Raises InvalidUpload, FetchFailed, TooLarge, DiskFull."""
        named = _urls(params, inputs)
        brought: list[ReceivedFile] = []
        try:
            for field, url in named.items():
                brought.append(await self._bring(field, url))
            together = _by_field([*files, *brought])
            sent = {field: _sent(file) for field, file in together.items()}
            yield Taken({name: value for name, value in params.items() if name not in named}, together, sent)
        finally:
            for file in brought:
                with suppress(OSError):
                    file.path.unlink(missing_ok=True)

    @asynccontextmanager
    async def taken_together(
        self, calls: Sequence[Mapping[str, Any]], files: Sequence[ReceivedFile], inputs: Sequence[Input], *, max_bytes: int
    ) -> AsyncIterator[list[Taken | BadInput]]:
        """Yield what each of many calls says, or why it can't be taken; `files` are sent with all of them.

        A file that several calls name by the same URL is brought once. Together they may have `max_bytes`.
        Raises TooLarge, DiskFull.
        """
        named = [_urls(params, inputs) for params in calls]
        brought: dict[tuple[str, str], ReceivedFile | BadInput] = {}
        try:
            await self._bring_all({one: None for urls in named for one in urls.items()}, brought, max_bytes)
            sniffed: dict[Path, SentFile] = {}
            # what a call itself says of an input goes before the file that all share
            own = [[file for file in files if file.field not in params] for params in calls]
            yield [_taken(params, urls, shared, brought, sniffed) for params, urls, shared in zip(calls, named, own, strict=True)]
        finally:
            for file in brought.values():
                if isinstance(file, ReceivedFile):
                    with suppress(OSError):
                        file.path.unlink(missing_ok=True)

    async def _bring_all(
        self, wanted: Iterable[tuple[str, str]], brought: dict[tuple[str, str], ReceivedFile | BadInput], max_bytes: int
    ) -> None:
        waiting = iter(wanted)

        async def lane() -> None:
            for field, url in waiting:
                try:
                    brought[field, url] = await self._bring(field, url)
                except BadInput as fault:
                    brought[field, url] = fault
                if sum(file.size for file in brought.values() if isinstance(file, ReceivedFile)) > max_bytes:
                    raise TooLarge(f"The files that are named by URL are together larger than {max_bytes:,} bytes.", hint=SMALLER)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(LANES):
                    group.create_task(lane())
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def _bring(self, field: str, url: str) -> ReceivedFile:
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        path = self._folder / uuid.uuid4().hex
        try:
            if is_data_url(url):
                content_type, size = await to_the_end(partial(decode_data_url, url, path, self._max_bytes))
                return ReceivedFile(field, f"upload{_suffix(content_type)}", content_type, size, path)
            async with self._fetching:
                fetched = await self._fetcher.fetch(url, path)
            return ReceivedFile(field, fetched.filename, fetched.content_type, fetched.size, path)
        except ViewComfyError as fault:
            fault.problems = fault.problems or [{"input": field[:200], "message": fault.message}]
            raise
        except asyncio.CancelledError:
            path.unlink(missing_ok=True)
            raise


def _taken(
    params: Mapping[str, Any],
    urls: Mapping[str, str],
    files: Sequence[ReceivedFile],
    brought: Mapping[tuple[str, str], ReceivedFile | BadInput],
    sniffed: dict[Path, SentFile],
) -> Taken | BadInput:
    """Return what one of many calls says; what several of them share is looked at once."""
    own = [brought[one] for one in urls.items()]
    if faults := [fault for fault in own if isinstance(fault, BadInput)]:
        problems = [problem for fault in faults for problem in fault.problems]
        return type(faults[0])(faults[0].message, hint=faults[0].hint, problems=problems)
    try:
        together = _by_field([*files, *(file for file in own if isinstance(file, ReceivedFile))])
    except InvalidUpload as fault:
        return fault
    for file in together.values():
        if file.path not in sniffed:
            sniffed[file.path] = _sent(file)
    sent = {field: sniffed[file.path] for field, file in together.items()}
    return Taken({name: value for name, value in params.items() if name not in urls}, together, sent)


def _sent(file: ReceivedFile) -> SentFile:
    return SentFile(sniff(file.path) if file.size else None, file.size)


def _urls(params: Mapping[str, Any], inputs: Sequence[Input]) -> dict[str, str]:
    """Return the params that name a file by URL: text beginning as one, for an input that takes a file."""
    found = {name: value for name, value in params.items() if isinstance(value, str) and _is_url(value)}
    if not found:
        return {}
    # a locked input is refused whatever comes, so nothing is brought for it
    takes_file = {name for one in inputs if one.kind.is_file and not one.locked for name in (one.name, one.key)}
    return {name: value for name, value in found.items() if name in takes_file}


def _is_url(text: str) -> bool:
    return is_data_url(text) or text[:8].lower().startswith(("https://", "http://"))


def _by_field(files: Sequence[ReceivedFile]) -> dict[str, ReceivedFile]:
    together: dict[str, ReceivedFile] = {}
    for file in files:
        if file.field in together:
            raise InvalidUpload(f"Two files came for {file.field[:200]!r}.", hint="Send one for each input.")
        together[file.field] = file
    return together


def _suffix(content_type: str) -> str:
    return next((suffix for suffix, known in CONTENT_TYPES.items() if known == content_type != UNKNOWN), "")
