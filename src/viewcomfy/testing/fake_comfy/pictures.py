"""Everything that touches pixels, with Pillow."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Mapping, Sequence

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

Pictures = tuple[Image.Image, ...]
"""A batch, which is what a wire of the type IMAGE, MASK or LATENT carries."""

RESAMPLING = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
LATENT_FACTOR = 8


def solid(width: int, height: int, color: int, count: int = 1) -> Pictures:
    """Return a batch of one colour, given as 0xRRGGBB."""
    return (Image.new("RGB", (width, height), (color >> 16 & 255, color >> 8 & 255, color & 255)),) * count


def invert(pictures: Pictures) -> Pictures:
    """Return the negatives."""
    return tuple(ImageOps.invert(picture) for picture in pictures)


def scale(pictures: Pictures, method: str, width: int, height: int, crop: str = "disabled") -> Pictures:
    """Return the pictures at another size; 0 for one side keeps the proportions, `crop="center"` cuts off what is too much."""
    old_width, old_height = pictures[0].size
    width = width or max(1, round(old_width * height / old_height))
    height = height or max(1, round(old_height * width / old_width))
    resampling = RESAMPLING[method]
    if crop == "center":
        return tuple(ImageOps.fit(picture, (width, height), resampling) for picture in pictures)
    return tuple(picture.resize((width, height), resampling) for picture in pictures)


def encode(pictures: Pictures) -> Pictures:
    """Return the pictures as latents, an eighth of the size."""
    width, height = pictures[0].size
    return scale(pictures, "area", max(1, width // LATENT_FACTOR), max(1, height // LATENT_FACTOR))


def decode(latents: Pictures) -> Pictures:
    """Return the latents as pictures."""
    width, height = latents[0].size
    return scale(latents, "bicubic", width * LATENT_FACTOR, height * LATENT_FACTOR)


def sample(latent: Image.Image, seed: str, tint: str, denoise: float) -> Image.Image:
    """Return blobs decided by the seed, coloured by the tint's text, laid over the latent with the weight `denoise`."""
    chance = random.Random(seed)  # noqa: S311 - a picture, not a secret
    blobs = Image.new("RGB", (4, 4))
    blobs.putdata([(chance.randrange(256), chance.randrange(256), chance.randrange(256)) for _ in range(16)])
    red, green, blue = hashlib.sha256(tint.encode()).digest()[:3]
    tinted = Image.blend(blobs, Image.new("RGB", (4, 4), (red, green, blue)), 0.5)
    return Image.blend(latent, tinted.resize(latent.size, Image.Resampling.BICUBIC), denoise)


def to_png(picture: Image.Image, texts: Mapping[str, str], level: int = 4) -> bytes:
    """Return a PNG that carries the texts."""
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return _save(picture, "PNG", pnginfo=info, compress_level=level)


def to_jpeg(picture: Image.Image, size: int) -> bytes:
    """Return a JPEG that just fits a square of this size."""
    return _save(ImageOps.contain(picture, (size, size), Image.Resampling.BILINEAR), "JPEG", quality=95)


def to_webp(pictures: Sequence[Image.Image], fps: float, lossless: bool, quality: int) -> bytes:
    """Return an animation."""
    first, *rest = pictures
    frame_ms = int(1000 / fps)
    return _save(first, "WEBP", save_all=True, append_images=rest, duration=frame_ms, lossless=lossless, quality=quality)


def load(data: bytes, name: str) -> tuple[Pictures, Pictures]:
    """Return the frames of an image file, and their masks: what is transparent is white, 64x64 black without transparency."""
    frames = [ImageOps.exif_transpose(frame) for frame in ImageSequence.Iterator(_open(data, name))]
    frames = [frame for frame in frames if frame.size == frames[0].size]
    return tuple(frame.convert("RGB") for frame in frames), tuple(_transparency(frame) for frame in frames)


def load_mask(data: bytes, name: str, channel: str) -> Pictures:
    """Return one channel (alpha, red, green or blue) as a mask; alpha is inverted."""
    picture = ImageOps.exif_transpose(_open(data, name)).convert("RGBA")
    band = picture.getchannel(channel[0].upper())
    return (ImageOps.invert(band) if channel == "alpha" else band,)


def to_rgb(masks: Pictures) -> Pictures:
    """Return masks as grey pictures."""
    return tuple(mask.convert("RGB") for mask in masks)


def put_alpha(original: bytes, mask: bytes) -> bytes:
    """Return the original as a PNG with the alpha channel of the mask."""
    picture = _open(original, "original")
    texts = {key: str(text) for key, text in getattr(picture, "text", {}).items()}
    painted = picture.convert("RGBA")
    painted.putalpha(_open(mask, "mask").convert("RGBA").getchannel("A"))
    return to_png(painted, texts)


def to_preview(data: bytes, form: str, quality: int, channel: str) -> bytes:
    """Return the picture as a smaller `webp` or `jpeg`, for `/view?preview=`."""
    picture = _open(data, "preview")
    if form == "jpeg" or channel == "rgb":
        picture = picture.convert("RGB")
    return _save(picture, form, quality=quality)


def to_channel(data: bytes, channel: str) -> bytes:
    """Return the colours (`rgb`) or the opacity (`a`) alone as a PNG, for `/view?channel=`."""
    picture = _open(data, "channel")
    if channel == "rgb":
        return _save(picture.convert("RGB"), "PNG")
    alpha = Image.new("RGBA", picture.size)
    alpha.putalpha(picture.convert("RGBA").getchannel("A"))
    return _save(alpha, "PNG")


def _open(data: bytes, name: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:
        raise UnidentifiedImageError(f"cannot identify image file {name!r}") from error


def _transparency(frame: Image.Image) -> Image.Image:
    if "A" in frame.getbands() or "transparency" in frame.info:
        return ImageOps.invert(frame.convert("RGBA").getchannel("A"))
    return Image.new("L", (64, 64))


def _save(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
