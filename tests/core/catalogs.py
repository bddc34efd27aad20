"""Small catalogs for tests of what is judged against them."""

from __future__ import annotations

from typing import Any

from viewcomfy.core.catalog import Catalog, InputSpec, NodeClass

MODELS = ("sd_xl_base.safetensors", "folder/other.ckpt")


def spec(name: str, kind: str, required: bool = True, **options: Any) -> InputSpec:
    return InputSpec(name, kind, required, **options)


def node_class(class_type: str, *inputs: InputSpec, outputs: tuple[str, ...] = (), is_output: bool = False) -> NodeClass:
    return NodeClass(class_type, class_type, {each.name: each for each in inputs}, outputs, is_output)


def catalog(*extra: NodeClass, models: tuple[str, ...] = MODELS, without: tuple[str, ...] = (), revision: str = "") -> Catalog:
    """Return the classes of `text_to_image` and what the extra ones add."""
    sampler = node_class(
        "KSampler",
        spec("model", "MODEL"),
        spec("latent", "LATENT"),
        spec("seed", "INT", minimum=0, maximum=2**64 - 1),
        spec("steps", "INT", minimum=1, maximum=10_000),
        spec("cfg", "FLOAT", minimum=0.0, maximum=100.0),
        spec("sampler", "COMBO", choices=("euler", "euler_ancestral", "heun")),
        spec("mask", "MASK", required=False),
        outputs=("LATENT",),
    )
    classes = [
        node_class("CheckpointLoaderSimple", spec("ckpt_name", "COMBO", choices=models), outputs=("MODEL", "CLIP", "VAE")),
        node_class("EmptyLatentImage", spec("width", "INT", minimum=16, maximum=16_384), outputs=("LATENT",)),
        sampler,
        node_class("VAEDecode", spec("samples", "LATENT"), spec("vae", "VAE"), outputs=("IMAGE",)),
        node_class("SaveImage", spec("images", "IMAGE"), spec("filename_prefix", "STRING"), is_output=True),
        node_class("LoadImage", spec("image", "COMBO", choices=("example.png",), upload="image"), outputs=("IMAGE", "MASK")),
        node_class("ImageInvert", spec("image", "IMAGE"), outputs=("IMAGE",)),
        node_class("PreviewAny", spec("source", "*"), is_output=True),
        *extra,
    ]
    return Catalog({each.class_type: each for each in classes if each.class_type not in without}, revision)


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, **({"_meta": {"title": title}} if title else {})}


def text_to_image(**sampler: Any) -> dict[str, Any]:
    """Return a workflow that every `catalog()` can run; `sampler` changes inputs of node 3, `...` takes one out."""
    inputs: dict[str, Any] = {"model": ["1", 0], "latent": ["2", 0], "seed": 1, "steps": 20, "cfg": 7.0, "sampler": "euler"} | sampler
    return {
        "1": node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=MODELS[0]),
        "2": node("EmptyLatentImage", width=512),
        "3": node("KSampler", **{name: value for name, value in inputs.items() if value is not ...}),
        "4": node("VAEDecode", samples=["3", 0], vae=["1", 2]),
        "5": node("SaveImage", images=["4", 0], filename_prefix="x"),
    }
