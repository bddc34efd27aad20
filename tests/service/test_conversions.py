"""Whatever a workflow comes as, it is brought into the API format with what the backends are known to have."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.server.editor_workflows import MODEL, node, picture, picture_api, untitled
from tests.service.kit import Desk
from viewcomfy.core.catalog_files import catalog_key, pack, parse
from viewcomfy.core.errors import BadInput, InvalidJson, InvalidWorkflow, NoBackend, TooLarge, UiWorkflow, ViewComfyError
from viewcomfy.core.models import Model
from viewcomfy.core.workflows import MAX_NODES
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.conversions import Conversions, fitting
from viewcomfy.testing.fake_comfy.fake import FakeComfy

pytestmark = pytest.mark.anyio


def object_info(*without: str) -> dict[str, Any]:
    catalog = FakeComfy().catalog
    return {name: catalog.describe(name) for name in catalog.classes if name not in without}


async def know(desk: Desk, *infos: Mapping[str, Any] | None) -> None:
    """Tell, as a worker does, of backends that say this of their node classes; None is one of which nothing is known."""
    told: list[dict[str, Any]] = []
    for number, info in enumerate(infos):
        revision = None
        if info is not None:
            raw = json.dumps(info).encode()
            revision = parse(raw).revision
            await desk.files.put(catalog_key(revision), chunks(pack(raw)))
        told.append({"name": f"comfyui-{number}", "catalog": revision})
    await desk.engine.present(WorkerInfo("test", "default", tuple(told)))


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


def png(**texts: Any) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for name, value in texts.items():
        info.add_text(name, json.dumps(value))
    Image.new("L", (1, 1)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.fixture
def conversions(desk: Desk) -> Conversions:
    return Conversions(CatalogService(engine=desk.engine, files=desk.files))


@pytest.mark.parametrize("is_text", [False, True])
async def test_what_is_in_the_api_format_passes_without_a_backend(conversions: Conversions, is_text: bool) -> None:
    given = json.dumps(picture_api()) if is_text else picture_api()
    read = await conversions.read(given)
    assert (read.converted.workflow_api, read.converted.models, read.origin) == (picture_api(), (), "api")


@pytest.mark.parametrize("is_text", [False, True])
async def test_the_editors_format_is_converted(desk: Desk, conversions: Conversions, is_text: bool) -> None:
    await know(desk, object_info())
    read = await conversions.read(json.dumps(picture()) if is_text else picture())
    assert (untitled(read.converted.workflow_api), read.origin) == (picture_api(), "editor")


@pytest.mark.parametrize(
    ("data", "origin"),
    [
        (png(prompt=picture_api(), workflow=picture("other")), "carried prompt"),
        (png(workflow=picture()), "carried workflow"),
        (json.dumps(picture()).encode(), "editor"),
        (b"\xef\xbb\xbf" + json.dumps(picture_api()).encode(), "api"),
        (json.dumps({"prompt": picture_api(), "client_id": "x"}).encode(), "api"),
    ],
)
async def test_a_file_may_be_of_any_kind(desk: Desk, conversions: Conversions, tmp_path: Path, data: bytes, origin: str) -> None:
    await know(desk, object_info())
    (tmp_path / "any").write_bytes(data)
    read = await conversions.read(tmp_path / "any")
    assert (untitled(read.converted.workflow_api), read.origin) == (picture_api(), origin)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (png(), InvalidWorkflow, "a PNG file that carries no workflow"),
        (b"GIF89a", InvalidWorkflow, "a GIF file"),
        (b"", BadInput, "is empty"),
        (b"{", InvalidJson, "not valid JSON"),
        (b"[1]", InvalidWorkflow, "no object"),
        (b"\xff" * 100, InvalidJson, "not valid JSON"),
        (b'{"1": {}}', InvalidWorkflow, "has no class_type"),
        (b" " * (32 * 2**20 + 1), TooLarge, "larger than"),
    ],
)
async def test_what_holds_no_workflow_is_told(
    conversions: Conversions, tmp_path: Path, data: bytes, error: type[ViewComfyError], words: str
) -> None:
    (tmp_path / "any").write_bytes(data)
    with pytest.raises(error, match=words):
        await conversions.api_of(tmp_path / "any", "The file")


async def test_a_file_that_is_none_of_all_is_told_what_to_send(conversions: Conversions, tmp_path: Path) -> None:
    (tmp_path / "any").write_bytes(b"hello")
    with pytest.raises(InvalidJson) as fault:
        await conversions.api_of(tmp_path / "any", "The file")
    assert "a picture or video" in (fault.value.hint or "")


async def test_an_environment_that_is_nowhere_is_named(desk: Desk, conversions: Conversions) -> None:
    await know(desk, object_info())
    with pytest.raises(UiWorkflow, match="has the environment env-0123456789ab"):
        await conversions.api_of(picture(), environment="env-0123456789ab")


async def test_while_no_backend_is_known_nothing_is_guessed(desk: Desk, conversions: Conversions) -> None:
    with pytest.raises(UiWorkflow, match="no ComfyUI whose nodes") as fault:
        await conversions.api_of(picture())
    assert "Export (API)" in str(fault.value)

    async def fail() -> None:
        raise NoBackend("ComfyUI ended while starting.")

    desk.inspect = fail
    with pytest.raises(UiWorkflow, match="ComfyUI ended while starting"):
        await conversions.api_of(picture())


async def test_a_backend_of_which_nothing_is_known_is_asked_first(desk: Desk, conversions: Conversions) -> None:
    async def learn() -> None:
        await know(desk, object_info())

    await know(desk, None)
    desk.inspect = learn
    assert untitled((await conversions.api_of(picture())).workflow_api) == picture_api()


async def test_without_patience_nobody_is_asked(desk: Desk, conversions: Conversions) -> None:
    async def learn() -> None:
        await know(desk, object_info())

    await know(desk, None)
    desk.inspect = learn
    with pytest.raises(UiWorkflow):
        await conversions.api_of(picture(), patience=None)


async def test_a_class_that_came_since_is_found_when_the_backends_are_asked(desk: Desk, conversions: Conversions) -> None:
    async def learn() -> None:
        await know(desk, object_info())

    await know(desk, object_info("EmptyImage"))
    with pytest.raises(InvalidWorkflow) as fault:
        await conversions.api_of(picture())
    assert [(one["node_id"], one["class_type"]) for one in fault.value.problems] == [("1", "EmptyImage")]
    desk.inspect = learn
    assert untitled((await conversions.api_of(picture())).workflow_api) == picture_api()


async def test_nodes_that_different_backends_have_are_converted_with_all_of_them(desk: Desk, conversions: Conversions) -> None:
    await know(desk, object_info("EmptyImage"), object_info("SaveImage"))
    assert untitled((await conversions.api_of(picture())).workflow_api) == picture_api()


def test_the_first_backend_with_all_classes_is_taken_whole() -> None:
    first, second, third = {"A": 1}, {"A": 2, "B": 2}, {"A": 3, "B": 3}
    inner = {"nodes": [{"type": "A"}], "definitions": {"subgraphs": [{"nodes": [{"type": "B"}, {"type": "Note"}]}]}}
    assert fitting({"nodes": [{"type": "A"}]}, (first, second, third)) is first
    assert fitting(inner, (first, second, third)) is second
    assert fitting(inner, (first, {"B": 4})) == {"A": 1, "B": 4}


async def test_the_same_workflow_is_converted_once(desk: Desk, conversions: Conversions) -> None:
    await know(desk, object_info())
    first = await conversions.api_of(picture())
    assert await conversions.api_of(json.dumps(picture(), indent=2)) is first
    assert await conversions.api_of(picture("other")) is not first
    await know(desk, object_info("LoadImage"))
    assert await conversions.api_of(picture()) is not first, "another ComfyUI may make something else of it"


async def test_others_are_answered_while_a_large_workflow_is_converted(desk: Desk, conversions: Conversions) -> None:
    await know(desk, object_info())
    large = picture()
    large["nodes"] += [node(number, "EmptyImage", [8, 8, 1, number]) for number in range(100, MAX_NODES - 10)]
    converting = asyncio.create_task(conversions.api_of(large))
    turns = 0
    while not converting.done():
        await asyncio.sleep(0)
        turns += 1
    assert len((await converting).workflow_api) > 9000
    assert turns > 50


async def test_the_models_that_nodes_name_are_told(desk: Desk, conversions: Conversions) -> None:
    await know(desk, object_info())
    loader = node(2, "CheckpointLoaderSimple", [MODEL["name"]], properties={"models": [MODEL]})
    workflow = picture()
    workflow["nodes"].append(loader)
    made = await conversions.api_of(workflow)
    assert made.models == (Model("checkpoints", MODEL["name"], MODEL["url"]),)


async def test_a_workflow_whose_nodes_are_all_muted_is_refused(desk: Desk, conversions: Conversions) -> None:
    await know(desk, object_info())
    workflow = picture()
    for one in workflow["nodes"]:
        one["mode"] = 2
    with pytest.raises(InvalidWorkflow):
        await conversions.api_of(workflow)
