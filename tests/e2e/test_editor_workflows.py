"""What ComfyUI's editor saves, and what a real ComfyUI writes into its files, is deployed and called like any workflow."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.pictures import opened
from tests.e2e.product import Product
from tests.e2e.workflows import node as api_node
from tests.server.editor_workflows import node
from viewcomfy.core.editor.carried import carried

pytestmark = pytest.mark.e2e

SUBGRAPH = "0d9f5a9e-4a0b-4a2e-9c55-3f6f0f5b7a11"


def sampling() -> dict[str, Any]:
    """Return the editor's workflow of a sampled picture, whose sampling is a subgraph; a muted node and a note are beside it."""
    loads = [{"name": kind, "type": kind, "links": [number]} for number, kind in enumerate(("MODEL", "CLIP", "VAE"), 1)]
    takes = [{"name": kind.lower(), "type": kind, "link": number} for number, kind in enumerate(("MODEL", "CLIP", "VAE"), 1)]
    gives = [{"name": "IMAGE", "type": "IMAGE", "links": [4, 5]}]
    return {
        "id": "6b1f5ab0-3f4f-4a5c-9d0a-1f7d1f1c2b3e",
        "revision": 0,
        "last_node_id": 22,
        "last_link_id": 5,
        "nodes": [
            node(1, "CheckpointLoaderSimple", ["tiny_sd3.safetensors"], outputs=loads),
            node(20, SUBGRAPH, [], inputs=takes, outputs=gives, title="Paint"),
            node(9, "SaveImage", ["sampled"], inputs=[{"name": "images", "type": "IMAGE", "link": 4}]),
            node(21, "PreviewImage", [], inputs=[{"name": "images", "type": "IMAGE", "link": 5}], mode=2),
            node(22, "MarkdownNote", ["Paints a fox."]),
        ],
        "links": [[1, 1, 0, 20, 0, "MODEL"], [2, 1, 1, 20, 1, "CLIP"], [3, 1, 2, 20, 2, "VAE"],
                  [4, 20, 0, 9, 0, "IMAGE"], [5, 20, 0, 21, 0, "IMAGE"]],
        "groups": [],
        "definitions": {"subgraphs": [painting()]},
        "config": {},
        "extra": {},
        "version": 0.4,
    }  # fmt: skip


def painting() -> dict[str, Any]:
    def port(number: int, kind: str, links: list[int]) -> dict[str, Any]:
        return {"id": f"{number:08}-0000-4000-8000-000000000000", "name": kind.lower(), "type": kind, "linkIds": links, "pos": [0, 0]}

    def slot(name: str, kind: str, link: int) -> dict[str, Any]:
        return {"name": name, "type": kind, "link": link}

    def link(number: int, source: tuple[int, int], target: tuple[int, int], kind: str) -> dict[str, Any]:
        origin_id, origin_slot = source
        target_id, target_slot = target
        ends = {"origin_id": origin_id, "origin_slot": origin_slot, "target_id": target_id, "target_slot": target_slot}
        return {"id": number, **ends, "type": kind}

    sampler = [slot("model", "MODEL", 1), slot("positive", "CONDITIONING", 4), slot("negative", "CONDITIONING", 5)]
    return {
        "id": SUBGRAPH,
        "version": 1,
        "state": {"lastGroupId": 0, "lastNodeId": 5, "lastLinkId": 8, "lastRerouteId": 0},
        "revision": 0,
        "config": {},
        "name": "Paint",
        "inputNode": {"id": -10, "bounding": [0, 0, 120, 100]},
        "outputNode": {"id": -20, "bounding": [900, 0, 120, 60]},
        "inputs": [port(1, "MODEL", [1]), port(2, "CLIP", [2]), port(3, "VAE", [3])],
        "outputs": [port(4, "IMAGE", [8])],
        "widgets": [],
        "nodes": [
            node(2, "CLIPTextEncode", ["a red fox"], inputs=[slot("clip", "CLIP", 2)],
                 outputs=[{"name": "CONDITIONING", "type": "CONDITIONING", "links": [4, 5]}]),
            node(3, "EmptySD3LatentImage", [256, 256, 1], outputs=[{"name": "LATENT", "type": "LATENT", "links": [6]}]),
            node(4, "KSampler", [7, "randomize", 4, 4.0, "euler", "simple", 1.0], inputs=[*sampler, slot("latent_image", "LATENT", 6)],
                 outputs=[{"name": "LATENT", "type": "LATENT", "links": [7]}]),
            node(5, "VAEDecode", [], inputs=[slot("samples", "LATENT", 7), slot("vae", "VAE", 3)],
                 outputs=[{"name": "IMAGE", "type": "IMAGE", "links": [8]}]),
        ],
        "groups": [],
        "links": [
            link(1, (-10, 0), (4, 0), "MODEL"), link(2, (-10, 1), (2, 0), "CLIP"), link(3, (-10, 2), (5, 1), "VAE"),
            link(4, (2, 0), (4, 1), "CONDITIONING"), link(5, (2, 0), (4, 2), "CONDITIONING"), link(6, (3, 0), (4, 3), "LATENT"),
            link(7, (4, 0), (5, 0), "LATENT"), link(8, (5, 0), (-20, 0), "IMAGE"),
        ],
        "extra": {},
    }  # fmt: skip


