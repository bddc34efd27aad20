"""The inputs of a group node: those of the nodes inside that are not connected there, under names that are unique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from viewcomfy.core.editor.format import as_dict, as_index, as_list, as_text
from viewcomfy.core.editor.graph import Node
from viewcomfy.core.editor.node_class import NodeClass, Spec
from viewcomfy.core.editor.virtual import PRIMITIVE
from viewcomfy.core.editor.widgets import SEEDS, has_widget

_REROUTE = "Reroute"


class Inside:
    """What is inside of a group node: nodes by their place, and the links between them."""

    def __init__(self, raw: Mapping[str, Any], nodes: Sequence[Node], classes: Mapping[str, NodeClass]) -> None:
        self.nodes = nodes
        self._classes = classes
        self._config = as_dict(raw.get("config"))
        self.links: list[tuple[int, int, int, int]] = []
        self._from: dict[int, list[tuple[int, int]]] = {}
        self._to: dict[int, list[tuple[int, int]]] = {}
        self._types: dict[int, Any] = {}
        self._known: dict[int, NodeClass | None] = {}
        for value in as_list(raw.get("links")):
            parts = as_list(value)
            link = tuple(as_index(part) for part in parts[:4])
            if len(link) == 4 and 0 <= link[0] < len(nodes) and 0 <= link[2] < len(nodes):
                self.links.append((link[0], link[1], link[2], link[3]))
                self._from.setdefault(link[0], []).append((link[2], link[3]))
                self._to.setdefault(link[2], []).append((link[0], link[1]))
                self._types.setdefault(link[0], parts[5] if len(parts) > 5 else "*")
        self.external = {
            (as_index(parts[0]), as_index(parts[1])): parts[2] for value in as_list(raw.get("external")) if len(parts := as_list(value)) > 2
        }
        self.linked = {(target, slot) for _, _, target, slot in self.links}

    def config(self, index: int) -> dict[str, Any]:
        """Return what the author has set for a node: other names, and what is not to be shown."""
        return as_dict(self._config.get(str(index)))

    def class_of(self, index: int) -> NodeClass | None:
        """Return the class of a node; primitives and reroutes have one that depends on what they are linked to."""
        if index not in self._known:
            self._known[index] = self._find_class(index)
        return self._known[index]

    def _find_class(self, index: int) -> NodeClass | None:
        kind = self.nodes[index].type
        if kind == PRIMITIVE:
            return self._primitive(index) if index in self._types else None
        if kind == _REROUTE:
            return None if self._is_passed(index) else self._reroute(index)
        return self._classes.get(kind)

    def sockets(self, index: int) -> list[Spec]:
        """Return the inputs of a node that are sockets, in their order."""
        found = self.class_of(index)
        return [spec for spec in found.defined if not has_widget(spec)] if found else []

    def converted(self, index: int) -> list[Spec]:
        """Return the widgets of a node that were saved as inputs too, in the order of these."""
        found, node = self.class_of(index), self.nodes[index]
        by_name = {spec.name: spec for spec in found.defined if has_widget(spec)} if found else {}
        return [by_name[slot.name] for slot in node.inputs if slot.widget == slot.name and slot.name in by_name]

    def input_name(self, index: int, slot: int) -> str:
        """Return the name of an input by its place: sockets first, then converted widgets."""
        if self.nodes[index].type == _REROUTE:
            return ""
        names = [spec.name for spec in (*self.sockets(index), *self.converted(index))]
        return names[slot] if 0 <= slot < len(names) else f"#{slot}"

    def output_types(self, index: int) -> Sequence[Any]:
        """Return the types of a node's outputs."""
        found = self.class_of(index)
        return found.outputs if found else ()

    def receivers(self, index: int, name: str) -> Iterator[tuple[int, str]]:
        """Yield (node, widget) for what takes the value of a widget: itself, and what a primitive or reroute is linked to."""
        yield index, name
        if self.nodes[index].type not in (PRIMITIVE, _REROUTE):
            return
        for target, slot in self._from.get(index, ()):
            yield target, self.input_name(target, slot)

    def _is_passed(self, index: int) -> bool:
        """Tell whether a reroute is used inside only."""
        return index in self._to and index in self._from and (index, 0) not in self.external

    def _primitive(self, index: int) -> NodeClass:
        kind, options = as_text(self._types[index]), {}
        if kind == "COMBO":
            target, slot = self._from[index][0]
            wanted = self.input_name(target, slot)
            found = self._classes.get(self.nodes[target].type)
            options = next((dict(spec.options) for spec in found.defined if spec.name == wanted), {}) if found else {}
        spec = Spec("value", kind, {**options, "control_after_generate": kind in ("INT", "FLOAT", "COMBO")})
        return NodeClass(PRIMITIVE, "", (spec,), (spec,), (kind,))

    def _reroute(self, index: int) -> NodeClass:
        kinds = [self._types.get(index), *(self._kind(*source) for source in self._to.get(index, ()))]
        kind = next((kind for kind in kinds if isinstance(kind, str) and kind not in ("", "*")), None)
        kind = kind or as_text(self.external.get((index, 0))) or "*"
        spec = Spec(kind, kind, {"forceInput": True})
        return NodeClass(_REROUTE, "", (spec,), (spec,), (kind,))

    def _kind(self, index: int, slot: int) -> Any:
        outputs = self.nodes[index].outputs
        return outputs[slot].type if 0 <= slot < len(outputs) else None


