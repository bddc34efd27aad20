"""Pictures that tests send, get back and compare."""

from __future__ import annotations

import base64
import io
from statistics import correlation
from typing import Any

from PIL import Image

from viewcomfy.cli.samples.photo import photo


def decoded(output: dict[str, Any]) -> bytes:
    """Return the bytes of an output in a V1 answer; their number must be what it says."""
    data = base64.b64decode(output["data"], validate=True)
    assert len(data) == output["size"]
    return data


def opened(data: bytes) -> Image.Image:
    """Return a whole picture."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixels(result: dict[str, Any]) -> bytes:
    """Return the pixels of the only output of a V1 answer."""
    [output] = result["outputs"]
    return opened(decoded(output)).convert("RGB").tobytes()


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Return how much two pictures go up and down together, from -1 to 1, at a size that shows no details."""
    return correlation(*(list(image.convert("L").resize((32, 32)).tobytes()) for image in (one, other)))


def sample_photo() -> Image.Image:
    """Return a photo of 256 × 256 pixels."""
    return opened(photo()).convert("RGB").resize((256, 256))
