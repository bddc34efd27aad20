"""A graph of the editor's, read: nodes by id, links by id, and the ports through which a subgraph is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MUTED, BYPASSED = 2, 4
PORTS_IN, PORTS_OUT = "-10", "-20"
"""What links name in place of a node where they come from a subgraph's inputs, or lead to its outputs."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An input or output of a node. `widget` names the widget that an input belongs to, None where it is a socket only."""

    name: str
    type: Any = "*"
    link: str | None = None
    widget: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it was saved. `values` are those of its widgets, in their order or by name."""

    id: str
    type: str
    title: str = ""
    mode: int = 0
    inputs: tuple[Slot, ...] = ()
    outputs: tuple[Slot, ...] = ()
    values: list[Any] | dict[str, Any] = field(default_factory=list)
    properties: Mapping[str, Any] = field(default_factory=dict)
    set_to: Mapping[str, Any] = field(default_factory=dict)
    """Values of widgets by name that win over `values`."""


@dataclass(frozen=True, slots=True)
class Link:
    """A connection from an output to an input."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a subgraph, with the ids of the links inside that lead from or to it."""

    name: str
    type: Any
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a workflow, or of one of its subgraphs."""

    id: str
    nodes: dict[str, Node]
    links: Mapping[str, Link]
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    promotes: bool = True
    """Whether an input that is connected to a widget shows this widget on the node that stands for the subgraph."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole workflow: its own graph, the subgraphs by id, and what it says of the old kind of group node by name."""

    root: Graph
    subgraphs: Mapping[str, Graph]
    groups: Mapping[str, Any]
