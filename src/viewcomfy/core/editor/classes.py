"""The node classes that a workflow names, in either format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viewcomfy.core.editor.format import is_editor_workflow
from viewcomfy.core.editor.read import read_document
from viewcomfy.core.workflows import check_workflow

_EDITORS_OWN = frozenset({"Note", "MarkdownNote", "Reroute", "PrimitiveNode"})
_GROUPS = ("workflow>", "workflow/")


def class_types(workflow: Mapping[str, Any]) -> list[str]:
    """Return every class once, without what only the editor knows. Raises InvalidWorkflow."""
    if not is_editor_workflow(workflow):
        return list(dict.fromkeys(node["class_type"] for node in check_workflow(workflow).values()))
    document = read_document(workflow)
    graphs = [document.root, *document.subgraphs.values()]
    types = dict.fromkeys(node.type for graph in graphs for node in graph.nodes.values())
    return [name for name in types if name not in document.subgraphs and name not in _EDITORS_OWN and not name.startswith(_GROUPS)]
