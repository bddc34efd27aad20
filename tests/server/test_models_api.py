"""`/api/models`: what is asked of workers, and what nobody but the admin may ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.site_kit import PICTURE, Site, open_site

pytestmark = pytest.mark.anyio

MODEL = {"folder": "loras", "file": "m.safetensors", "url": "https://models.example.com/m.safetensors"}
PATH = "/api/models/fetch"


async def test_a_worker_says_why_it_cannot_fetch(site: Site) -> None:
    answer = await site.http.post(PATH, json={"models": [MODEL]}, headers=site.admin)
    assert answer.status_code == 200, answer.text
    [worker] = answer.json()["workers"]
    assert answer.json()["done"] is True
    [model] = worker["models"]
    assert (model["folder"], model["file"], model["state"], model["size"]) == ("loras", "m.safetensors", "failed", None)
    assert "--comfyui DIR" in model["error"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"models": []}, 422, "bad_input"),
        ({"models": [MODEL | {"file": "../x"}]}, 422, "bad_input"),
        ({"models": [MODEL | {"url": "file:///etc/passwd"}]}, 422, "bad_input"),
        ({"models": [MODEL | {"sha256": "00"}]}, 422, "bad_input"),
        ({"models": [MODEL, MODEL | {"url": "https://other.example.com/m"}]}, 422, "bad_input"),
        ({"models": [MODEL], "more": 1}, 422, "bad_input"),
        ({"models": [MODEL], "pool": "a b"}, 422, "bad_input"),
        ({"models": [MODEL], "pool": "nobody-here"}, 503, "no_backend"),
    ],
)
async def test_what_cannot_be_asked_is_refused(site: Site, body: object, status: int, code: str) -> None:
    answer = await site.http.post(PATH, json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_fetching_is_for_the_admin(site: Site) -> None:
    assert (await site.http.post(PATH, json={"models": [MODEL]})).status_code == 401
    assert (await site.http.post(PATH, json={"models": [MODEL]}, headers=site.key)).status_code == 403


async def test_models_that_any_version_names_are_kept(tmp_path: Path) -> None:
    loads = {**PICTURE, "3": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}}}
    async with open_site(tmp_path) as site:
        await site.deploy("picture", PICTURE, models=[MODEL])
        await site.deploy("picture", PICTURE, models=[])
        await site.deploy("loading", loads, force=True)
        named = await site.services.model_fetching.named()
        assert {("loras", "m.safetensors"), ("", "tiny_sd3.safetensors")} <= named
        await site.http.delete("/api/deployments/picture", headers=site.admin)
        assert ("loras", "m.safetensors") not in await site.services.model_fetching.named()
