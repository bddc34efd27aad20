"""Masks: an image whose alpha is set from the mask that was painted over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from viewcomfy.core.errors import InvalidUpload
from viewcomfy.core.outputs import safe_filename
from viewcomfy.core.validation import Checked
from viewcomfy.service.received import ReceivedFile
from viewcomfy.service.threads import to_the_end


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


class MaskedOnce:
    """Puts masks on images, each on each once, for many jobs that share them."""

    def __init__(self) -> None:
        self._made: dict[tuple[Path, Path], Path | InvalidUpload] = {}

    async def applied(self, checked: Checked, files: Mapping[str, ReceivedFile]) -> tuple[Checked, Mapping[str, ReceivedFile]]:
        """Return a call and its files with the masked images in the place of images and masks. Raises InvalidUpload."""
        if not any(one.mask_field for one in checked.files):
            return checked, files
        places, merged = [], dict(files)
        for one in checked.files:
            places.append(replace(one, mask_field=None))
            if one.mask_field is not None:
                merged[one.field] = await self._masked(files[one.field], files[one.mask_field])
        return replace(checked, files=tuple(places)), merged

    def discard(self) -> None:
        """Remove the masked images that are still there."""
        for made in self._made.values():
            if isinstance(made, Path):
                made.unlink(missing_ok=True)

    async def _masked(self, image: ReceivedFile, mask: ReceivedFile) -> ReceivedFile:
        pair = image.path, mask.path
        if pair not in self._made:
            target = image.path.with_name(f"{image.path.name}.masked-{len(self._made)}")
            self._made[pair] = target
            try:
                await to_the_end(partial(apply_mask, *pair, target))
            except InvalidUpload as fault:
                fault.problems = [{"input": image.field[:200], "message": fault.message, "hint": fault.hint}]
                self._made[pair] = fault
        made = self._made[pair]
        if isinstance(made, InvalidUpload):
            raise made
        name = Path(safe_filename(image.filename, "upload")).with_suffix(".png").name
        return ReceivedFile(image.field, name, "image/png", made.stat().st_size, made)


def _alpha_of(mask: Image.Image) -> Image.Image:
    if "A" in mask.getbands() and mask.getchannel("A").getextrema() != (255, 255):
        return mask.getchannel("A")
    return ImageOps.invert(mask.convert("L"))
