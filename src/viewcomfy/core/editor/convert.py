"""Convert a workflow from the editor's format into the API format, as ComfyUI's own "Export (API)" does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.editor import js
from viewcomfy.core.editor.flatten import Placed, flatten
from viewcomfy.core.editor.format import as_text
from viewcomfy.core.editor.groups import opener
from viewcomfy.core.editor.needed_models import needed_models
from viewcomfy.core.editor.opened import Opened
from viewcomfy.core.editor.problems import named, problem, refuse
from viewcomfy.core.editor.read import read_document
from viewcomfy.core.editor.resolve import Constant, Source, resolve
from viewcomfy.core.editor.sent_text import SAVERS, resolve_choices, resolve_quotes
from viewcomfy.core.editor.values import Held
from viewcomfy.core.editor.virtual import is_virtual
from viewcomfy.core.editor.widgets import UNSET, Kind
from viewcomfy.core.errors import InvalidWorkflow
from viewcomfy.core.models import Model

_BROWSER_ONLY = {
    "WebcamCapture": "takes its picture in the browser. Use Load Image in its place",
    "Load3D": "draws its picture in the browser. Use Load Image in its place",
}


@dataclass(frozen=True, slots=True)
class Converted:
    """A workflow in the API format, and the models that it says it needs."""

    workflow_api: dict[str, Any]
    models: tuple[Model, ...] = ()


def convert(workflow: Mapping[str, Any], object_info: Mapping[str, Any]) -> Converted:
    """Return a workflow of the editor's in the API format.

    `object_info` is the answer of `GET /object_info` of a ComfyUI that has the workflow's node classes. Raises InvalidWorkflow
    whose problems name every node that can't be converted, and why.
    """
    document = read_document(workflow)
    opened = Opened(flatten(document, opener(document, object_info)), object_info)
    running = [placed for placed in opened.nodes.values() if _runs(placed)]
    problems = [fault for placed in running if (fault := _fault(opened, placed))]
    if problems:
        refuse(problems)
    if not running:
        raise InvalidWorkflow("The workflow has no node that could run: all are notes, muted or bypassed.")
    quoted = _Quoted(opened)
    nodes = {placed.id: _node(opened, placed, quoted) for placed in running}
    for node in nodes.values():
        node["inputs"] = {name: value for name, value in node["inputs"].items() if not (isinstance(value, list) and value[0] not in nodes)}
    return Converted(nodes, needed_models(_properties(opened, placed) for placed in running))


def _runs(placed: Placed) -> bool:
    return placed.runs and placed.inner is None and not is_virtual(placed.node.type)


def _fault(opened: Opened, placed: Placed) -> dict[str, Any] | None:
    """Return why a node can't be converted, None if it can."""
    node = placed.node
    if node.type in _BROWSER_ONLY:
        return problem(placed.id, f"N{named(placed.id, node)[1:]} {_BROWSER_ONLY[node.type]}.", node)
    if opened.class_of(node):
        return None
    message = f"N{named(placed.id, node)[1:]} is of a class that this ComfyUI does not have: add the pack that brings it."
    return problem(placed.id, message, node, "unknown_node_class")


def _node(opened: Opened, placed: Placed, quoted: _Quoted) -> dict[str, Any]:
    node_class = opened.class_of(placed.node)
    inputs = {name: _wrapped(_sent(placed, held, quoted)) for name, held in opened.held(placed).items() if name and held.widget.sent}
    for place, slot in enumerate(opened.inputs(placed)):
        source = resolve(opened, placed, place)
        if isinstance(source, Source):
            inputs[slot.name] = [source.node_id, source.slot]
        elif isinstance(source, Constant):
            inputs[slot.name] = _wrapped(source.value)
    return {
        "inputs": {name: value for name, value in inputs.items() if value is not UNSET},
        "class_type": placed.node.type,
        "_meta": {"title": placed.node.title or (node_class.title if node_class else placed.node.type)},
    }


def _sent(placed: Placed, held: Held, quoted: _Quoted) -> Any:
    """Return what a widget sends for its value."""
    if held.widget.kind is Kind.CURVE and held.value is not None:
        return {"__type__": "CURVE", "__value__": held.value}
    if isinstance(held.value, str) and held.widget.dynamic:
        return resolve_choices(held.value)
    if isinstance(held.value, str) and held.widget.name == "filename_prefix" and placed.node.type in SAVERS:
        return resolve_quotes(held.value, quoted.value)
    return held.value


def _wrapped(value: Any) -> Any:
    """Return a list as ComfyUI takes it for a value, and not for a link."""
    return {"__value__": value} if isinstance(value, list) else value


def _properties(opened: Opened, placed: Placed) -> tuple[dict[str, Any], set[str]]:
    values = [held.value for held in opened.held(placed).values()]
    return dict(placed.node.properties), {value for value in values if isinstance(value, str)}


class _Quoted:
    """Finds the widgets that the names of files quote: `%KSampler.seed%`, by the name or the title of a node."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._by_name: dict[str, Placed] = {}
        self._by_title: dict[str, Placed] = {}
        for placed in opened.nodes.values():
            node_class = opened.class_of(placed.node)
            usual = placed.node.type if node_class and placed.node.type not in SAVERS else ""
            self._by_name.setdefault(as_text(placed.node.properties.get("Node name for S&R", usual)), placed)
            self._by_title.setdefault(placed.node.title or (node_class.title if node_class else ""), placed)

    def value(self, node: str, widget: str) -> str | None:
        """Return what a widget holds, as text; None if there is no such node or widget."""
        placed = self._by_name.get(node) or self._by_title.get(node)
        held = self._opened.held(placed).get(widget) if placed else None
        if held is None:
            return None
        return "" if held.value is None or held.value is UNSET else js.text(held.value)
