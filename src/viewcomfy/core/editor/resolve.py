"""Where the value of an input comes from: links followed through reroutes, bypassed nodes and the ports of subgraphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from viewcomfy.core.editor.flatten import Placed
from viewcomfy.core.editor.graph import BYPASSED, MUTED, PORTS_IN, Slot
from viewcomfy.core.editor.opened import Opened
from viewcomfy.core.editor.problems import named, problem, refuse
from viewcomfy.core.editor.slots import fits, output_type
from viewcomfy.core.editor.virtual import GETTER, PASSING, SETTER, is_virtual, name_of
from viewcomfy.core.editor.widgets import UNSET


@dataclass(frozen=True, slots=True)
class Source:
    """The output that an input is connected to in the end."""

    node_id: str
    slot: int


@dataclass(frozen=True, slots=True)
class Constant:
    """The value that the node standing for a subgraph gives to an input inside."""

    value: Any


@dataclass(frozen=True, slots=True)
class _At:
    """One step: an input (`out` false) or an output of a node, looked at for an input of type `kind`."""

    placed: Placed
    slot: int
    out: bool
    kind: Any = None


def resolve(opened: Opened, placed: Placed, slot: int) -> Source | Constant | None:
    """Return where an input's value comes from, None if nothing is connected to it; raise InvalidWorkflow for a circle."""
    at: _At | Source | Constant | None = _At(placed, slot, out=False)
    seen: set[tuple[str, int, bool]] = set()
    shown: Any = UNSET
    while isinstance(at, _At):
        step = (at.placed.id, at.slot, at.out)
        if step in seen:
            message = f"The links of {named(at.placed.id, at.placed.node)} lead in a circle. Remove one of them."
            refuse([problem(at.placed.id, message, at.placed.node)])
        seen.add(step)
        opened.spend(1)
        if at.out:
            at = _from_output(opened, at)
        else:
            outer = _shown_outside(opened, at)
            shown = shown if outer is UNSET else outer
            at = _from_input(opened, at)
    return Constant(shown) if at is None and shown is not UNSET else at


def _from_input(opened: Opened, at: _At) -> _At | Constant | None:
    found = _slot(opened, at)
    link = at.placed.graph.links.get(found.link) if found and found.link else None
    if found is None or link is None:
        return None
    if link.origin == PORTS_IN:
        return _outside(opened, at.placed, link.origin_slot)
    origin = opened.nodes.get(at.placed.beside(link.origin))
    return _At(origin, link.origin_slot, out=True, kind=found.type if at.kind is None else at.kind) if origin else None


def _outside(opened: Opened, placed: Placed, place: int) -> _At | None:
    """Go on at the input of the node that stands for the subgraph."""
    return _At(placed.parent, place, out=False) if placed.parent and 0 <= place < len(opened.inputs(placed.parent)) else None


def _shown_outside(opened: Opened, at: _At) -> Any:
    """Return what the node standing for a subgraph shows for its input `at`, UNSET where it shows nothing."""
    found = _slot(opened, at)
    if found is None or at.placed.inner is None:
        return UNSET
    held = opened.held(at.placed).get(found.name)
    return held.value if held else UNSET


def _from_output(opened: Opened, at: _At) -> _At | Source | None:
    placed = at.placed
    if placed.node.mode == BYPASSED:
        place = _bypass(opened, at)
        return None if place is None else _At(placed, place, out=False)
    if placed.inner:
        return _inside(opened, at)
    if not is_virtual(placed.node.type):
        return Source(placed.id, at.slot)
    if placed.node.type == GETTER:
        setter = _setter(opened, placed)
        return _At(setter, 0, out=False, kind=at.kind) if setter else None
    return _At(placed, at.slot, out=False, kind=at.kind) if placed.node.type in PASSING else None


def _inside(opened: Opened, at: _At) -> _At | None:
    """Go on at the node inside a subgraph that its output is connected to; nothing comes out of one muted within another.

    Where the outermost one is muted nothing inside of it runs, so that a link through it is left only if it passes on an input.
    """
    graph = at.placed.inner
    muted = at.placed.parent is not None and at.placed.node.mode == MUTED
    if graph is None or muted or not 0 <= at.slot < len(graph.outputs):
        return None
    link = next((graph.links[name] for name in graph.outputs[at.slot].links if name in graph.links), None)
    if link is None:
        return None
    if link.origin == PORTS_IN:
        return _At(at.placed, link.origin_slot, out=False)
    origin = opened.nodes.get(at.placed.inside(link.origin))
    return _At(origin, link.origin_slot, out=True, kind=at.kind) if origin else None


def _setter(opened: Opened, getter: Placed) -> Placed | None:
    """Return the setter of a getter's name: in its own graph, else in one that this is part of."""
    name, scope = name_of(getter.node), getter
    while name:
        opened.spend(len(scope.graph.nodes))
        for node in scope.graph.nodes.values():
            if node.type == SETTER and name_of(node) == name:
                return opened.nodes.get(scope.beside(node.id))
        if scope.parent is None:
            break
        scope = scope.parent
    return None


def _bypass(opened: Opened, at: _At) -> int | None:
    """Return the input that a bypassed node passes on in place of an output, by its type."""
    inputs = opened.inputs(at.placed)
    opened.spend(len(inputs))
    if at.kind in ("*", ""):
        return (at.slot if len(inputs) > at.slot else 0) if inputs else None
    own = output_type(at.placed, opened.class_of(at.placed.node), at.slot)
    if 0 <= at.slot < len(inputs) and fits(inputs[at.slot].type, own) and fits(inputs[at.slot].type, at.kind):
        return at.slot
    exact = next((place for place, slot in enumerate(inputs) if slot.type == at.kind), None)
    if exact is not None:
        return exact
    return next((place for place, slot in enumerate(inputs) if fits(slot.type, own) and fits(slot.type, at.kind)), None)


def _slot(opened: Opened, at: _At) -> Slot | None:
    inputs = opened.inputs(at.placed)
    return inputs[at.slot] if 0 <= at.slot < len(inputs) else None
