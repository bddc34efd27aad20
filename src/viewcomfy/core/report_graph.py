"""The links of a workflow, as a ComfyUI with a certain catalog follows them: who feeds whom, what is reached, what goes in circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.catalog import NodeClass
from viewcomfy.core.workflows import is_link

Sources = Mapping[str, list[str]]
"""For each node the nodes that feed it."""


@dataclass(frozen=True, slots=True)
class Links:
    """Who feeds whom. `declared` holds the links that ComfyUI checks, `followed` also those into inputs that a class does not declare."""

    declared: dict[str, list[str]]
    followed: dict[str, list[str]]


def links_of(workflow: Mapping[str, Any], classes: Mapping[str, NodeClass]) -> Links:
    """Return the links whose two ends exist; a node of an unknown class is taken to declare whatever it has."""
    declared: dict[str, list[str]] = {}
    followed: dict[str, list[str]] = {}
    for node_id, node in workflow.items():
        node_class = classes.get(node["class_type"])
        into: list[str] = []
        extra: list[str] = []
        for name, value in node["inputs"].items():
            if type(value) is list and is_link(value) and value[0] in workflow:
                (into if declares(node_class, name) else extra).append(value[0])
        declared[node_id] = into
        followed[node_id] = into + extra if extra else into
    return Links(declared, followed)


def declares(node_class: NodeClass | None, name: str) -> bool:
    """Tell whether an input belongs to a class; a class with growing inputs declares `images` and is sent `images.image0`."""
    return node_class is None or name in node_class.inputs or ("." in name and name.partition(".")[0] in node_class.inputs)


def fits(received: str, wanted: str) -> bool:
    """Tell whether ComfyUI lets an output of one type into an input of another; both may be lists of types, `INT,FLOAT`."""
    if received == wanted or is_open(received) or is_open(wanted):
        return True
    one, other = ({part.strip() for part in types.split(",")} for types in (received, wanted))
    return "*" in one | other or bool(one & other)


def is_open(type_name: str) -> bool:
    """Tell whether only the node itself knows what a type stands for: anything, or one of ComfyUI's growing and matching inputs."""
    return type_name == "*" or type_name.startswith("COMFY_")


def reached(roots: Iterable[str], sources: Sources) -> set[str]:
    """Return the roots and every node that feeds one of them, however far off."""
    found = set(roots)
    waiting = list(found)
    while waiting:
        for source in sources[waiting.pop()]:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def cycles(sources: Sources) -> list[list[str]]:
    """Return cycles that share no node, each as its nodes in the order of the data, from the one that comes first."""
    found: list[list[str]] = []
    taken: set[str] = set()
    order = {node_id: at for at, node_id in enumerate(sources)}
    for cycle in _walk(sources):
        if taken.isdisjoint(cycle):
            taken.update(cycle)
            first = cycle.index(min(cycle, key=order.__getitem__))
            found.append(cycle[first:] + cycle[:first])
    return found


def _walk(sources: Sources) -> Iterator[list[str]]:
    """Go depth first through all nodes, without recursion: a workflow may be deeper than Python's stack."""
    done: set[str] = set()
    for start in sources:
        if start in done:
            continue
        path: dict[str, Iterator[str]] = {start: iter(sources[start])}
        while path:
            node_id = next(reversed(path))
            source = next(path[node_id], None)
            if source is None:
                del path[node_id]
                done.add(node_id)
            elif source in path:
                order = list(path)
                yield order[order.index(source) :][::-1]
            elif source not in done:
                path[source] = iter(sources[source])
