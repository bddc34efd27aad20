"""A title is what an author wrote on a node; here it is told from ComfyUI's own, and turned into names and labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from viewcomfy.core.workflows import node_title

MAX_NAME = 48
_LONGEST = 200
"""Characters of a text that a name is made from: anybody may send a workflow with titles of a megabyte."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_MARK = re.compile(r"\s*VC_(BASIC|ADV)(?:ANCED)?(?![A-Za-z0-9])[\s:|_–—-]*")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[A-Z]{2})(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]{2})")
_PARENTHESIS = re.compile(r"\s*\(([^()]*)\)\s*$")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_FILLERS = words("a an and as by convert cond for from in model node of on the to using with")
_NOISE = words("advanced api beta deprecated diff experimental legacy new old optional prompt required simple")
_DEFAULT_TITLES = words(
    "adaptive_projected_guidance apply_controlnet_with_vae cond_pair_set_props cond_pair_set_props_combine cond_set_props "
    "cond_set_props_combine create_hook_lora_mo create_hook_model_as_lora_mo extract_and_save_lora image_morphology "
    "image_only_checkpoint_loader_img2vid_model load_3d_animation load_checkpoint_with_config load_diffusion_model "
    "pad_image_for_outpainting preview_3d_animation preview_as_text save_audio_flac save_lora_weights shuffle_image_dataset "
    "tangential_damping_cfg upscale_image upscale_image_by vae_encode_for_inpainting"
)
"""Titles that ComfyUI gives by itself and that share too few words with the class to be recognised by them."""
_SPELLED = {"cfg": "CFG", "clip": "CLIP", "vae": "VAE", "lora": "LoRA", "fps": "FPS", "unet": "UNet", "url": "URL", "id": "ID", "3d": "3D"}


def mark(node: Mapping[str, Any]) -> str:
    """Return `BASIC` or `ADV` where the author chose the node for ViewComfy's form, else an empty string."""
    title = node_title(node)
    found = _MARK.match(title) if "VC_" in title else None
    return found[1] if found else ""


def shown_title(node: Mapping[str, Any]) -> str:
    """Return the title as people are to see it, without ViewComfy's mark; the class where there is none."""
    title = node_title(node)
    if "VC_" not in title or not _MARK.match(title):
        return title
    return _MARK.sub("", title, count=1).strip() or str(node["class_type"])


def custom_titles(workflow: Mapping[str, Any]) -> dict[str, str]:
    """Return what the author says of each node, as `custom_title` does."""
    known: dict[tuple[str, str], str] = {}
    titles = {}
    for node_id, node in workflow.items():
        given = node["class_type"], node_title(node)
        if given not in known:
            known[given] = custom_title(node)
        titles[node_id] = known[given]
    return titles


def custom_title(node: Mapping[str, Any]) -> str:
    """Return what the author says of the node, or an empty string where the title is ComfyUI's own.

    `CLIP Text Encode (Background)` says `Background`, and `KSampler - Refiner` says `Refiner`.
    """
    title, class_type = shown_title(node), str(node["class_type"])
    text = snake(title)
    if title == class_type or text in _DEFAULT_TITLES or text.replace("_", "") == snake(class_type).replace("_", ""):
        return ""
    known = {*snake(class_type).split("_"), *_FILLERS}
    head, dash, rest = title.partition(" - ")
    if dash and _only(head, known | _NOISE):
        return rest.strip()
    inner = _PARENTHESIS.search(title)
    if not inner or not _only(title[: inner.start()], known):
        return "" if _only(title, known) else title.strip()
    return "" if _only(inner[1], known | _NOISE) else inner[1].strip()


def _only(title: str, known: set[str] | frozenset[str]) -> bool:
    """Tell whether a title says nothing but known words, as ComfyUI's own titles repeat those of the class."""
    text = snake(title)
    if not title.isascii() and not title_name(title):  # in another script: words that we cannot read
        return False
    return all(word.isdigit() or _is_among(word, known) for word in text.split("_") if word)


def _is_among(word: str, known: set[str] | frozenset[str]) -> bool:
    if word in known:
        return True
    return len(word) >= 4 and any(len(one) >= 4 and (one.startswith(word) or word.startswith(one)) for one in known)


def snake(text: str) -> str:
    """Return a text as snake_case in ASCII, at most MAX_NAME long; empty where it holds no Latin letter or digit."""
    if _SNAKE.fullmatch(text) and len(text) <= MAX_NAME:
        return text
    plain = unicodedata.normalize("NFKD", text[:_LONGEST]).encode("ascii", "ignore").decode()
    plain = _WORD_START.sub("_", plain.replace("LoRA", "Lora").replace("ControlNet", "Controlnet").replace("ComfyUI", "Comfyui"))
    parts = [part for part in re.split(r"[^a-z0-9]+", plain.lower().replace("'", "")) if part]
    while len(parts) > 1 and len("_".join(parts)) > MAX_NAME:
        parts.pop()
    return "_".join(parts)[:MAX_NAME]


def title_name(title: str) -> str:
    """Return a title as a name; empty where it cannot be one, as with titles that are not in Latin letters."""
    name = snake(title)
    return name if sum(letter.isalpha() for letter in name) >= 2 else ""


def spoken(name: str) -> str:
    """Return a name as people write it: `ckpt_name` → `Ckpt name`, `cfg` → `CFG`."""
    parts = [_SPELLED.get(word, word) for word in name.replace("_", " ").replace(".", " ").split()]
    text = " ".join(parts) or name
    return text[:1].upper() + text[1:]