class GroupInputs:
    """The inputs of a group node in their order: `specs` as of a class, `widgets` and `exposed` with what they are inside."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._seen: dict[str, int] = {}
        self._specs: dict[str, Spec] = {}
        self.widgets: dict[str, tuple[int, str]] = {}
        self.exposed: list[tuple[Spec, int, str]] = []
        for index in range(len(inside.nodes)):
            self._add_node(index)
        for index in range(len(inside.nodes)):
            self._add_converted(index)

    @property
    def specs(self) -> tuple[Spec, ...]:
        """All of them as inputs of one class."""
        return tuple(self._specs.values())

    def _add_node(self, index: int) -> None:
        found = self._inside.class_of(index)
        converted = {spec.name for spec in self._inside.converted(index)}
        for spec in found.defined if found else ():
            if has_widget(spec) and spec.name not in converted:
                self._add(index, spec)
        for place, spec in enumerate(self._inside.sockets(index)):
            if (index, place) not in self._inside.linked:
                self._add(index, spec)

    def _add_converted(self, index: int) -> None:
        first = len(self._inside.sockets(index))
        for place, spec in enumerate(self._inside.converted(index), first):
            if (index, place) not in self._inside.linked:
                self._add(index, spec)

    def _add(self, index: int, spec: Spec) -> None:
        set_up = as_dict(as_dict(self._inside.config(index).get("input")).get(spec.name))
        name, prefix = self._name(index, spec.name, as_text(set_up.get("name")))
        options = dict(spec.options)
        if spec.name in SEEDS:
            options["control_after_generate"] = f"{prefix}control_after_generate"
        if not has_widget(spec) and set_up.get("visible") is False:
            return
        own = "" if self._inside.nodes[index].type == _REROUTE else spec.name
        made = Spec(name, spec.type, options)
        self._specs[name] = made
        if self._inside.nodes[index].type != PRIMITIVE:
            self.exposed.append((made, index, own))
        if has_widget(spec):
            self.widgets[name] = (index, spec.name)

    def _name(self, index: int, own: str, wished: str) -> tuple[str, str]:
        """Return a name that is not taken, and what was put before it."""
        node = self._inside.nodes[index]
        name = key = wished or own
        prefix = ""
        if (node.type == PRIMITIVE and node.title) or name in self._seen:
            prefix = f"{node.title or node.type} "
            name = key = f"{prefix}{own}"
            if name in self._seen:
                name = f"{prefix}{self._seen[name]} {own}"
        self._seen[key] = self._seen.get(key, 1) + 1
        return name, prefix
