"""Group nodes, the editor's old way to make one node of several: read as the subgraph that they would be today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viewcomfy.core.editor import js
from viewcomfy.core.editor.flatten import Opener
from viewcomfy.core.editor.format import as_dict, as_list
from viewcomfy.core.editor.graph import PORTS_IN, PORTS_OUT, Document, Graph, Link, Node, Port, Slot
from viewcomfy.core.editor.group_inputs import GroupInputs, Inside
from viewcomfy.core.editor.node_class import NodeClass, read_class
from viewcomfy.core.editor.read import read_node
from viewcomfy.core.editor.values import held_by
from viewcomfy.core.workflows import MAX_NODES

_PREFIXES = ("workflow>", "workflow/")


def opener(document: Document, object_info: Mapping[str, Any]) -> Opener:
    """Return what opens group nodes: it makes the graph that such a node stands for, with the values that the node was given."""

    def open_group(node: Node, place: str) -> Graph | None:
        prefix = next((prefix for prefix in _PREFIXES if node.type.startswith(prefix)), None)
        raw = document.groups.get(node.type[len(prefix) :]) if prefix else None
        return _opened(node, place, raw, object_info) if isinstance(raw, dict) else None

    return open_group


def _opened(group: Node, place: str, raw: Mapping[str, Any], object_info: Mapping[str, Any]) -> Graph:
    inside = _inside(raw, object_info)
    inputs = GroupInputs(inside)
    held = held_by(group, NodeClass(group.type, "", inputs.specs, inputs.specs, ()))
    set_to: dict[int, dict[str, Any]] = {}
    for name, (index, own) in inputs.widgets.items():
        if name in held:
            for target, widget in inside.receivers(index, own):
                set_to.setdefault(target, {})[widget] = held[name].value
    links = {f"{n}": Link(str(origin), slot, str(target), 0) for n, (origin, slot, target, _) in enumerate(inside.links)}
    links |= {f"in{n}": Link(PORTS_IN, n, str(index), 0) for n, (_, index, _) in enumerate(inputs.exposed)}
    by_input: list[dict[str, str]] = [{} for _ in inside.nodes]
    for n, (_, _, target, slot) in enumerate(inside.links):
        by_input[target][inside.input_name(target, slot)] = f"{n}"
    for n, (_, index, own) in enumerate(inputs.exposed):
        by_input[index][own] = f"in{n}"
    nodes = {str(index): _node(inside, index, by_input[index], set_to.get(index, {})) for index in range(len(inside.nodes))}
    ports = tuple(Port(spec.name, spec.type, (f"in{n}",)) for n, (spec, _, _) in enumerate(inputs.exposed))
    outputs, ends = _outputs(inside)
    return Graph(place, nodes, links | ends, ports, outputs, promotes=False)


def _inside(raw: Mapping[str, Any], object_info: Mapping[str, Any]) -> Inside:
    nodes = []
    for index, value in enumerate(as_list(raw.get("nodes"))[:MAX_NODES]):
        nodes.append(read_node({**as_dict(value), "id": index}) or Node(str(index), "?"))
    classes = {node.type: read_class(node.type, info) for node in nodes if isinstance(info := object_info.get(node.type), dict)}
    return Inside(raw, nodes, classes)


def _node(inside: Inside, index: int, by_input: Mapping[str, str], set_to: Mapping[str, Any]) -> Node:
    node = inside.nodes[index]
    saved = {slot.name: slot for slot in node.inputs}
    names = dict.fromkeys([*saved, *by_input])
    return Node(
        id=node.id,
        type=node.type,
        title=node.title,
        mode=node.mode,
        inputs=tuple(
            Slot(name, saved[name].type if name in saved else "*", by_input.get(name), saved[name].widget if name in saved else None)
            for name in names
        ),
        outputs=node.outputs,
        values=node.values,
        properties=node.properties,
        set_to=set_to,
    )


def _outputs(inside: Inside) -> tuple[tuple[Port, ...], dict[str, Link]]:
    """Return the outputs of a group node: those of its nodes that are not used up inside."""
    ports: list[Port] = []
    links: dict[str, Link] = {}
    inner = {(origin, slot) for origin, slot, _, _ in inside.links} - inside.external.keys()
    for index, node in enumerate(inside.nodes):
        for slot, kind in enumerate(inside.output_types(index)):
            shown = as_dict(as_dict(inside.config(index).get("output")).get(str(slot))).get("visible")
            if (index, slot) not in inner if shown is None else js.truthy(shown):
                links[f"out{len(ports)}"] = Link(node.id, slot, PORTS_OUT, len(ports))
                ports.append(Port(str(kind), kind, (f"out{len(ports)}",)))
    return tuple(ports), links
