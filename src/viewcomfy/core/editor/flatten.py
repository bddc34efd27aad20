"""Flatten a workflow: every node with the id that it is run by, those of subgraphs under the id of the node that stands for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from viewcomfy.core.editor.graph import BYPASSED, MUTED, Document, Graph, Node
from viewcomfy.core.editor.problems import named, problem, refuse
from viewcomfy.core.errors import InvalidWorkflow
from viewcomfy.core.workflows import MAX_NODES

_DEEPEST = 50

Opener = Callable[[Node, str], Graph | None]
"""Returns the graph that a node of the old group kind stands for, None for any other node."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A node in the place where it is run: `id` is "5:12" for node 12 of the subgraph that node 5 stands for."""

    id: str
    node: Node
    graph: Graph
    parent: Placed | None = None
    inner: Graph | None = None
    """The graph that it stands for, if it does."""

    @property
    def runs(self) -> bool:
        """Whether it runs: it is neither muted nor bypassed, nor is the outermost of the nodes that stand for the graphs around it."""
        outermost = self
        while outermost.parent:
            outermost = outermost.parent
        return not {self.node.mode, outermost.node.mode} & {MUTED, BYPASSED}

    def beside(self, node_id: str) -> str:
        """Return the id of another node of the same graph."""
        return f"{self.parent.id}:{node_id}" if self.parent else node_id

    def inside(self, node_id: str) -> str:
        """Return the id of a node of the graph that it stands for."""
        return f"{self.id}:{node_id}"


def flatten(document: Document, open_group: Opener) -> dict[str, Placed]:
    """Return all nodes by the id that they are run by, each subgraph's node before what is in it.

    Raises InvalidWorkflow for subgraphs that contain themselves, and for more than 10,000 nodes.
    """
    found: dict[str, Placed] = {}
    todo = _of(document.root, None)
    while todo:
        node, graph, parent = todo.pop()
        place = parent.inside(node.id) if parent else node.id
        placed = Placed(place, node, graph, parent, document.subgraphs.get(node.type) or open_group(node, place))
        found[place] = placed
        if placed.inner:
            _check_nesting(placed)
            todo.extend(_of(placed.inner, placed))
        if len(found) + len(todo) > MAX_NODES:
            raise InvalidWorkflow(f"With its subgraphs the workflow has more than {MAX_NODES} nodes, which is the most.")
    return found


def _of(graph: Graph, parent: Placed | None) -> list[tuple[Node, Graph, Placed | None]]:
    """Return the nodes of a graph, the first at the end."""
    return [(node, graph, parent) for node in reversed(graph.nodes.values())]


def _check_nesting(placed: Placed) -> None:
    depth, above = 0, placed.parent
    while above:
        depth += 1
        if above.inner is placed.inner or depth > _DEEPEST:
            why = "contains itself" if above.inner is placed.inner else f"is nested more than {_DEEPEST} levels deep"
            message = f"The subgraph of {named(placed.id, placed.node)} {why}. Unpack it in the editor."
            refuse([problem(placed.id, message, placed.node)])
        above = above.parent
