"""Input names are what callers write: made for people, and the same whatever the ids of the nodes are."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.graph_order import GraphOrder
from viewcomfy.core.name_wishes import Wish, telling_titles, wishes
from viewcomfy.core.prompt_inputs import PromptInput, prompt_inputs
from viewcomfy.core.titles import MAX_NAME, custom_titles, snake, words
from viewcomfy.core.wiring import Wiring

RESERVED = words(
    "admin_token batch client_id client_secret contact_sheet detach grid help idempotency_key inputs json list logs name on_event on_log "
    "output param params priority prompt_id quiet self server stream timeout version wait webhook workflow_api zip"
)
"""Words that the SDK, the command line and `run` use themselves."""
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_RANKS = ("ksampler", "sampler", "empty", "load")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a workflow's inputs by (node_id, input_name), and what they were made from."""

    names: dict[tuple[str, str], str]
    prompts: dict[tuple[str, str], PromptInput]
    titles: dict[str, str]


def name_inputs(workflow: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return a name for every settable input, by (node_id, input_name), in the order of forms.

    A name is unique, snake_case, no keyword and none of RESERVED. It comes from the part that the input plays (`prompt`, `seed`,
    `image`), from what its author called the node, or from the input's own name. Of several inputs of one name the foremost keeps
    it; the others say their node too, or get a number. Which is foremost follows from the graph: renumbered nodes keep their names.
    """
    return read_names(workflow).names


def read_names(workflow: Mapping[str, Any]) -> Names:
    """Return what `name_inputs` does, with the prompts and the authors' titles that it found on the way."""
    wiring = Wiring(workflow)
    prompts = prompt_inputs(wiring)
    titles = telling_titles(custom_titles(workflow), prompts.values())
    wanted = wishes(wiring, titles, prompts)
    groups: dict[str, list[Wish]] = {}
    allowed = {base: _allowed(base) for base in {wish.base for wish in wanted}}
    for wish in wanted:
        groups.setdefault(allowed[wish.base], []).append(wish)
    ranking = _Ranking(wiring, titles)
    names: dict[tuple[str, str], str] = {}
    taken = dict.fromkeys(groups, 2)
    for base in sorted(groups):
        first, *others = ranking.foremost_first(groups[base])
        names[first.where] = base
        for wish in others:
            names[wish.where] = _next_free(_qualified(wish, base, first), taken)
    return Names({wish.where: names[wish.where] for wish in wanted}, prompts, titles)


def _next_free(name: str, taken: dict[str, int]) -> str:
    """Take the name, with the first number that makes it unique where it is taken; `taken` remembers where to go on counting."""
    if name not in taken:
        taken[name] = 2
        return name
    while (result := _with_number(name, taken[name])) in taken:
        taken[name] += 1
    taken[name] += 1
    taken[result] = 2
    return result


def _with_number(name: str, number: int) -> str:
    ending = f"_{number}"
    return name[: MAX_NAME - len(ending)].rstrip("_") + ending


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, with the first number that makes it unique where it is taken."""
    number, result = 2, name
    while result in taken:
        result, number = _with_number(name, number), number + 1
    return result


def name_fault(name: Any) -> str | None:
    """Return what is wrong with a name that somebody chose, or None."""
    if not isinstance(name, str) or len(name) > MAX_NAME or not _NAME.fullmatch(name):
        return f"must be lower-case letters, digits and single underscores, a letter first, at most {MAX_NAME} characters, like 'my_prompt'"
    if keyword.iskeyword(name):
        return f"cannot be {name!r}: that word is a keyword of Python"
    return f"cannot be {name!r}: viewcomfy uses that word itself" if name in RESERVED else None


def _allowed(name: str) -> str:
    """Return the name, changed where it could not be one."""
    if not name[:1].isalpha():
        name = f"input_{name}" if name else "input"
    if keyword.iskeyword(name) or name in RESERVED:
        name = f"{name}_value"
    return name[:MAX_NAME].rstrip("_")


def _qualified(wish: Wish, base: str, first: Wish) -> str:
    """Return the name of an input that cannot have `base` alone: with its node's title, or with its class."""
    if not wish.own:
        return base
    if wish.title:
        return _joined(wish.title, base)
    return base if wish.class_type == first.class_type else _joined(snake(wish.class_type) or "node", base)


def _joined(qualifier: str, name: str) -> str:
    """Put a qualifier before a name, without saying a word twice: `style_lora`, not `style_lora_lora`."""
    joined = qualifier if f"_{qualifier}".endswith(f"_{name}") else f"{qualifier}_{name}"
    if len(joined) > MAX_NAME:
        joined = f"{qualifier[: max(MAX_NAME - len(name) - 1, 8)].rstrip('_')}_{name}"
    return _allowed(joined)


class _Ranking:
    """Which of several inputs of one name is the foremost."""

    def __init__(self, wiring: Wiring, titles: Mapping[str, str]) -> None:
        self._place = wiring.place
        self._order = GraphOrder(wiring, titles)
        classes = {node_id: node["class_type"].lower() for node_id, node in wiring.workflow.items()}
        self._samplers = self._order.bits(node_id for node_id, class_type in classes.items() if "sampler" in class_type)
        self._kinds: dict[str, tuple[int, int, str]] = {}

    def foremost_first(self, group: list[Wish]) -> list[Wish]:
        """Sort: samplers before others, then what feeds most samplers, what comes first in the graph; ids last."""
        if len(group) == 1:
            return group
        rivals = self._order.bits(wish.node_id for wish in group)
        keys = {wish.node_id: (*self._kind(wish), (self._order.upstream(wish.node_id) & rivals).bit_count()) for wish in group}
        if len(set(keys.values())) == len(group):
            return sorted(group, key=lambda wish: keys[wish.node_id])
        return sorted(group, key=lambda wish: (keys[wish.node_id], self._order.kin(wish.node_id), self._place[wish.node_id]))

    def _kind(self, wish: Wish) -> tuple[int, int, str]:
        """Return what ranks a class before others. What belongs to the first of several stages feeds the most samplers."""
        if wish.node_id not in self._kinds:
            class_type = wish.class_type.lower()
            rank = next((rank for rank, word in enumerate(_RANKS) if word in class_type), len(_RANKS))
            feeds = (self._order.downstream(wish.node_id) & self._samplers).bit_count()
            self._kinds[wish.node_id] = rank, -feeds, wish.class_type
        return self._kinds[wish.node_id]
