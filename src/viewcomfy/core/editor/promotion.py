"""What a node that stands for a subgraph says of the widgets inside: the values it gives to those that it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from viewcomfy.core.editor.flatten import Placed
from viewcomfy.core.editor.format import as_id, as_list
from viewcomfy.core.editor.graph import Node

_LINKED = "-1"
"""In place of a node's id: a widget that is shown because an input of the subgraph is connected to it."""


def linked_inside(placed: Placed) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each input of the subgraph that a node stands for, with the ids of the nodes and links that it leads to inside."""
    graph = placed.inner
    if graph is None or not graph.promotes:
        return
    for port in graph.inputs:
        yield port.name, [(placed.inside(graph.links[link].target), link) for link in port.links if link in graph.links]


def shown_values(node: Node, names: Sequence[str]) -> dict[str, Any]:
    """Return the saved values of the linked widgets `names`, by name.

    Editors since 1.30 list what is shown in `proxyWidgets`, in the order of the values; before, only linked widgets were shown.
    """
    saved = node.values
    if isinstance(saved, dict):
        return {name: saved[name] for name in names if name in saved}
    values, known = dict(zip(names, saved, strict=False)), set(names)
    for place, (owner, name) in enumerate(_entries(node)):
        if owner == _LINKED and name in known and place < len(saved) and saved[place] is not None:
            values[name] = saved[place]
    return values


def hidden_names(node: Node) -> set[str]:
    """Return the names of linked widgets that are not shown because another widget of this name is."""
    entries = list(_entries(node))
    return {name for owner, name in entries if owner != _LINKED} - {name for owner, name in entries if owner == _LINKED}


def values_inside(nodes: Mapping[str, Placed]) -> dict[str, dict[str, Any]]:
    """Return values for widgets inside of subgraphs, by node and name, which the nodes that stand for these were given.

    What the outermost of them says is what counts.
    """
    found: dict[str, dict[str, Any]] = {}
    for placed in reversed(list(nodes.values())):
        if placed.inner and isinstance(placed.node.values, list):
            for (owner, name), value in zip(_entries(placed.node), placed.node.values, strict=False):
                if owner != _LINKED and value is not None:
                    target, own = _innermost(nodes, placed.inside(owner), name)
                    found.setdefault(target, {})[own] = value
    return found


def _innermost(nodes: Mapping[str, Placed], target: str, name: str) -> tuple[str, str]:
    """Follow "5: text" into node 5 of the subgraph that the node `target` stands for."""
    while ": " in name and target in nodes and nodes[target].inner:
        owner, _, rest = name.partition(": ")
        inside = f"{target}:{owner}"
        if inside not in nodes:
            break
        target, name = inside, rest
    return target, name


def _entries(node: Node) -> Iterator[tuple[str, str]]:
    """Yield (node id, widget name) for each widget that a node shows, in their order."""
    raw = node.properties.get("proxyWidgets")
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            return
    for entry in as_list(raw):
        parts = as_list(entry)
        owner = as_id(parts[0]) if len(parts) > 1 else None
        yield owner or "", parts[1] if owner and isinstance(parts[1], str) else ""
