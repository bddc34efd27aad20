"""What nodes say that they saved, and what becomes an output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.kit import Shop, open_shop, working
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.testing.fake_comfy import NodeClass, NodeRun, Result

pytestmark = pytest.mark.anyio


def odd_node(say: Callable[[NodeRun], dict[str, Any]]) -> NodeClass:
    """Return a node class that saves `a.txt`, `sub/a.txt` and `b.txt`, and says whatever it likes about it."""

    async def run(node: NodeRun) -> Result:
        for name in ("a.txt", "sub/a.txt", "b.txt"):
            node.folders.output.write(name, name.encode())
        node.folders.temp.write("t.txt", b"temporary")
        node.folders.input.write("i.txt", b"input")
        return Result(ui=say(node))

    return NodeClass("Odd", run, is_output=True)


async def outputs_of(folder: Path, said: dict[str, Any]) -> tuple[Job, dict[str, bytes]]:
    async with open_shop(folder, nodes=[odd_node(lambda _: said)]) as shop, working(shop):
        job = await shop.ended(await shop.submit({"1": {"class_type": "Odd", "inputs": {}}}))
        return job, await shop.contents(job)


def entry(filename: str, subfolder: str = "", kind: str = "output") -> dict[str, str]:
    return {"filename": filename, "subfolder": subfolder, "type": kind}


@pytest.mark.parametrize("key", ["images", "gifs", "audio", "3d", "latents", "files", "whatever"])
async def test_files_count_under_any_key(tmp_path: Path, key: str) -> None:
    job, contents = await outputs_of(tmp_path, {key: [entry("a.txt")], "animated": [True], "numbers": [1, 2.5, None]})
    assert job.status is JobStatus.SUCCEEDED
    assert contents == {"a.txt": b"a.txt"}


async def test_an_entry_may_be_json_in_a_string(tmp_path: Path) -> None:
    said = {"text": [json.dumps({"type": "output", "filename": "b.txt"}), json.dumps(entry("a.txt", "sub"))]}
    _, contents = await outputs_of(tmp_path, said)
    assert contents == {"b.txt": b"b.txt", "a.txt": b"sub/a.txt"}


async def test_a_file_said_twice_is_one_output(tmp_path: Path) -> None:
    _, contents = await outputs_of(tmp_path, {"images": [entry("a.txt"), entry("a.txt")], "files": [entry("a.txt")]})
    assert contents == {"a.txt": b"a.txt"}


async def test_files_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    _, contents = await outputs_of(tmp_path, {"images": [entry("a.txt"), entry("a.txt", "sub")]})
    assert contents == {"a.txt": b"a.txt", "a (2).txt": b"sub/a.txt"}


async def test_temporary_files_are_no_outputs(tmp_path: Path) -> None:
    _, contents = await outputs_of(tmp_path, {"images": [entry("t.txt", kind="temp"), entry("b.txt")]})
    assert contents == {"b.txt": b"b.txt"}


async def test_inputs_that_are_shown_count(tmp_path: Path) -> None:
    _, contents = await outputs_of(tmp_path, {"images": [entry("i.txt", kind="input")]})
    assert contents == {"i.txt": b"input"}


@pytest.mark.parametrize(
    "bad",
    [
        entry("../a.txt"),
        entry("/etc/passwd"),
        entry("passwd", "/etc"),
        entry("a.txt", "../../.."),
        entry("..\\..\\a.txt"),
        entry("a\0.txt"),
        entry(""),
        {"filename": 5, "type": "output"},
        {"filename": "a.txt", "type": ["output"]},
        "not json {",
        '{"filename": "../../etc/passwd", "type": "output"}',
        None,
        17,
    ],
)
async def test_what_names_no_file_of_comfyuis_is_passed_over(tmp_path: Path, bad: Any) -> None:
    job, contents = await outputs_of(tmp_path, {"images": [bad, entry("b.txt")]})
    assert job.status is JobStatus.SUCCEEDED
    assert contents == {"b.txt": b"b.txt"}


async def test_a_file_that_is_not_there_fails_the_job_by_name(tmp_path: Path) -> None:
    job, contents = await outputs_of(tmp_path, {"images": [entry("b.txt"), entry("absent.txt")]})
    assert (job.status, contents) == (JobStatus.FAILED, {})
    assert job.error
    assert (job.error.code, job.error.details["node_id"]) == ("workflow_failed", "1")
    assert "'absent.txt'" in job.error.message


async def test_texts_become_a_file(tmp_path: Path) -> None:
    _, contents = await outputs_of(tmp_path, {"text": ["eins", "zwei\nü", 3]})
    assert contents == {"text_1.txt": "eins\nzwei\nü\n3".encode()}


async def test_text_beside_files_is_kept_too(tmp_path: Path) -> None:
    _, contents = await outputs_of(tmp_path, {"text": ["hello", json.dumps(entry("a.txt"))]})
    assert contents == {"a.txt": b"a.txt", "text_1.txt": b"hello"}


async def test_an_unchanged_graph_gives_its_text_again(shop: Shop) -> None:
    workflow = {
        "1": {"class_type": "PrimitiveString", "inputs": {"value": "hello"}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    async with working(shop):
        for _ in range(2):
            assert await shop.contents(await shop.succeeded(await shop.submit(workflow))) == {"text_2.txt": b"hello"}
