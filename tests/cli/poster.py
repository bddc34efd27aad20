"""A deployment with an input of every kind that callers meet."""

from __future__ import annotations

from typing import Any

POSTER: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "example.png"}, "_meta": {"title": "Photo"}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
    "5": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
    "6": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 2]}},
    "7": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["1", 0], "positive": ["4", 0], "negative": ["5", 0], "latent_image": ["6", 0],
            "seed": 1, "steps": 2, "cfg": 4.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
        },
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["7", 0], "vae": ["1", 2]}},
    "9": {
        "class_type": "SaveAnimatedWEBP",
        "inputs": {"images": ["8", 0], "filename_prefix": "poster", "fps": 6.0, "lossless": True, "quality": 80, "method": "default"},
    },
}  # fmt: skip


def without_negative(workflow: dict[str, Any]) -> dict[str, Any]:
    """Return the workflow without its negative prompt."""
    sampler = {**workflow["7"], "inputs": {**workflow["7"]["inputs"], "negative": ["4", 0]}}
    return {node_id: node for node_id, node in workflow.items() if node_id != "5"} | {"7": sampler}


def with_value(workflow: dict[str, Any], node_id: str, name: str, value: Any) -> dict[str, Any]:
    """Return the workflow with another value of an input."""
    node = workflow[node_id]
    return {**workflow, node_id: {**node, "inputs": {**node["inputs"], name: value}}}
