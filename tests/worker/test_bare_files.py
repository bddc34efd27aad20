"""What a guest's job saved is kept without the workflow, wherever the ComfyUI is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.editor.carriers import MAKERS
from tests.worker.kit import open_shop, working
from viewcomfy.core.editor.carried import carried
from viewcomfy.core.errors import DiskFull
from viewcomfy.core.keys import VISITOR_MARK
from viewcomfy.testing.fake_comfy import NodeClass, NodeRun, Result
from viewcomfy.worker.bare_files import _write, bare_chunks

pytestmark = pytest.mark.anyio

CARRIED = {"prompt": json.dumps({"3": {"class_type": "KSampler", "inputs": {}}}), "workflow": '{"nodes": []}'}
KINDS = ("png", "webp", "mp4", "webm", "flac", "mp3", "opus")
GUEST = f"key{VISITOR_MARK}somebody"


async def save(node: NodeRun) -> Result:
    for kind in KINDS:
        node.folders.output.write(f"a.{kind}", MAKERS[kind](CARRIED))
    return Result(ui={"files": [{"filename": f"a.{kind}", "subfolder": "", "type": "output"} for kind in KINDS]})


@pytest.mark.parametrize("key", ["key", GUEST])
async def test_a_guest_gets_no_workflow_and_a_key_gets_it(tmp_path: Path, key: str) -> None:
    async with open_shop(tmp_path, nodes=[NodeClass("Odd", save, is_output=True)]) as shop, working(shop):
        job = await shop.succeeded(await shop.submit({"1": {"class_type": "Odd", "inputs": {}}}, key=key))
        contents = await shop.contents(job)
    assert list(contents) == [f"a.{kind}" for kind in KINDS]
    for data in contents.values():
        found = carried(data)
        assert (found.prompt is None, found.workflow is None) == ((True, True) if key == GUEST else (False, False))


def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(DiskFull, match="temporary"):
        _write(full, b"x")


@pytest.mark.parametrize("kind", MAKERS)
async def test_a_file_of_this_machine_is_not_changed_itself(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "a"
    file.write_bytes(data := MAKERS[kind](CARRIED))
    found = carried(b"".join([chunk async for chunk in bare_chunks(file)]))
    assert (found.prompt, found.workflow) == (None, None)
    assert file.read_bytes() == data
