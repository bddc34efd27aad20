"""What ComfyUI would find wrong with one node: its values, its connections, and what it lacks."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from viewcomfy.core.catalog import InputSpec, NodeClass
from viewcomfy.core.report_graph import fits
from viewcomfy.core.report_values import Fault, show, value_fault
from viewcomfy.core.workflows import is_link, node_title

EXPORT_ANEW = "Mend the connection in ComfyUI and export the workflow anew."


def node_faults(workflow: Mapping[str, Any], classes: Mapping[str, NodeClass], node_id: str) -> Iterator[tuple[str, Fault]]:
    """Yield (input_name, fault) for a node; of a class that is not among `classes`, only the links can be judged."""
    node = workflow[node_id]
    node_class = classes.get(node["class_type"])
    for spec in node_class.inputs.values() if node_class else ():
        if (fault := _declared_fault(workflow, classes, node["class_type"], spec, node["inputs"])) is not None:
            yield spec.name, fault
    yield from lost_links(workflow, node_id, node_class.inputs if node_class else ())


def lost_links(workflow: Mapping[str, Any], node_id: str, but: Container[str] = ()) -> Iterator[tuple[str, Fault]]:
    """Yield (input_name, fault) for the links that lead nowhere, of all inputs `but` some.

    ComfyUI does not check the inputs that a class does not declare. It follows them when it runs, and such a link then
    ends the thread that runs everything.
    """
    for name, value in workflow[node_id]["inputs"].items():
        if name not in but and is_link(value) and value[0] not in workflow:
            yield name, _no_such_node(name, value[0])


def label(workflow: Mapping[str, Any], node_id: str) -> str:
    """Return how messages name a node: `node 4 (Load Checkpoint)`."""
    return f"node {node_id[:40]} ({node_title(workflow[node_id])[:60]})"


def _declared_fault(
    workflow: Mapping[str, Any], classes: Mapping[str, NodeClass], class_type: str, spec: InputSpec, inputs: Mapping[str, Any]
) -> Fault | None:
    if spec.name not in inputs:
        if not spec.required or spec.type.startswith("COMFY_"):  # what only its class knows how to find
            return None
        return Fault("missing_input", f"lacks its input {spec.name!r}", "Give it a value or a connection, and export the workflow anew.")
    value = inputs[spec.name]
    if isinstance(value, list):  # ComfyUI takes any list for a connection
        return _link_fault(workflow, classes, spec, value)
    return value_fault(class_type, spec, value)


def _link_fault(workflow: Mapping[str, Any], classes: Mapping[str, NodeClass], spec: InputSpec, link: list[Any]) -> Fault | None:
    if len(link) != 2:
        text = f"has {show(link)} for {spec.name!r}, where a connection is a node's id and the number of its output"
        return Fault("broken_link", text, EXPORT_ANEW)
    source, slot = link
    if not isinstance(source, str) or source not in workflow:
        return _no_such_node(spec.name, source)
    source_class = classes.get(workflow[source]["class_type"])
    if source_class is None:
        return None
    outputs = source_class.outputs
    if not isinstance(slot, int) or not -len(outputs) <= slot < len(outputs):  # ComfyUI counts from the end, too
        count = f"{len(outputs)} output{'' if len(outputs) == 1 else 's'}, counted from 0"
        text = f"has its input {spec.name!r} connected to output {show(slot)} of {label(workflow, source)}, which has {count}"
        return Fault("broken_link", text, EXPORT_ANEW)
    if fits(outputs[slot], spec.type):
        return None
    text = (
        f"takes {spec.type} for {spec.name!r}, but is connected to output {slot} of {label(workflow, source)}, which gives {outputs[slot]}"
    )
    return Fault("link_type", text, EXPORT_ANEW)


def _no_such_node(name: str, source: Any) -> Fault:
    return Fault("broken_link", f"has its input {name!r} connected to node {str(source)[:40]}, which is not in the workflow", EXPORT_ANEW)
