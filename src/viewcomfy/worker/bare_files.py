"""Bare files: what a job saved, as those may have it who must not see the workflow."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from viewcomfy.comfy.api import file_chunks
from viewcomfy.core.editor.bare import overwrites
from viewcomfy.core.errors import DiskFull
from viewcomfy.core.overwriting import Overwriter
from viewcomfy.core.png_text import SIGNATURE, TextRemover


async def bare_chunks(path: Path) -> AsyncIterator[bytes]:
    """Yield a file's bytes without the workflow that it carries."""
    taker = await asyncio.to_thread(_taker_for, path)
    async for chunk in file_chunks(path):
        yield taker.feed(chunk)
    if isinstance(taker, TextRemover):
        yield taker.rest()


@asynccontextmanager
async def spooled(chunks: AsyncIterable[bytes]) -> AsyncIterator[Path]:
    """Keep what comes in a temporary file meanwhile: most kinds tell only at their end where they carry something. Raises DiskFull."""
    with tempfile.NamedTemporaryFile(prefix="viewcomfy-", buffering=0) as file:
        async for chunk in chunks:
            await asyncio.to_thread(_write, file, chunk)
        yield Path(file.name)


def _write(file: IO[bytes], data: bytes) -> None:
    try:
        while data:
            data = data[file.write(data) :]
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            raise
        hint = f"{tempfile.gettempdir()} needs more room; TMPDIR names another folder."
        raise DiskFull("The worker has no room for a temporary file.", hint=hint) from fault


def _taker_for(path: Path) -> TextRemover | Overwriter:
    with path.open("rb") as file:
        return TextRemover() if file.read(len(SIGNATURE)) == SIGNATURE else Overwriter(overwrites(file))
