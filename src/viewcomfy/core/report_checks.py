"""What is wrong with a workflow as one ComfyUI sees it, by the rules that it goes by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.catalog import Catalog, NodeClass
from viewcomfy.core.report_graph import Links, cycles, declares, links_of, reached
from viewcomfy.core.report_node import lost_links, node_faults
from viewcomfy.core.report_values import Fault, show
from viewcomfy.core.workflows import is_link, seed_inputs

OWN_FOLDER = "filename_prefix"
"""The input that each job is given anew, so that a save node always saves; it changes nothing of what is saved."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and its place; `node_id` is empty for the workflow as a whole, `input_name` for a node as a whole."""

    node_id: str
    input_name: str
    fault: Fault


def findings(workflow: Mapping[str, Any], catalog: Catalog | None, locked: Collection[tuple[str, str]] = ()) -> Iterator[Finding]:
    """Yield what is wrong; without a catalog only what can be told from the workflow itself.

    `locked` are the inputs (node_id, input_name) that callers may not set. Like ComfyUI, look at the class of every node,
    but at the inputs of those only that feed an output node.
    """
    if catalog is None:
        yield from _nodes(workflow, {}, links_of(workflow, {}), set(workflow))
        yield from _seeds(workflow)
        return
    classes = catalog.classes
    unknown = [node_id for node_id, node in workflow.items() if node["class_type"] not in classes]
    outputs = [node_id for node_id, node in workflow.items() if node["class_type"] in classes and classes[node["class_type"]].is_output]
    for node_id in unknown:
        yield Finding(node_id, "", _unknown_class(workflow[node_id]["class_type"], classes))
    if not outputs and not unknown:
        yield Finding("", "", Fault("no_output", "has no output node", "Add one that saves its result, such as Save Image."))
    roots = [*outputs, *unknown] or list(workflow)  # a node of an unknown class may be an output node
    links = links_of(workflow, classes)
    faults = list(_nodes(workflow, classes, links, reached(roots, links.declared)))
    yield from faults
    yield from _unreachable(workflow, links, reached(roots, links.followed))
    if not faults and not unknown:
        yield from _unchanging(workflow, classes, links, outputs, locked)


def _unknown_class(class_type: str, classes: Mapping[str, NodeClass]) -> Fault:
    advice = "Install the custom node that brings it."
    return Fault("unknown_node_class", f"is of the class {show(class_type)}", advice, class_type, classes)


def _nodes(workflow: Mapping[str, Any], classes: Mapping[str, NodeClass], links: Links, checked: set[str]) -> Iterator[Finding]:
    run = reached(checked, links.followed)
    for node_id in workflow:
        if node_id in run:
            faults = node_faults(workflow, classes, node_id) if node_id in checked else lost_links(workflow, node_id)
            for input_name, fault in faults:
                yield Finding(node_id, input_name, fault)
    for cycle in cycles({node_id: sources for node_id, sources in links.declared.items() if node_id in checked}):
        way = " → ".join([*cycle[:10], "…"] if len(cycle) > 11 else cycle)
        yield Finding(cycle[0], "", Fault("cycle", f"is part of a cycle, {way} → {cycle[0]}", "Remove one of these connections."))


def _unreachable(workflow: Mapping[str, Any], links: Links, run: set[str]) -> Iterator[Finding]:
    """Name the last node of each part of the workflow that never runs, not all that lead to it."""
    sources = {node_id: [source for source in links.followed[node_id] if source not in run] for node_id in workflow if node_id not in run}
    feeding = {source for into in sources.values() for source in into}
    told: set[str] = set()
    for node_id in sorted(sources, key=feeding.__contains__):  # those that feed nothing come first
        if node_id not in told:
            part = reached([node_id], sources) - told
            count = len(part) - 1
            others = f", nor do {count} that lead to it" if count > 1 else ", nor does the one that leads to it" if count else ""
            text = f"feeds no output node, so that it never runs{others}"
            yield Finding(node_id, "", Fault("unreachable", text, "Connect it or remove it.", severity="warning"))
            told |= part
            sources.update((other, []) for other in part)  # nobody goes there again


def _unchanging(
    workflow: Mapping[str, Any], classes: Mapping[str, NodeClass], links: Links, outputs: list[str], locked: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    constant = [node_id for node_id in outputs if not _can_change(workflow, classes, links, node_id, locked)]
    for node_id in constant:
        text = "always gives the same: nothing that callers may set leads to it"
        yield Finding(node_id, "", Fault("always_cached", text, severity="warning"))
    if len(constant) < len(outputs):
        yield from _seeds(workflow)


def _seeds(workflow: Mapping[str, Any]) -> Iterator[Finding]:
    if not seed_inputs(workflow):
        text = "has no seed, so that a call that sets nothing would change nothing, and ComfyUI would have it all cached"
        yield Finding("", "", Fault("always_cached", text, "Callers must set at least one input.", severity="warning"))


def _can_change(
    workflow: Mapping[str, Any], classes: Mapping[str, NodeClass], links: Links, output: str, locked: Collection[tuple[str, str]]
) -> bool:
    """Tell whether callers may set any value that an output node depends on."""
    for node_id in reached([output], links.followed):
        node_class = classes.get(workflow[node_id]["class_type"])
        for name, value in workflow[node_id]["inputs"].items():
            if name != OWN_FOLDER and not is_link(value) and (node_id, name) not in locked and declares(node_class, name):
                return True
    return False
