"""What ComfyUI would find wrong with one value that a workflow holds, by the rules of its own validation."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from viewcomfy.core.catalog import InputSpec
from viewcomfy.core.workflows import MODEL_SUFFIXES

Severity = Literal["error", "warning"]

CONVERSIONS: Mapping[str, type] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
"""What ComfyUI does to a value before it looks at it: "20" is as good as 20."""
NOUNS: Mapping[str, str] = {"INT": "a whole number", "FLOAT": "a number", "STRING": "text", "BOOLEAN": "true or false"}
CONNECTED = frozenset({"MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "CONTROL_NET", "CLIP_VISION"})
"""Types that no value can stand for; those of custom nodes may well be drawn by a widget of their own."""
IN_A_FOLDER = (" [input]", " [output]", " [temp]")
"""How ComfyUI writes a file in one of its folders: such a one need not be among the choices."""
FOLDERS: Mapping[str, str] = {
    "ckpt_name": "checkpoints", "lora_name": "loras", "vae_name": "vae", "unet_name": "diffusion_models", "control_net_name": "controlnet",
    "clip_name": "text_encoders", "clip_name1": "text_encoders", "clip_name2": "text_encoders", "clip_name3": "text_encoders",
    "clip_name4": "text_encoders", "style_model_name": "style_models", "gligen_name": "gligen", "hypernetwork_name": "hypernetworks",
    "photomaker_model_name": "photomaker", "audio_encoder_name": "audio_encoders",
}  # fmt: skip
FOLDERS_BY_CLASS: Mapping[str, str] = {
    "CLIPVisionLoader": "clip_vision", "UpscaleModelLoader": "upscale_models", "ModelPatchLoader": "model_patches",
    "LatentUpscaleModelLoader": "latent_upscale_models",
}  # fmt: skip
FEW = 8
"""So many choices are listed in a message; of more, only the nearest are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `text` is what the node is said to do, `wanted` the word that is not among the `candidates`."""

    code: str
    text: str
    advice: str = ""
    wanted: str = ""
    candidates: Collection[Any] = ()
    severity: Severity = "error"


def value_fault(class_type: str, spec: InputSpec, value: Any) -> Fault | None:
    """Return what is wrong with a value (not a link) of a declared input, or None."""
    if isinstance(value, dict) and "__value__" in value:  # how the editor tells a list of values from a link
        value = value["__value__"]
    if spec.type in CONVERSIONS:
        try:
            value = CONVERSIONS[spec.type](value)
        except (TypeError, ValueError, OverflowError):
            return _wrong_type(spec, value, NOUNS[spec.type])
    elif spec.type in CONNECTED and value is not None:
        text = f"has {show(value)} for {spec.name!r}, which must be connected to a node that gives {spec.type}"
        return Fault("wrong_type", text, severity="warning")  # ComfyUI does not look; the node fails when it runs
    if spec.minimum is not None or spec.maximum is not None:
        return _range_fault(spec, value)
    if spec.upload:  # which files there are changes with every call
        return None if isinstance(value, str | dict) or not spec.required else _wrong_type(spec, value, "the name of a file")
    return None if spec.choices is None else _choice_fault(class_type, spec, value)


def show(value: Any) -> str:
    """Return a value as it stands in a message: as JSON writes it, text in single quotes, shortened."""
    if isinstance(value, str):
        text = f"'{value}'" if value.isprintable() else repr(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}…{text[-1]}"


def _wrong_type(spec: InputSpec, value: Any, noun: str) -> Fault:
    return Fault("wrong_type", f"has {show(value)} for {spec.name!r}, which must be {noun}")


def _range_fault(spec: InputSpec, value: Any) -> Fault | None:
    try:
        if spec.minimum is not None and value < spec.minimum:
            return Fault("out_of_range", f"has {spec.name!r} at {show(value)}, below its minimum of {spec.minimum}")
        if spec.maximum is not None and value > spec.maximum:
            return Fault("out_of_range", f"has {spec.name!r} at {show(value)}, above its maximum of {spec.maximum}")
    except TypeError:
        return _wrong_type(spec, value, "a number")
    return None


def _choice_fault(class_type: str, spec: InputSpec, value: Any) -> Fault | None:
    """Return what is wrong with a choice. Older ComfyUIs look at it for some classes only; with the others the job would fail."""
    choices = spec.choices or ()
    values = value if isinstance(value, list) else [value]
    wrong = next((item for item in values if item not in choices), choices)
    word = wrong if isinstance(wrong, str) else ""
    if wrong is choices or word.endswith(IN_A_FOLDER):
        return None
    if word.lower().endswith(MODEL_SUFFIXES):
        folder = FOLDERS_BY_CLASS.get(class_type) or FOLDERS.get(spec.name)
        place = f"Put it into models/{folder}" if folder else "Put it into its folder below models"
        advice = f"{place}, or choose one that is there."
        return Fault("missing_model", f"needs the model file {show(wrong)}", advice, word, choices)
    if len(choices) > FEW or not choices:
        noun = f"its {len(choices)} choices" if choices else "its choices: there are none"
        return Fault("invalid_choice", f"has {show(wrong)} for {spec.name!r}, which is not among {noun}", "", word, choices)
    few = f"It takes {' or '.join(show(choice) for choice in choices)}."
    return Fault("invalid_choice", f"has {show(wrong)} for {spec.name!r}, which is not among its choices", few, word, choices)
