"""Two ComfyUIs of which one lacks a model: jobs end up where they can run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.poster import MISSING_MODEL, POSTER
from tests.server.site_kit import open_site
from viewcomfy.testing.fake_comfy import run_fake_comfy

pytestmark = pytest.mark.anyio
MODELS = {"checkpoints": ["tiny_sd4.safetensors", "tiny_sd3.safetensors"]}


async def test_every_job_runs_where_its_model_is(tmp_path: Path) -> None:
    async with (
        run_fake_comfy() as without,
        run_fake_comfy(models=MODELS) as able,
        open_site(tmp_path, comfyui=f"{without.url},{able.url}") as site,
    ):
        await site.deploy("rare", MISSING_MODEL)
        await site.deploy("common", POSTER)
        asked = [(await site.run(name, {"seed": seed}))["prompt_id"] for seed in range(4) for name in ("rare", "common")]
        ended = [await site.finished(prompt_id) for prompt_id in asked]
        assert {job["status"] for job in ended} == {"succeeded"}, [job["error"] for job in ended]
        assert {job["attempt"] for job in ended if job["deployment"] == "common"} == {1}
        assert sum(job["attempt"] - 1 for job in ended) <= 2  # what was learned from one job spares the others the detour


async def test_what_none_has_any_more_fails_at_once_and_says_what(tmp_path: Path) -> None:
    shelf = {"checkpoints": ["tiny_sd3.safetensors"]}
    async with (
        run_fake_comfy(models=shelf) as one,
        run_fake_comfy(models=shelf) as two,
        open_site(tmp_path, comfyui=f"{one.url},{two.url}") as site,
    ):
        await site.deploy("rare", POSTER)
        shelf["checkpoints"] = ["other.safetensors"]
        job = await site.finished((await site.run("rare", {"seed": 1}))["prompt_id"])
        assert (job["status"], job["error"]["code"]) == ("failed", "missing_model")
