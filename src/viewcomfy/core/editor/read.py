"""Read a workflow as the editor saved it, in either version of its format; what makes no sense is left out or named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from viewcomfy.core.editor.format import as_dict, as_id, as_index, as_list, as_text
from viewcomfy.core.editor.graph import PORTS_IN, PORTS_OUT, Document, Graph, Link, Node, Port, Slot
from viewcomfy.core.editor.problems import problem, refuse
from viewcomfy.core.errors import InvalidWorkflow
from viewcomfy.core.workflows import MAX_NODES

_MAX_DEFINITIONS = 2_000
_LONGEST_KIND = 1_000
_RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "ConditioningAverage ": "ConditioningAverage",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
    "Load3DAnimation": "Load3D",
    "Preview3DAnimation": "Preview3D",
}
"""Classes that have got another name; the editor renames them when it opens a workflow."""


def read_document(workflow: Mapping[str, Any]) -> Document:
    """Return the workflow; raise InvalidWorkflow naming every node that is none, and for one with too many of them."""
    if not isinstance(workflow.get("nodes"), list):
        raise InvalidWorkflow("This is not a workflow of ComfyUI's editor: it has no list of nodes.")
    definitions = list(_definitions(workflow))
    _check_size(workflow, definitions)
    problems: list[dict[str, Any]] = []
    root = _graph("", workflow, problems)
    subgraphs = {name: _graph(name, raw, problems) for raw in definitions if (name := as_text(raw.get("id")))}
    if problems:
        refuse(problems)
    return Document(root, subgraphs, as_dict(as_dict(workflow.get("extra")).get("groupNodes")))


def _definitions(workflow: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the subgraphs that a workflow defines, and those that they define in turn."""
    todo, found = [workflow], 0
    while todo and found < _MAX_DEFINITIONS:
        for raw in as_list(as_dict(todo.pop().get("definitions")).get("subgraphs")):
            if isinstance(raw, dict):
                yield raw
                todo.append(raw)
                found += 1


def _check_size(workflow: Mapping[str, Any], definitions: list[Mapping[str, Any]]) -> None:
    count = sum(len(as_list(raw.get("nodes"))) for raw in (workflow, *definitions))
    if count > MAX_NODES:
        raise InvalidWorkflow(f"The workflow has {count} nodes; {MAX_NODES} is the most.")


def _graph(name: str, raw: Mapping[str, Any], problems: list[dict[str, Any]]) -> Graph:
    nodes: dict[str, Node] = {}
    for place, value in enumerate(as_list(raw.get("nodes")), 1):
        node = read_node(value)
        if node is None:
            where = f" of the subgraph {as_text(raw.get('name')) or name!r}" if name else ""
            problems.append(problem("", f"The {place}. node{where} has no id or no type. Save the workflow again in the editor."))
        elif node.id in nodes:
            problems.append(problem(node.id, f"Two nodes have the id {node.id}. Save the workflow again in the editor.", node))
        else:
            nodes[node.id] = node
    links = dict(_links(raw.get("links")))
    inputs = _ports(raw.get("inputs"), _begins(links)) if name else ()
    outputs = _ports(raw.get("outputs"), _ends(links)) if name else ()
    return Graph(name, nodes, links, inputs, outputs)


def read_node(value: Any) -> Node | None:
    """Return a node, None for what has no id or no type."""
    raw = as_dict(value)
    node_id, class_type = as_id(raw.get("id")), raw.get("type")
    if node_id is None or not isinstance(class_type, str) or not class_type:
        return None
    values = raw.get("widgets_values")
    return Node(
        id=node_id,
        type=_RENAMED.get(class_type, class_type),
        title=as_text(raw.get("title")),
        mode=as_index(raw.get("mode")),
        inputs=_slots(raw.get("inputs")),
        outputs=_slots(raw.get("outputs")),
        values=values if isinstance(values, (list, dict)) else [],
        properties=as_dict(raw.get("properties")),
    )


def _slots(value: Any) -> tuple[Slot, ...]:
    found = []
    for item in as_list(value):
        raw = as_dict(item)
        widget = as_text(as_dict(raw.get("widget")).get("name"))
        found.append(Slot(as_text(raw.get("name")), _kind(raw.get("type")), as_id(raw.get("link")), widget or None))
    return tuple(found)


def _kind(value: Any) -> Any:
    """Return the type of an input or output; a list of types is written as "A,B"."""
    if isinstance(value, list):
        value = ",".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, int) or (isinstance(value, str) and len(value) <= _LONGEST_KIND) else "*"


def _links(value: Any) -> Iterator[tuple[str, Link]]:
    """Yield links by id: version 0.4 writes lists, version 1 objects, and some hold them as an object by id."""
    for raw in value.values() if isinstance(value, dict) else as_list(value):
        if isinstance(raw, dict):
            parts = [raw.get(key) for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot")]
        else:
            parts = as_list(raw)
        if len(parts) < 5:
            continue
        link, origin, target = as_id(parts[0]), as_id(parts[1]), as_id(parts[3])
        if link is not None and origin is not None and target is not None:
            yield link, Link(origin, as_index(parts[2]), target, as_index(parts[4]))


def _begins(links: Mapping[str, Link]) -> dict[int, list[str]]:
    """Return the links that come from each input of a subgraph."""
    begins: dict[int, list[str]] = {}
    for name, link in links.items():
        if link.origin == PORTS_IN:
            begins.setdefault(link.origin_slot, []).append(name)
    return begins


def _ends(links: Mapping[str, Link]) -> dict[int, list[str]]:
    """Return the links that lead to each output of a subgraph."""
    ends: dict[int, list[str]] = {}
    for name, link in links.items():
        if link.target == PORTS_OUT:
            ends.setdefault(link.target_slot, []).append(name)
    return ends


def _ports(value: Any, by_place: Mapping[int, list[str]]) -> tuple[Port, ...]:
    ports = []
    for place, item in enumerate(as_list(value)):
        raw = as_dict(item)
        named = [name for link in as_list(raw.get("linkIds")) if (name := as_id(link)) is not None]
        ports.append(Port(as_text(raw.get("name")), _kind(raw.get("type")), tuple(named or by_place.get(place, ()))))
    return tuple(ports)
