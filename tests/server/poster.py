"""Deployments as people make them, with typed inputs, and ways to call them."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from PIL import Image

from tests.server.site_kit import Site, until

Json = dict[str, Any]

POSTER: Json = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5, "steps": 2, "cfg": 4.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
        "_meta": {"title": "KSampler"},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}, "_meta": {"title": "Load Checkpoint"}},
    "5": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse", "clip": ["4", 1]}, "_meta": {"title": "Prompt"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog", "clip": ["4", 1]}, "_meta": {"title": "Negative prompt"}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "poster"}},
}  # fmt: skip
PHOTO: Json = {
    "5": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "6": {
        "class_type": "ImageScale",
        "inputs": {"image": ["5", 0], "upscale_method": "bilinear", "width": 16, "height": 16, "crop": "disabled"},
    },
    "9": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "photo"}},
}


def with_inputs(workflow: Json, node_id: str, **inputs: Any) -> Json:
    """Return the workflow with some inputs of a node changed."""
    node = workflow[node_id]
    return {**workflow, node_id: {**node, "inputs": {**node["inputs"], **inputs}}}


def renumbered(workflow: Json, by: int = 100) -> Json:
    """Return the workflow as another export writes it: the same nodes, other ids."""

    def moved(value: Any) -> Any:
        return [str(int(value[0]) + by), value[1]] if isinstance(value, list) else value

    return {
        str(int(node_id) + by): {**node, "inputs": {name: moved(value) for name, value in node["inputs"].items()}}
        for node_id, node in workflow.items()
    }


BROKEN = with_inputs(POSTER, "6", clip=["44", 1])
"""A link that leads nowhere."""
UNKNOWN_CLASS = {**POSTER, "8": {**POSTER["8"], "class_type": "VAEDecodeTurbo"}}
MISSING_MODEL = with_inputs(POSTER, "4", ckpt_name="tiny_sd4.safetensors")


def png(size: tuple[int, int] = (8, 8), color: str = "red") -> bytes:
    """Return a picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


def data_url(data: bytes, content_type: str = "image/png") -> str:
    """Return a file as a data URL."""
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"


async def run(site: Site, name: str, inputs: Any = None, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
    """Run a deployment with JSON."""
    sent = body if inputs is None else {"inputs": inputs, **body}
    return await site.http.post(f"/d/{name}/run", json=sent, headers={**site.key, **(headers or {})})


async def run_through(site: Site, name: str, inputs: Any = None, **body: Any) -> Json:
    """Run a deployment, wait for the end, and return the job with the workflow that was run."""
    answer = await run(site, name, inputs, **body)
    assert answer.status_code == 202, answer.text
    job = await site.finished(answer.json()["prompt_id"])
    assert job["status"] == "succeeded", job
    return job


async def deploy(site: Site, name: str, workflow: Json | None = None, **options: Any) -> httpx2.Response:
    """Deploy, whatever comes of it."""
    body = options if workflow is None else {"workflow_api": workflow, **options}
    return await site.http.put(f"/api/deployments/{name}", json=body, headers=site.admin)


async def manage(site: Site, method: str, path: str, **request: Any) -> Json:
    """Call the management API; it must work."""
    answer = await site.http.request(method, f"/api/{path}", headers=site.admin, **request)
    assert answer.is_success, answer.text
    return dict(answer.json())


@asynccontextmanager
async def nothing_reaches_comfyui(site: Site) -> AsyncIterator[None]:
    """Check that no job is made, no file is left and no workflow is sent to ComfyUI."""

    async def seen() -> tuple[int, list[str]]:
        jobs = (await manage(site, "GET", "jobs"))["jobs"]
        return site.fake.requests["POST /prompt"], [job["prompt_id"] for job in jobs]

    async def unfinished() -> int:
        return sum([len((await manage(site, "GET", "jobs", params={"status": status}))["jobs"]) for status in ("queued", "running")])

    await until(unfinished, lambda count: count == 0)  # what was sent before may still come there
    before = await seen()
    yield
    assert await seen() == before
    assert site.left_behind() == []
