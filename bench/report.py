"""How long the report of many deployments takes on many backends: `python -m bench.report --object-info FILE`."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from bench.server import BenchServer
from bench.workflows import trivial
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.object_info import read_catalog
from viewcomfy.core.report import report
from viewcomfy.core.report_hints import Hints

DEPLOYMENTS, BACKENDS, MODELS = 100, 8, 3000
LOADER, MODEL_INPUT = "CheckpointLoaderSimple", "ckpt_name"


async def measure(comfyui: str) -> None:
    """Print the figures for the node classes of a real ComfyUI."""
    async with BenchServer(comfyui, "--idle-timeout", "0") as bench:
        await bench.deploy("trivial", trivial(0))
        await bench.infer("trivial", {"1-inputs-color": 1})
        [url] = await bench.backend_urls()
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
            show((await http.get("/object_info")).json())


def show(object_info: dict[str, Any]) -> None:
    started = time.perf_counter()
    catalog = read_catalog(object_info)
    print(f"reading {len(catalog.classes)} node classes: {(time.perf_counter() - started) * 1000:.0f} ms")
    alike = {f"gpu-{number}": stocked(catalog, 0) for number in range(BACKENDS)}
    unlike = {f"gpu-{number}": stocked(catalog, number) for number in range(BACKENDS)}
    for nodes in (36, 300):
        for what, catalogs, wanted in (
            ("one catalog", alike, 5),
            ("each its own catalog", unlike, 5),
            ("with models missing", unlike, MODELS + 10**6),
        ):
            workflows = [sampling(nodes // 9, wanted + number) for number in range(DEPLOYMENTS)]
            started = time.perf_counter()
            hints = Hints()
            found = [report(workflow, catalogs, hints=hints) for workflow in workflows]
            seconds = time.perf_counter() - started
            problems = sum(len(each.problems) for each in found)
            print(
                f"{DEPLOYMENTS} deployments of {len(workflows[0])} nodes, {BACKENDS} backends, {what}: {seconds:.2f} s, {problems} problems"
            )


def stocked(catalog: Catalog, number: int) -> Catalog:
    """Return the catalog of a backend with many model files, one of them its own."""
    loader = catalog.classes[LOADER]
    choices = tuple(f"folder {at % 20}/some_model_v{at}.safetensors" for at in range(MODELS + number))
    inputs = dict(loader.inputs) | {MODEL_INPUT: replace(loader.inputs[MODEL_INPUT], choices=choices)}
    return Catalog(dict(catalog.classes) | {LOADER: replace(loader, inputs=inputs)}, f"{catalog.revision}-{number}")


def sampling(pictures: int, model: int) -> dict[str, Any]:
    """Return a workflow that samples so many pictures, each with nine nodes of its own."""
    workflow: dict[str, Any] = {}
    for picture in range(pictures):
        size = {"width": 512, "height": 512, "batch_size": 1}
        names = dict.fromkeys(("model", "clip", "negative", "positive", "size", "sampler", "decode", "invert", "save"))
        ids = {name: str(picture * 9 + place) for place, name in enumerate(names)}
        model_name = f"folder {model % 20}/some_model_v{model}.safetensors"
        links = {
            "model": [ids["model"], 0],
            "positive": [ids["positive"], 0],
            "negative": [ids["negative"], 0],
            "latent_image": [ids["size"], 0],
        }
        numbers = {"seed": picture, "steps": 20, "cfg": 7.5, "denoise": 1.0, "sampler_name": "euler", "scheduler": "simple"}
        nodes: dict[str, tuple[str, dict[str, Any]]] = {
            "model": (LOADER, {MODEL_INPUT: model_name}),
            "clip": ("CLIPSetLastLayer", {"clip": [ids["model"], 1], "stop_at_clip_layer": -1}),
            "negative": ("CLIPTextEncode", {"clip": [ids["clip"], 0], "text": "blurry"}),
            "positive": ("CLIPTextEncode", {"clip": [ids["clip"], 0], "text": "a cat"}),
            "size": ("EmptyLatentImage", size),
            "sampler": ("KSampler", links | numbers),
            "decode": ("VAEDecode", {"samples": [ids["sampler"], 0], "vae": [ids["model"], 2]}),
            "invert": ("ImageInvert", {"image": [ids["decode"], 0]}),
            "save": ("SaveImage", {"images": [ids["invert"], 0], "filename_prefix": "x"}),
        }
        workflow |= {ids[name]: {"class_type": class_type, "inputs": inputs} for name, (class_type, inputs) in nodes.items()}
    return workflow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--object-info", type=Path, help="a stored answer of GET /object_info")
    source.add_argument("--comfyui", help="a folder made by `viewcomfy comfyui install`")
    options = parser.parse_args()
    if options.object_info:
        show(json.loads(options.object_info.read_text()))
    else:
        asyncio.run(measure(options.comfyui))


if __name__ == "__main__":
    main()
