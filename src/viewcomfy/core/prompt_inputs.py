"""Prompt inputs are the texts that steer a workflow: found by following what its samplers are fed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.titles import words
from viewcomfy.core.wiring import Wiring

_ENCODER_TEXTS = ("text", "prompt", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "llama")
_SOURCE_TEXTS = ("text", "prompt", "string", "value", "multiline_text")
_NOT_FOLLOWED = words("audio clip control frames image latent mask model noise pixels sampler samples sigmas vae video")
"""Words in the names of inputs that carry no text and no conditioning."""


@dataclass(frozen=True, slots=True)
class PromptInput:
    """A text that steers what is made. `part` tells the texts of one node apart, and is empty where there is one."""

    node_id: str
    input_name: str
    negative: bool
    part: str = ""


def prompt_inputs(wiring: Wiring) -> dict[tuple[str, str], PromptInput]:
    """Return the prompts by (node_id, input_name): texts of text encoders, and texts that are fed into them.

    One that only a `negative` input is fed with is negative; the rest is not.
    """
    encoders = [node_id for node_id in wiring.order if _is_encoder(wiring.workflow[node_id]["class_type"])]
    positive, negative = _fed(wiring, "positive"), _fed(wiring, "negative")
    _add_upstream(wiring, [node_id for node_id in encoders if node_id not in positive and node_id not in negative], "positive", positive)
    return {
        (node_id, name): PromptInput(node_id, name, negative=node_id not in positive, part=part)
        for node_id in wiring.order
        if node_id in positive or node_id in negative
        for name, part in _texts(wiring.workflow[node_id])
    }


def _is_encoder(class_type: str) -> bool:
    return "textencode" in class_type.lower().replace("_", "").replace(" ", "")


def _fed(wiring: Wiring, role: str) -> set[str]:
    found: set[str] = set()
    starts = [source for links in wiring.links.values() for name, source, _ in links if name == role]
    _add_upstream(wiring, starts, role, found)
    return found


def _add_upstream(wiring: Wiring, starts: list[str], role: str, found: set[str]) -> None:
    """Add the starts and the nodes that they get text or conditioning from."""
    other = "negative" if role == "positive" else "positive"
    followed: dict[str, bool] = {}
    todo = list(starts)
    while todo:
        node_id = todo.pop()
        if node_id not in found:
            found.add(node_id)
            for name, source, _ in wiring.links[node_id]:
                if name not in followed:
                    followed[name] = other not in name and _is_followed(name)
                if followed[name]:
                    todo.append(source)


def _is_followed(name: str) -> bool:
    return not _NOT_FOLLOWED.intersection(name.lower().rstrip("0123456789").split("_"))


def _texts(node: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names of a node's prompt texts, each with its part."""
    is_encoder = _is_encoder(node["class_type"])
    names = [name for name in (_ENCODER_TEXTS if is_encoder else _SOURCE_TEXTS) if isinstance(node["inputs"].get(name), str)]
    if len(names) < 2:
        return [(name, "") for name in names]
    return [(name, name.removeprefix("text_")) for name in names] if is_encoder else []
