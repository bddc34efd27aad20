"""Workflows that tests deploy, in the API format."""

from __future__ import annotations

from typing import Any

Workflow = dict[str, Any]


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    """Return one node."""
    return {"class_type": class_type, "inputs": inputs, **({"_meta": {"title": title}} if title else {})}


def text_to_image(*, steps: int = 8, side: int = 256, batch: int = 1) -> Workflow:
    """Return the tiny model with its text encoder: "4-inputs-text" tints the picture, "7-inputs-seed" lays it out."""
    return {
        "1": node("UNETLoader", unet_name="tiny_mmdit.safetensors", weight_dtype="default"),
        "2": node("CLIPLoader", clip_name="tiny_clip_l.pt", type="sd3"),
        "3": node("VAELoader", vae_name="tiny_taesd.safetensors"),
        "4": node("CLIPTextEncode", clip=["2", 0], text="a red fox in the snow"),
        "5": node("CLIPTextEncode", clip=["2", 0], text="blurry"),
        "6": node("EmptySD3LatentImage", width=side, height=side, batch_size=batch),
        "7": sampler(model=["1", 0], positive=["4", 0], negative=["5", 0], latent_image=["6", 0], steps=steps),
        "8": node("VAEDecode", samples=["7", 0], vae=["3", 0]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="tiny"),
    }


def image_to_image() -> Workflow:
    """Return a workflow that samples on top of the photo sent as "3-inputs-image"."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="tiny_sd3.safetensors"),
        "2": node("CLIPTextEncode", clip=["1", 1], text="x"),
        "3": node("LoadImage", image="photo.png"),
        "4": node("ImageScale", image=["3", 0], upscale_method="bilinear", width=256, height=256, crop="center"),
        "5": node("VAEEncode", pixels=["4", 0], vae=["1", 2]),
        "7": sampler(model=["1", 0], positive=["2", 0], negative=["2", 0], latent_image=["5", 0], denoise=0.3),
        "8": node("VAEDecode", samples=["7", 0], vae=["1", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="photo"),
    }


def sampler(*, steps: int = 8, denoise: float = 1.0, **links: Any) -> dict[str, Any]:
    """Return a KSampler."""
    return node("KSampler", "Sampler", seed=1, steps=steps, cfg=4.0, sampler_name="euler", scheduler="simple", denoise=denoise, **links)


def colour(color: int = 0x336699, *, side: int = 32, batch: int = 1) -> Workflow:
    """Return a workflow that saves one plain picture: "1-inputs-color"."""
    return {
        "1": node("EmptyImage", width=side, height=side, batch_size=batch, color=color),
        "9": node("SaveImage", images=["1", 0], filename_prefix="plain"),
    }


def echo_photo() -> Workflow:
    """Return a workflow that saves the picture sent as "1-inputs-image" and its mask."""
    return {
        "1": node("LoadImage", image="photo.png"),
        "2": node("MaskToImage", mask=["1", 1]),
        "8": node("SaveImage", images=["1", 0], filename_prefix="picture"),
        "9": node("SaveImage", images=["2", 0], filename_prefix="mask"),
    }


def sleeping(seconds: float, steps: int = 10, seed: int = 1) -> Workflow:
    """Return a workflow that waits in steps, each with a printed line, and saves a grey picture: "1-inputs-seed" is the grey."""
    return {
        "1": node("TKWait", "The wait", seconds=seconds, steps=steps, seed=seed),
        "9": node("SaveImage", images=["1", 0], filename_prefix="waited"),
    }


def failing(mode: str, seconds: float = 600.0) -> Workflow:
    """Return a workflow whose node "2" fails in this way; "1-inputs-color" makes it new to ComfyUI's cache."""
    return {
        "1": node("EmptyImage", width=8, height=8, batch_size=1, color=1),
        "2": node("TKFail", "Bad", image=["1", 0], mode=mode, seconds=seconds),
        "9": node("SaveImage", images=["2", 0], filename_prefix="failed"),
    }


def big_file(megabytes: int) -> Workflow:
    """Return a workflow that saves a file of so many MiB."""
    return {"1": node("TKSaveBytes", megabytes=megabytes, seed=1, filename_prefix="big")}
