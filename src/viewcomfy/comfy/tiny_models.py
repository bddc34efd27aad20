"""The tiny models: made on the spot, they let a ComfyUI without any model sample real, if plain, pictures on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import run

SCRIPT = Path(__file__).parent / "programs" / "make_tiny_models.py"
TINY_MODELS = (
    "checkpoints/tiny_sd3.safetensors",
    "diffusion_models/tiny_mmdit.safetensors",
    "loras/tiny_lora.safetensors",
    "text_encoders/tiny_clip_l.pt",
    "vae/tiny_taesd.safetensors",
    "vae_approx/taesd3_decoder.safetensors",
    "vae_approx/taesd3_encoder.safetensors",
)
"""Their places below the models folder; 28 MB together."""


def write_tiny_models(installation: Installation, on_line: Callable[[str], None] = lambda _: None) -> bool:
    """Write the tiny models where any is missing, with ComfyUI's own Python; tell whether that was needed. Raises InstallFailed."""
    if all((installation.models / place).is_file() for place in TINY_MODELS):
        return False
    run([installation.python, SCRIPT, installation.models], on_line=on_line)
    return True
