"""The JSON of a result, made in chunks."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import InternalError
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.core.outputs import Output
from viewcomfy.files.base import Files
from viewcomfy.server.encoding import ResultBody, base64_chunks
from viewcomfy.wire.infer import PromptResult

pytestmark = pytest.mark.anyio


class Held(Files):
    """Files held in memory, read in awkward pieces."""

    def __init__(self, held: dict[str, bytes], piece: int) -> None:
        self._held = held
        self._piece = piece

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> int:
        self._held[key] = b"".join([chunk async for chunk in chunks])
        return len(self._held[key])

    async def put_file(self, key: str, path: Path) -> int:
        raise NotImplementedError

    async def size(self, key: str) -> int:
        return len(self._held[key])

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        data = self._held[key][start:end]
        for at in range(0, len(data), self._piece):
            yield data[at : at + self._piece]

    async def copy(self, source_key: str, key: str) -> int:
        raise NotImplementedError

    def at_hand(self, key: str) -> AbstractAsyncContextManager[Path]:
        raise NotImplementedError

    async def sign(self, key: str, verb: str, seconds: float) -> str | None:
        return None

    async def remove(self, prefix: str) -> int:
        return 0

    async def usage(self, prefix: str = "") -> int:
        return 0


def job_with(files: list[bytes], status: JobStatus = JobStatus.SUCCEEDED) -> Job:
    outputs = tuple(Output(f"{i} ü\u2028.png", "image/png", len(data), f"key{i}") for i, data in enumerate(files))
    graph = {"6": {"class_type": "Text\u2029\x85", "inputs": {"text": "\ud800 \x0b"}}}
    return Job("id", "cats", 1, "vc_1", graph, 1.0, status=status, outputs=outputs, execution_time=1.5)


@given(st.lists(st.binary(max_size=100), max_size=4), st.integers(1, 40))
async def test_any_outputs_in_any_pieces_make_the_right_json(files: list[bytes], piece: int) -> None:
    body = ResultBody(job_with(files), Held({f"key{i}": data for i, data in enumerate(files)}, piece))
    text = b"".join([chunk async for chunk in body.chunks()])
    assert len(text) == body.length
    assert text.isascii()
    assert b"\n" not in text
    result = json.loads(text)
    assert list(result) == list(PromptResult.model_fields)
    assert (result["status"], result["completed"], result["execution_time_seconds"]) == ("success", True, 1.5)
    assert result["prompt"] == job_with([]).workflow
    assert [base64.b64decode(output["data"], validate=True) for output in result["outputs"]] == files
    assert all(set(output) == {"filename", "content_type", "data", "size"} for output in result["outputs"])


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELED])
async def test_a_job_that_failed_has_no_outputs(status: JobStatus) -> None:
    body = ResultBody(job_with([b"half"], status), Held({}, 1))
    result = json.loads(b"".join([chunk async for chunk in body.chunks()]))
    assert (result["status"], result["completed"], result["outputs"]) == ("error", False, [])


@pytest.mark.parametrize("size", [2, 4])
async def test_a_file_of_another_length_is_never_passed_off_as_whole(size: int) -> None:
    with pytest.raises(InternalError):
        _ = [chunk async for chunk in base64_chunks(Held({"k": b"abc"}, 2).read("k"), size)]
