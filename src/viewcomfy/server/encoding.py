"""The JSON of a V1 result, made in chunks: no output is ever held whole in memory."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import AsyncIterator
from typing import Any

from viewcomfy.core.errors import InternalError
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.core.outputs import Output
from viewcomfy.files.base import Files

CLOSING = b"]}"
OUTPUT_CLOSING = b'"}'


class ResultBody:
    """The JSON object of a finished job, on one line of ASCII; `length` is its number of bytes, known beforehand."""

    def __init__(self, job: Job, files: Files) -> None:
        self._files = files
        succeeded = job.status is JobStatus.SUCCEEDED
        self._outputs = job.outputs if succeeded else ()
        head = {
            "prompt_id": job.prompt_id,
            "status": "success" if succeeded else "error",
            "completed": succeeded,
            "execution_time_seconds": float(job.execution_time or 0.0),
            "prompt": job.workflow,
        }
        self._opening = _open_object(head, "outputs") + b"["
        self._output_openings = [_open_output(output, first=number == 0) for number, output in enumerate(self._outputs)]
        frames = len(self._opening) + sum(map(len, self._output_openings)) + len(self._outputs) * len(OUTPUT_CLOSING) + len(CLOSING)
        self.length = frames + sum((output.size + 2) // 3 * 4 for output in self._outputs)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the JSON. Raises UnknownFile, and InternalError when a file is not as long as it was."""
        yield self._opening
        for opening, output in zip(self._output_openings, self._outputs, strict=True):
            yield opening
            async for chunk in base64_chunks(self._files.read(output.file_key), output.size):
                yield chunk
            yield OUTPUT_CLOSING
        yield CLOSING


def _open_object(head: dict[str, Any], last_key: str) -> bytes:
    return json.dumps(head, separators=(",", ":"))[:-1].encode("ascii") + f',"{last_key}":'.encode("ascii")


def _open_output(output: Output, *, first: bool) -> bytes:
    head = {"filename": output.filename, "content_type": output.content_type, "size": output.size}
    return (b"" if first else b",") + _open_object(head, "data") + b'"'


async def base64_chunks(source: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Yield standard base64 of the source's bytes. Raises InternalError when they are not `size` in number."""
    rest, total = b"", 0
    async for chunk in source:
        data = rest + chunk if rest else chunk
        total += len(chunk)
        if total > size:
            break
        cut = len(data) - len(data) % 3
        rest = data[cut:]
        if cut:
            yield b2a_base64(memoryview(data)[:cut], newline=False)
    if total != size:
        raise InternalError("An output is not as long as it was when the job ended.")
    if rest:
        yield b2a_base64(rest, newline=False)
