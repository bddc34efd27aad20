"""Masks: an image whose alpha is set from the mask that was painted over it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from viewcomfy.core.errors import InvalidUpload


def apply_mask(image_path: Path, mask_path: Path, target: Path) -> None:
    """Write the image as PNG with the mask in its alpha: what is masked becomes transparent, so LoadImage's MASK carries it.

    Where the mask is transparent anywhere, its alpha counts; otherwise white is masked. It is scaled to the image.
    Raises InvalidUpload when one of the two is not an image.
    """
    try:
        with Image.open(image_path) as image, Image.open(mask_path) as mask:
            merged = ImageOps.exif_transpose(image).convert("RGB")  # as LoadImage would turn it, and as whoever painted saw it
            alpha = _alpha_of(mask)
            if alpha.size != merged.size:
                alpha = alpha.resize(merged.size)
            merged.putalpha(alpha)
            merged.save(target, format="PNG", compress_level=1)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as fault:
        raise InvalidUpload("The mask or its image can't be read as a picture.", hint="Send both as PNG, JPEG or WebP.") from fault


def _alpha_of(mask: Image.Image) -> Image.Image:
    if "A" in mask.getbands() and mask.getchannel("A").getextrema() != (255, 255):
        return mask.getchannel("A")
    return ImageOps.invert(mask.convert("L"))
