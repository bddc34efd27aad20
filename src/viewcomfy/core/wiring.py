"""The wiring of a workflow is who feeds whom: read once, asked often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from viewcomfy.core.workflows import is_link

_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**32 - 2


def in_order(keys: Iterable[str]) -> list[str]:
    """Return the keys as JavaScript keeps them: whole numbers ascending, then the rest as they came."""
    numbers: list[str] = []
    rest: list[str] = []
    for key in keys:
        (numbers if key[:1].isdigit() and _INDEX.fullmatch(key) and int(key) <= _MAX_INDEX else rest).append(key)
    return sorted(numbers, key=int) + rest if numbers else rest


class Wiring:
    """What is linked to what in one workflow, and which inputs hold values.

    `order` are the node ids as forms show them, `place` is a node's place in it. `links` are a node's links as (input name,
    node, slot), `users` the links that others have to it as (input name, slot, node). `settable` are the names of the inputs that
    hold a value that can be replaced: no link, no object, not null.
    """

    def __init__(self, workflow: Mapping[str, Any]) -> None:
        self.workflow = workflow
        self.order = in_order(workflow)
        self.place = {node_id: place for place, node_id in enumerate(self.order)}
        self.links: dict[str, list[tuple[str, str, int]]] = {node_id: [] for node_id in self.order}
        self.users: dict[str, list[tuple[str, int, str]]] = {node_id: [] for node_id in self.order}
        self.settable: dict[str, list[str]] = {}
        for node_id in self.order:
            names = []
            for name, value in workflow[node_id]["inputs"].items():
                if value.__class__ is list and is_link(value):
                    self._link(node_id, name, *value)
                elif value is not None and not isinstance(value, dict):
                    names.append(name)
            self.settable[node_id] = in_order(names)

    def _link(self, node_id: str, name: str, source: str, slot: int) -> None:
        if source in self.place and source != node_id:
            self.links[node_id].append((name, source, slot))
            self.users[source].append((name, slot, node_id))
