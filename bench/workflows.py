"""The workflows that are measured; each call gets another value, so that ComfyUI's cache does not answer."""

from __future__ import annotations

from typing import Any

Workflow = dict[str, Any]


def trivial(color: int) -> Workflow:
    """Four nodes that take ComfyUI a few milliseconds."""
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": color}},
        "2": {
            "class_type": "ImageScale",
            "inputs": {"image": ["1", 0], "upscale_method": "bilinear", "width": 32, "height": 32, "crop": "disabled"},
        },
        "3": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "bench"}},
    }  # fmt: skip


def text_to_image(seed: int) -> Workflow:
    """Text to image through KSampler with the tiny checkpoint."""
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a red fox in the snow"}},
        "5": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "blurry"}},
        "6": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 256, "height": 256, "batch_size": 1}},
        "7": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0], "positive": ["4", 0], "negative": ["5", 0], "latent_image": ["6", 0], "seed": seed,
                "steps": 8, "cfg": 4.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
            },
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["7", 0], "vae": ["1", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "bench"}},
    }  # fmt: skip


def sleeping(seed: int, seconds: float) -> Workflow:
    """A job that only waits (needs the test nodes)."""
    return {
        "1": {"class_type": "TKWait", "inputs": {"seconds": seconds, "steps": 5, "seed": seed}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "bench"}},
    }


CHANGING = {"trivial": "1-inputs-color", "text-to-image": "7-inputs-seed", "sleeping": "1-inputs-seed"}
"""The param key that makes each call new."""
