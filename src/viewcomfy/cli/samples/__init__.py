"""Two sample workflows and a photo to try them with."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from viewcomfy.core.workflows import read_workflow

TEXT_TO_IMAGE = "text-to-image"
"""A prompt becomes a picture, through KSampler; on the tiny models."""
PHOTO_EFFECT = "photo-effect"
"""An uploaded photo becomes a poster in few colours; needs no model."""
SAMPLES = (TEXT_TO_IMAGE, PHOTO_EFFECT)


def sample_workflow(name: str) -> dict[str, Any]:
    """Return a sample in the API format."""
    return read_workflow((files(__package__) / f"{name}.json").read_bytes(), name)