def deployed(product: Product, folder: Path, name: str, file: str) -> dict[str, Any]:
    told = product.command("deploy", name, file, "--json", cwd=folder)
    assert told.returncode == 0, told.stderr
    return dict(json.loads(told.stdout))


def test_a_picture_of_the_editors_workflow_is_deployed_in_turn_and_makes_the_same(product: Product, tmp_path: Path) -> None:
    (tmp_path / "workflow.json").write_text(json.dumps(sampling()))
    deployed(product, tmp_path, "of-the-editor", "workflow.json")
    graph = product.admin.get("/api/deployments/of-the-editor").json()["workflow_api"]
    assert set(graph) == {"1", "9", "20:2", "20:3", "20:4", "20:5"}
    assert graph["9"]["inputs"]["images"] == ["20:5", 0]

    [first] = product.files(product.made("of-the-editor", {"seed": 11, "steps": 5}))
    (tmp_path / "made.png").write_bytes(first)
    deployed(product, tmp_path, "of-its-picture", "made.png")
    again = product.admin.get("/api/deployments/of-its-picture").json()["workflow_api"]
    assert (again["20:4"]["inputs"]["seed"], again["20:4"]["inputs"]["steps"]) == (11, 5), "it is as it ran"
    assert again["9"]["inputs"]["filename_prefix"] == "sampled", "without the folder of the job"
    [second] = product.files(product.made("of-its-picture", {"seed": 11}))
    assert opened(second).tobytes() == opened(first).tobytes()
    [other] = product.files(product.made("of-the-editor", {"seed": 12, "steps": 5}, workflow_api=sampling()))
    assert opened(other).tobytes() != opened(first).tobytes()


def test_every_save_node_writes_what_is_found_again(product: Product) -> None:
    workflow = {
        "1": api_node("EmptyImage", width=64, height=64, batch_size=3, color=255),
        "2": api_node("EmptyAudio", duration=0.5, sample_rate=48000, channels=1),
        "3": api_node("CreateVideo", images=["1", 0], fps=8.0, audio=["2", 0]),
        "10": api_node("SaveImage", images=["1", 0], filename_prefix="png"),
        "11": api_node("SaveAnimatedPNG", images=["1", 0], filename_prefix="apng", fps=6.0, compress_level=4),
        "12": api_node("SaveAnimatedWEBP", images=["1", 0], filename_prefix="webp", fps=6.0, lossless=True, quality=80, method="default"),
        "13": api_node("SaveVideo", video=["3", 0], filename_prefix="mp4", format="auto", codec="auto"),
        "14": api_node("SaveWEBM", images=["1", 0], filename_prefix="webm", codec="vp9", fps=8.0, crf=32.0),
        "15": api_node("SaveAudio", audio=["2", 0], filename_prefix="flac"),
        "16": api_node("SaveAudioMP3", audio=["2", 0], filename_prefix="mp3", quality="128k"),
        "17": api_node("SaveAudioOpus", audio=["2", 0], filename_prefix="opus", quality="128k"),
    }
    files = product.files(product.made(product.deploy(workflow), {"color": 255}))
    found = [carried(io.BytesIO(file)) for file in files]
    assert {one.kind for one in found} == {"PNG", "WebP", "MP4", "WebM", "FLAC", "MP3", "Ogg"}
    assert len(found) == 10  # three of them plain pictures
    assert [one.prompt for one in found] == [workflow] * 10
