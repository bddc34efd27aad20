"""What a finished job gives, for the async client."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from viewcomfy.client._download import Place
from viewcomfy.core.jobs import JobStatus

AsyncFetch = Callable[[str, BinaryIO], Awaitable[None]]
"""Write the bytes of the output with this name into a file."""


@dataclass(frozen=True, slots=True)
class AsyncOutputFile:
    """A file that a job made: `filename` is bare and unique in its job, `size` in bytes, `url` a signed link for anyone."""

    filename: str
    content_type: str
    size: int
    url: str
    node_id: str
    _fetch: AsyncFetch = field(repr=False, compare=False)

    async def read(self) -> bytes:
        """Return its bytes."""
        sink = io.BytesIO()
        await self._fetch(self.filename, sink)
        return sink.getvalue()

    async def save(self, where: str | os.PathLike[str]) -> Path:
        """Write it to a file and return that file's path, as `OutputFile.save` does."""
        return await self._put(await asyncio.to_thread(Place.of, where, self.filename))

    async def _put(self, place: Place) -> Path:
        with place.part() as (path, file):
            await self._fetch(self.filename, file)
            file.close()  # before it is moved: Windows moves no open file
            return await asyncio.to_thread(place.put, path)


@dataclass(frozen=True, slots=True)
class AsyncResult:
    """A job that succeeded: `prompt` is the graph that ran, `execution_time_seconds` what ComfyUI took for it."""

    prompt_id: str
    status: JobStatus
    execution_time_seconds: float
    prompt: dict[str, Any]
    outputs: list[AsyncOutputFile]

    async def save(self, folder: str | os.PathLike[str] = ".") -> list[Path]:
        """Write every output into a folder, made if need be, and return their paths; nothing in it is replaced."""
        return [await output._put(Place.within(folder, output.filename)) for output in self.outputs]
