"""A workflow as it stands once the editor has opened it: every node with its inputs, its widgets and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from viewcomfy.core.editor.flatten import Placed
from viewcomfy.core.editor.graph import Node, Slot
from viewcomfy.core.editor.node_class import NodeClass, read_class
from viewcomfy.core.editor.promotion import hidden_names, linked_inside, shown_values, values_inside
from viewcomfy.core.editor.slots import inputs_of_class, inputs_of_subgraph
from viewcomfy.core.editor.values import Held, held_by, taken
from viewcomfy.core.editor.virtual import PRIMITIVE, is_virtual
from viewcomfy.core.editor.widgets import UNSET, Kind
from viewcomfy.core.errors import InvalidWorkflow

_MOST_STEPS = 1_000_000
"""How many links, and inputs of bypassed nodes, are looked at for one workflow: some seconds of work."""


class Opened:
    """Answers what a node's inputs and widgets are; each is looked at once."""

    def __init__(self, nodes: Mapping[str, Placed], object_info: Mapping[str, Any]) -> None:
        self.nodes = nodes
        self._object_info = object_info
        self._inside = values_inside(nodes)
        self._classes: dict[str, NodeClass | None] = {}
        self._held: dict[str, dict[str, Held]] = {}
        self._inputs: dict[str, tuple[Slot, ...]] = {}
        self._by_link: dict[str, dict[str, Slot]] = {}
        self._steps = 0

    def spend(self, steps: int) -> None:
        """Count steps of work; raise InvalidWorkflow once there were too many."""
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise InvalidWorkflow("The links of the workflow are too tangled to follow.", hint="Use fewer reroutes and bypassed nodes.")

    def class_of(self, node: Node) -> NodeClass | None:
        """Return the class of a node, None if ComfyUI has none of this name."""
        name = node.type
        if name not in self._classes:
            info = None if is_virtual(name) else self._object_info.get(name)
            self._classes[name] = read_class(name, info) if isinstance(info, Mapping) else None
        return self._classes[name]

    def inputs(self, placed: Placed) -> tuple[Slot, ...]:
        """Return the inputs of a node in their order."""
        if placed.id not in self._inputs:
            self._inputs[placed.id] = self._find_inputs(placed)
        return self._inputs[placed.id]

    def held(self, placed: Placed) -> Mapping[str, Held]:
        """Return the widgets of a node by name, with their values; of one that stands for a subgraph, those that are linked."""
        if placed.id not in self._held:
            held = self._promoted(placed) if placed.inner else self._own(placed)
            self._held[placed.id] = held
            for name, value in self._given(placed, held):
                if name in held:
                    held[name] = replace(held[name], value=taken(held[name].widget, value))
        return self._held[placed.id]

    def _find_inputs(self, placed: Placed) -> tuple[Slot, ...]:
        if placed.inner:
            return inputs_of_subgraph(placed)
        node_class = self.class_of(placed.node)
        return inputs_of_class(placed, node_class, self.held(placed)) if node_class else placed.node.inputs

    def _own(self, placed: Placed) -> dict[str, Held]:
        node_class = self.class_of(placed.node)
        return held_by(placed.node, node_class) if node_class else {}

    def _promoted(self, placed: Placed) -> dict[str, Held]:
        """Return a copy of the first widget that each input of a subgraph is connected to."""
        found: dict[str, Held] = {}
        for name, ends in linked_inside(placed):
            inner = next((held for node_id, link in ends if (held := self._at(node_id, link))), None)
            if inner:
                kind = Kind.PLAIN if inner.widget.kind is Kind.FILE else inner.widget.kind
                found[name] = Held(replace(inner.widget, name=name, kind=kind), inner.value)
        values, hidden = shown_values(placed.node, list(found)), hidden_names(placed.node)
        return {
            name: replace(held, value=taken(held.widget, values.get(name, held.value)))
            for name, held in found.items()
            if name not in hidden
        }

    def _at(self, node_id: str, link: str) -> Held | None:
        """Return the widget of the input that a link leads to."""
        placed = self.nodes.get(node_id)
        if placed is None:
            return None
        if node_id not in self._by_link:
            self._by_link[node_id] = {slot.link: slot for slot in reversed(self.inputs(placed)) if slot.link}
        slot = self._by_link[node_id].get(link)
        return self.held(placed).get(slot.name if placed.inner else slot.widget or "") if slot else None

    def _given(self, placed: Placed, held: Mapping[str, Held]) -> Iterator[tuple[str, Any]]:
        """Yield the values that other nodes give to a node's widgets: those around it, then the primitives linked to it."""
        yield from self._inside.get(placed.id, {}).items()
        for slot in self.inputs(placed):
            link = placed.graph.links.get(slot.link) if slot.link else None
            origin = placed.graph.nodes.get(link.origin) if link else None
            name = slot.name if placed.inner else slot.widget or ""
            value = _primitive_value(origin) if origin and origin.type == PRIMITIVE else UNSET
            if value is not UNSET and name in held:
                yield name, _within(held[name], value)


def _primitive_value(node: Node) -> Any:
    saved = node.values if isinstance(node.values, list) else []
    return node.set_to.get("value", saved[0] if saved else UNSET)


def _within(held: Held, value: Any) -> Any:
    """Return a primitive's number within the limits of the widget that it is linked to."""
    spec = held.widget.spec
    if spec is None or spec.type not in ("INT", "FLOAT") or type(value) not in (int, float):
        return value
    minimum, maximum = spec.options.get("min"), spec.options.get("max")
    value = max(value, minimum) if type(minimum) in (int, float) else value
    return min(value, maximum) if type(maximum) in (int, float) else value
