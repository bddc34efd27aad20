"""The inputs and outputs of a node as they are once the editor has opened it: in the order of its class, linked as they were saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from viewcomfy.core.editor import js
from viewcomfy.core.editor.flatten import Placed
from viewcomfy.core.editor.graph import Slot
from viewcomfy.core.editor.node_class import NodeClass, Spec
from viewcomfy.core.editor.values import Held
from viewcomfy.core.editor.widgets import has_widget

_MATCHED = "COMFY_MATCHTYPE_V3"


def inputs_of_class(placed: Placed, node_class: NodeClass, held: Mapping[str, Held]) -> tuple[Slot, ...]:
    """Return the inputs of a node: sockets first, then those of its widgets, then what else was saved with it."""
    sockets = [Slot(spec.name, _type(spec)) for spec in node_class.specs if not has_widget(spec)]
    widgets = [Slot(spec.name, spec.type, widget=spec.name) for spec in node_class.specs if has_widget(spec)]
    slots = _linked([*sockets, *widgets], placed.node.inputs)
    return tuple(slot for slot in slots if slot.widget is None or slot.widget in held or slot in widgets)


def inputs_of_subgraph(placed: Placed) -> tuple[Slot, ...]:
    """Return the inputs of a node that stands for a subgraph: the subgraph's, then what else was saved with it."""
    ports = placed.inner.inputs if placed.inner else ()
    return tuple(_linked([Slot(port.name, port.type) for port in ports], placed.node.inputs))


def output_type(placed: Placed, node_class: NodeClass | None, place: int) -> Any:
    """Return the type of an output, "*" for one that is not there."""
    if placed.inner:
        types = [port.type for port in placed.inner.outputs]
    elif node_class:
        types = list(node_class.outputs)
    else:
        types = []
    types += [slot.type for slot in placed.node.outputs[len(types) :]]
    return types[place] if 0 <= place < len(types) else "*"


def fits(one: Any, other: Any) -> bool:
    """Tell whether an output of one type may be connected to an input of another; "*" fits all, "A,B" is either."""
    if _is_any(one) or _is_any(other) or one == other:
        return True
    ones, others = (set(js.text(kind).lower().split(",")) for kind in (one, other))
    return bool(ones & others) or bool({"", "*"} & (ones | others))


def _is_any(kind: Any) -> bool:
    return kind in ("", "*", 0, None)


def _linked(defined: Iterable[Slot], saved: Iterable[Slot]) -> list[Slot]:
    by_name = {slot.name: slot for slot in saved}
    slots = [replace(slot, link=by_name[slot.name].link) if slot.name in by_name else slot for slot in defined]
    names = {slot.name for slot in slots}
    return [*slots, *(slot for slot in saved if slot.name not in names)]


def _type(spec: Spec) -> Any:
    if spec.type != _MATCHED:
        return spec.type
    template = spec.options.get("template")
    return template.get("allowed_types", "*") if isinstance(template, dict) else "*"
