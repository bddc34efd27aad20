"""Node classes that make, load, change and save pictures."""

from __future__ import annotations

import hashlib
import json
import random
import string
from collections.abc import Mapping
from typing import Any

from viewcomfy.testing.fake_comfy import pictures
from viewcomfy.testing.fake_comfy.folders import Folders
from viewcomfy.testing.fake_comfy.node import FilesOf, NodeClass, NodeRun, Result, Spec
from viewcomfy.testing.fake_comfy.nodes.saving import find_place
from viewcomfy.testing.fake_comfy.pictures import Pictures

MAX_SIDE = 16384
PNG_INFO = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}


def side(minimum: int = 1, default: int = 512, step: int = 1) -> Spec:
    """Return the declaration of a width or height."""
    return ("INT", {"default": default, "min": minimum, "max": MAX_SIDE, "step": step})


async def empty_image(_run: NodeRun, *, width: int, height: int, batch_size: int, color: int) -> Result:
    """Make pictures of one colour."""
    return Result((pictures.solid(width, height, color, batch_size),))


async def invert_image(_run: NodeRun, *, image: Pictures) -> Result:
    """Make the negative."""
    return Result((pictures.invert(image),))


async def scale_image(_run: NodeRun, *, image: Pictures, upscale_method: str, width: int, height: int, crop: str) -> Result:
    """Change the size."""
    return Result((pictures.scale(image, upscale_method, width, height, crop),))


async def load_image(run: NodeRun, *, image: str) -> Result:
    """Read an upload: the picture and its mask."""
    return Result(pictures.load(_read(run.folders, image), _path(run.folders, image)))


async def load_image_mask(run: NodeRun, *, image: str, channel: str) -> Result:
    """Read one channel of an upload as a mask."""
    return Result((pictures.load_mask(_read(run.folders, image), _path(run.folders, image), channel),))


async def mask_to_image(_run: NodeRun, *, mask: Pictures) -> Result:
    """Show a mask as a picture."""
    return Result((pictures.to_rgb(mask),))


async def save_image(run: NodeRun, *, images: Pictures, filename_prefix: str) -> Result:
    """Save PNGs that carry the workflow."""
    place = find_place(run.folders.output, "output", filename_prefix, images[0].size)
    texts = png_texts(run)
    return Result(ui={"images": [place.save(pictures.to_png(image, texts), "png", n) for n, image in enumerate(images)]})


async def preview_image(run: NodeRun, *, images: Pictures) -> Result:
    """Save PNGs into the temp folder."""
    name = "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))  # noqa: S311 - a file name, not a secret
    place = find_place(run.folders.temp, "temp", name)
    texts = png_texts(run)
    return Result(ui={"images": [place.save(pictures.to_png(image, texts, 1), "png", n) for n, image in enumerate(images)]})


def png_texts(run: NodeRun) -> dict[str, str]:
    """Return what ComfyUI writes into its pictures: the workflow, and whatever came as `extra_pnginfo`."""
    extra: Mapping[str, Any] = run.extra_data.get("extra_pnginfo") or {}
    return {"prompt": json.dumps(run.workflow)} | {key: json.dumps(value) for key, value in extra.items()}


def check_upload(folders: Folders, name: Any) -> str | None:
    """Say so if there is no such input file."""
    return None if folders.read_input(str(name)) is not None else f"Invalid image file: {name}"


def upload_fingerprint(folders: Folders, inputs: Mapping[str, Any]) -> str:
    """Return the hash of the input file."""
    return hashlib.sha256(_read(folders, inputs["image"])).hexdigest()


def _read(folders: Folders, name: str) -> bytes:
    data = folders.read_input(name)
    if data is None:
        raise FileNotFoundError(2, "No such file or directory", _path(folders, name))
    return data


def _path(folders: Folders, name: str) -> str:
    return f"{folders.input.path or 'input'}/{name}"


IMAGE_NODES = (
    NodeClass(
        "EmptyImage",
        empty_image,
        required={
            "width": side(),
            "height": side(),
            "batch_size": ("INT", {"default": 1, "min": 1, "max": 4096}),
            "color": ("INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"}),
        },
        returns=("IMAGE",),
        category="image",
    ),
    NodeClass(
        "ImageInvert",
        invert_image,
        required={"image": ("IMAGE",)},
        returns=("IMAGE",),
        display_name="Invert Image",
        category="image",
    ),
    NodeClass(
        "ImageScale",
        scale_image,
        required={
            "image": ("IMAGE",),
            "upscale_method": (list(pictures.RESAMPLING),),
            "width": side(0),
            "height": side(0),
            "crop": (["disabled", "center"],),
        },
        returns=("IMAGE",),
        display_name="Upscale Image",
        category="image/upscaling",
    ),
    NodeClass(
        "LoadImage",
        load_image,
        required={"image": (FilesOf("input"), {"image_upload": True})},
        returns=("IMAGE", "MASK"),
        display_name="Load Image",
        category="image",
        checked_input="image",
        check=check_upload,
        fingerprint=upload_fingerprint,
    ),
    NodeClass(
        "LoadImageMask",
        load_image_mask,
        required={
            "image": (FilesOf("input"), {"image_upload": True}),
            "channel": (["alpha", "red", "green", "blue"],),
        },
        returns=("MASK",),
        display_name="Load Image (as Mask)",
        category="mask",
        checked_input="image",
        check=check_upload,
        fingerprint=upload_fingerprint,
    ),
    NodeClass(
        "MaskToImage",
        mask_to_image,
        required={"mask": ("MASK",)},
        returns=("IMAGE",),
        display_name="Convert Mask to Image",
        category="mask",
    ),
    NodeClass(
        "SaveImage",
        save_image,
        required={"images": ("IMAGE", {}), "filename_prefix": ("STRING", {"default": "ComfyUI"})},
        hidden=PNG_INFO,
        is_output=True,
        display_name="Save Image",
        category="image",
    ),
    NodeClass(
        "PreviewImage",
        preview_image,
        required={"images": ("IMAGE",)},
        hidden=PNG_INFO,
        is_output=True,
        display_name="Preview Image",
        category="image",
    ),
)
