"""A wish is the name that an input would have if it were the only one of that name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from viewcomfy.core.prompt_inputs import PromptInput
from viewcomfy.core.titles import snake, title_name, words
from viewcomfy.core.wiring import Wiring

_ALIASES = {"ckpt_name": "checkpoint", "unet_name": "diffusion_model", "control_net_name": "controlnet", "noise_seed": "seed"}
_NAME_OF = re.compile(
    r"(lora|vae|clip|sampler|model|style_model|upscale_model|gligen|hypernetwork|clip_vision|audio_encoder|text_encoder)_name(\d*)"
)
_VALUES = words("value int integer float boolean bool number string text str")
"""Inputs that say nothing of what they are for: the input that they feed does."""
_MEDIA = words("image video audio mask file")
_GENERIC = _VALUES | _MEDIA
_VAGUE = _GENERIC | words("any anything images input input1 input2 pixels samples source values")
_ROLES = {"positive": "prompt", "positive_prompt": "prompt", "negative": "negative_prompt"}
_TITLE_VERBS = re.compile(r"^(?:load|upload|input)_(?=.)")


@dataclass(frozen=True, slots=True)
class Wish:
    """`base` is the name. `own` tells that it is the input's own, so that the node's title or class can tell several apart."""

    node_id: str
    input_name: str
    base: str
    own: bool
    class_type: str
    title: str

    @property
    def where(self) -> tuple[str, str]:
        """Return the input as (node_id, input_name)."""
        return self.node_id, self.input_name


def wishes(wiring: Wiring, titles: Mapping[str, str], prompts: Mapping[tuple[str, str], PromptInput]) -> list[Wish]:
    """Return a wish for every settable input; `titles` are what authors called their nodes."""
    wisher = _Wisher(wiring, {node_id: title_name(title) if title else "" for node_id, title in titles.items()}, prompts)
    return [wish for node_id in wiring.order for wish in wisher.of_node(node_id)]


def telling_titles(titles: Mapping[str, str], prompts: Collection[PromptInput]) -> dict[str, str]:
    """Drop titles that prompts of both kinds share: an editor in another language gives one and the same to every encoder."""
    kinds: dict[str, set[bool]] = {}
    for prompt in prompts:
        kinds.setdefault(titles[prompt.node_id], set()).add(prompt.negative)
    silent = {prompt.node_id for prompt in prompts if len(kinds[titles[prompt.node_id]]) > 1}
    return {node_id: "" if node_id in silent else title for node_id, title in titles.items()}


class _Wisher:
    """Names the inputs of one workflow, one by one."""

    def __init__(self, wiring: Wiring, titles: Mapping[str, str], prompts: Mapping[tuple[str, str], PromptInput]) -> None:
        self._wiring = wiring
        self._titles = titles
        self._prompts = prompts
        self._plain: dict[str, str] = {}

    def of_node(self, node_id: str) -> list[Wish]:
        """Return a wish for every settable input of a node; no two have the same base."""
        settable = self._wiring.settable[node_id]
        class_type, title = self._wiring.workflow[node_id]["class_type"], self._titles[node_id]
        generic = sum(1 for name in settable if self._name(name) in _GENERIC)
        bases: dict[str, tuple[str, bool]] = {}
        used: set[str] = set()
        for name in sorted(settable, key=lambda name: (self._name(name) != name, name)):
            base, own = self._base(node_id, name, generic)
            if base in used:  # two inputs of one node: what they are called there tells them apart
                base = _numbered(snake(name) or base, used)
            used.add(base)
            bases[name] = base, own
        return [Wish(node_id, name, *bases[name], class_type, title) for name in settable]

    def _base(self, node_id: str, name: str, generic: int) -> tuple[str, bool]:
        prompt, title, plain = self._prompts.get((node_id, name)), self._titles[node_id], self._name(name)
        if prompt is not None:
            role = _ROLES.get(title, title) or ("negative_prompt" if prompt.negative else "prompt")
            return f"{role}_{prompt.part}" if prompt.part else role, False
        if plain in _MEDIA:
            called = _TITLE_VERBS.sub("", title)
            return (_apart(called, plain, generic) if called else self._medium(node_id, plain)), False
        if plain in _VALUES:
            return (_apart(title, plain, generic), False) if title else (self._used_as(node_id, plain), True)
        return plain, True

    def _name(self, name: str) -> str:
        """Return an input's own name as people would write it."""
        if name not in self._plain:
            short = name.rpartition(".")[2]
            short = name if short.isdigit() or not short else short
            match = _NAME_OF.fullmatch(short)
            known = _ALIASES.get(short) or (f"{match[1]}_{match[2]}".rstrip("_") if match else "")
            self._plain[name] = known or snake(short) or "input"
        return self._plain[name]

    def _used_as(self, node_id: str, plain: str) -> str:
        """Return the name of the one input that a value feeds, or its own name."""
        names = {self._name(name) for name, _, _ in self._wiring.users[node_id]}
        telling = {name for name in names if name not in _VAGUE and len(name) > 2}
        return telling.pop() if len(telling) == 1 else plain

    def _medium(self, node_id: str, plain: str) -> str:
        """Return what a file is: `mask` for an image of which only the mask is used, `start_image` where it is used as that."""
        class_type = self._wiring.workflow[node_id]["class_type"].lower()
        users = self._wiring.users[node_id]
        if plain == "file":
            plain = next((medium for medium in ("video", "audio", "image", "mask") if medium in class_type), plain)
        only_mask = "mask" in class_type or (users and all(slot == 1 for _, slot, _ in users))
        if plain == "image" and class_type.startswith("loadimage") and only_mask:
            return "mask"
        ends = (f"_{plain}", "_frame")
        telling = {found for name, slot, _ in users if slot == 0 and (found := self._name(name)).endswith(ends)}
        return telling.pop() if len(telling) == 1 else plain


def _apart(title: str, plain: str, generic: int) -> str:
    """Return a node's title as the name of its input, with the input's own name where it has several like it."""
    return title if generic < 2 or title.endswith(plain) else f"{title}_{plain}"


def _numbered(name: str, used: set[str]) -> str:
    number, result = 2, name
    while result in used:
        result, number = f"{name}_{number}", number + 1
    return result
