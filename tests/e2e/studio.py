"""The server that the browser tests look at: a few deployments as somebody would make them, on a real ComfyUI."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.pictures import encoded, opened
from tests.e2e.product import PATIENCE, Product
from tests.e2e.workflows import Workflow, failing, node, sleeping, text_to_image
from viewcomfy.cli.samples.photo import photo

Edits = dict[str, dict[str, Any]]


def poster() -> Workflow:
    """Return a workflow that makes a poster of a few colours out of a photo."""
    return {
        "1": node("LoadImage", "Photo", image="photo.png"),
        "2": node("ImageScale", "Size", image=["1", 0], upscale_method="lanczos", width=384, height=256, crop="center"),
        "5": node("ImageAddNoise", "Grain", image=["2", 0], seed=1, strength=0.02),
        "3": node("ImageBlur", "Smooth", image=["5", 0], blur_radius=4, sigma=2.0),
        "4": node("ImageQuantize", "Colours", image=["3", 0], colors=8, dither="none"),
        "9": node("SaveImage", images=["4", 0], filename_prefix="poster"),
    }


POSTER_EDITS: Edits = {
    "2-inputs-upscale_method": {"hidden": True},
    "4-inputs-colors": {"name": "colours", "label": "Colours", "minimum": 2, "maximum": 32, "advanced": False},
    "3-inputs-blur_radius": {"name": "smooth", "label": "Smoothness", "description": "How much detail goes away.", "advanced": False},
}


def retouch() -> Workflow:
    """Return a workflow that inverts what is masked, and saves the mask as well."""
    return {
        "1": node("LoadImage", "Photo", image="photo.png"),
        "5": node("ImageAddNoise", "Grain", image=["1", 0], seed=1, strength=0.01),
        "2": node("ImageInvert", image=["5", 0]),
        "3": node("ImageCompositeMasked", destination=["1", 0], source=["2", 0], mask=["1", 1], x=0, y=0, resize_source=False),
        "4": node("MaskToImage", mask=["1", 1]),
        "8": node("SaveImage", images=["3", 0], filename_prefix="retouched"),
        "9": node("SaveImage", images=["4", 0], filename_prefix="mask"),
    }


WAIT_EDITS: Edits = {"1-inputs-seconds": {"label": "Seconds", "advanced": False}, "1-inputs-steps": {"advanced": False}}
PROMPT_EDITS: Edits = {"5-inputs-text": {"hidden": True}, "4-inputs-text": {"name": "wish", "label": "What do you want to see?"}}


def furnish(product: Product) -> None:
    """Deploy everything; ComfyUI is up then."""
    put(product, "poster", poster(), title="Poster of a photo", description="Your photo in a few flat colours.", inputs=POSTER_EDITS)
    put(product, "retouch", retouch(), title="Retouch")
    put(product, "postcard", text_to_image(), title="Postcard", description="One line in, one picture out.", inputs=PROMPT_EDITS)
    put(product, "time-lapse", sleeping(0.5, seed=170), title="Time lapse", inputs=WAIT_EDITS)
    put(product, "upscale", failing("raise"), title="Upscale")


def put(product: Product, name: str, workflow: Workflow, **options: Any) -> None:
    """Deploy a workflow."""
    answer = product.put(name, workflow, **options)
    assert answer.is_success, answer.text


def make_posters(product: Product, number: int) -> list[str]:
    """Make posters of more and more colours, and return the jobs."""
    files = {"photo": ("dusk.png", photo_file())}
    return [_made(product, {"colours": 4 + 5 * place % 28}, files) for place in range(number)]


def _made(product: Product, inputs: dict[str, Any], files: Any) -> str:
    form = {"inputs": json.dumps(inputs)}
    answer = product.http.post("/d/poster/run", data=form, files=files, headers={"prefer": f"wait={PATIENCE:g}"})
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded"), answer.text
    return str(answer.json()["prompt_id"])


def photo_file() -> bytes:
    """Return a photo as a PNG of 480 × 320 pixels."""
    return encoded(opened(photo()).convert("RGB").resize((480, 320)))
