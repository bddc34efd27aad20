"""Whatever holds a workflow is converted, deployed and called through HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.core.editor.carriers import MAKERS, png
from tests.server.editor_workflows import MODEL, node, picture, picture_api, untitled
from tests.server.site_kit import PICTURE, Site, open_site

pytestmark = pytest.mark.anyio

CARRIED = {"prompt": json.dumps(picture_api()), "workflow": json.dumps(picture("other"))}


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server that takes only small files."""
    async with open_site(tmp_path_factory.mktemp("data"), max_upload=300_000) as opened:
        yield opened


async def convert(site: Site, data: bytes, **headers: str) -> dict[str, Any]:
    answer = await site.http.post("/api/convert", content=data, headers={**site.admin, **headers})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_workflow_of_the_editors_is_converted(site: Site) -> None:
    workflow = picture()
    workflow["nodes"].append(node(2, "CheckpointLoaderSimple", [MODEL["name"]], properties={"models": [MODEL]}))
    made = await convert(site, json.dumps(workflow).encode())
    assert (made["from"], list(made["workflow_api"])) == ("editor", ["1", "9", "2"])
    assert made["models"] == [{"folder": "checkpoints", "file": MODEL["name"], "url": MODEL["url"], "sha256": ""}]


@pytest.mark.parametrize("kind", MAKERS)
async def test_every_kind_of_file_is_read_as_it_is(site: Site, kind: str) -> None:
    made = await convert(site, MAKERS[kind](CARRIED), **{"content-type": "application/octet-stream"})
    assert (made["workflow_api"], made["from"], made["models"]) == (picture_api(), "carried prompt", [])
    made = await convert(site, MAKERS[kind]({"workflow": json.dumps(picture())}))
    assert (untitled(made["workflow_api"]), made["from"]) == (picture_api(), "carried workflow")


async def test_what_is_in_the_api_format_passes(site: Site) -> None:
    assert await convert(site, json.dumps(PICTURE).encode()) == {"workflow_api": PICTURE, "from": "api", "models": []}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "bad_input"),
        (b"{", 422, "invalid_json"),
        (png({}), 422, "invalid_workflow"),
        (png({"prompt": "{"}), 422, "invalid_json"),
        (b'{"nodes": []}', 422, "invalid_workflow"),
        (json.dumps(picture()).replace("EmptyImage", "EmptyImmage").encode(), 422, "invalid_workflow"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 400_000, 413, "too_large"),
    ],
)
async def test_what_can_not_be_converted_is_told(site: Site, data: bytes, status: int, code: str) -> None:
    answer = await site.http.post("/api/convert", content=data, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert site.left_behind() == []


async def test_the_node_that_can_not_be_converted_is_named(site: Site) -> None:
    data = json.dumps(picture(title="Black")).replace("EmptyImage", "EmptyImmage")
    answer = (await site.http.post("/api/convert", content=data, headers=site.admin)).json()
    assert "Black" in answer["detail"]
    assert [(one["node_id"], one["class_type"]) for one in answer["problems"]] == [("1", "EmptyImmage")]


async def test_converting_wants_the_admin(site: Site) -> None:
    assert await site.status_of("/api/convert", "POST") == 403


async def test_a_deploy_takes_what_the_editor_saves(site: Site) -> None:
    await site.deploy("edited", picture())
    made = (await site.http.get("/api/deployments/edited", headers=site.admin)).json()
    assert untitled(made["workflow_api"]) == picture_api()
    assert [one["name"] for one in made["inputs"]] == ["width", "height", "batch_size", "color", "filename_prefix"]
    answer = await site.infer("edited", {"width": 16})
    assert (answer.status_code, answer.json()["status"]) == (201, "success")
    checked = await site.http.post("/api/check", json={"workflow_api": picture(), "name": "edited"}, headers=site.admin)
    assert (checked.json()["report"]["ok"], checked.json()["changes"]) == (True, [])


@pytest.mark.parametrize("data", [json.dumps(picture("mine")).encode(), png({"workflow": json.dumps(picture("mine"))}), png(CARRIED)])
async def test_a_call_may_bring_a_workflow_as_a_file(site: Site, data: bytes) -> None:
    await site.deploy("overridden", PICTURE)
    answer = await site.infer("overridden", {"1-inputs-width": 16}, files={"workflow_api": ("any", data)})
    assert answer.status_code == 201, answer.text
    prompt = answer.json()["prompt"]
    prefix = prompt["9"]["inputs"]["filename_prefix"]
    assert (prompt["1"]["inputs"]["width"], prefix in ("mine", "pic")) == (16, True)
    assert site.left_behind() == []


async def test_a_call_may_bring_it_as_text_or_json(site: Site) -> None:
    await site.deploy("overridden", PICTURE)
    answer = await site.infer("overridden", {"1-inputs-width": 16}, data={"workflow_api": json.dumps(picture("mine"))})
    assert answer.json()["prompt"]["9"]["inputs"]["filename_prefix"] == "mine"
    body = {"inputs": {"width": 24}, "workflow_api": picture("mine")}
    answer = await site.http.post("/d/overridden/run", json=body, headers=site.key)
    assert (await site.finished(answer.json()["prompt_id"]))["status"] == "succeeded"


@pytest.mark.parametrize("data", [b"", b" \n", b"null"])
async def test_an_empty_file_replaces_nothing_as_an_empty_text_does(site: Site, data: bytes) -> None:
    await site.deploy("overridden", PICTURE)
    answer = await site.infer("overridden", {"1-inputs-width": 16}, files={"workflow_api": ("any", data)})
    assert answer.status_code == 201, answer.text
    assert answer.json()["prompt"]["1"]["inputs"]["width"] == 16


async def test_one_call_brings_one_workflow(site: Site) -> None:
    await site.deploy("overridden", PICTURE)
    text, file = {"workflow_api": json.dumps(PICTURE)}, {"workflow_api": ("w.json", json.dumps(PICTURE).encode())}
    answer = await site.infer("overridden", {"1-inputs-width": 16}, data=text, files=file)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
