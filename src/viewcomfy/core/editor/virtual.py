"""Node types that only exist in the editor: they are resolved when a workflow is sent, and never sent themselves."""

from __future__ import annotations

from viewcomfy.core.editor.graph import Node

PRIMITIVE = "PrimitiveNode"
SETTER, GETTER = "SetNode", "GetNode"
"""Of the widespread pack KJNodes: a getter has what the setter of the same name was given."""
PASSING = frozenset({"Reroute", "Reroute (rgthree)", SETTER})
_SILENT = frozenset({
    "Note", "MarkdownNote", "Label (rgthree)", "Bookmark (rgthree)", "Fast Muter (rgthree)", "Fast Bypasser (rgthree)",
    "Fast Groups Muter (rgthree)", "Fast Groups Bypasser (rgthree)", "Fast Actions Button (rgthree)", "Node Collector (rgthree)",
    "Mute / Bypass Repeater (rgthree)", "Mute / Bypass Relay (rgthree)", "Random Unmuter (rgthree)",
})  # fmt: skip


def is_virtual(class_type: str) -> bool:
    """Tell whether a node of this type exists in the editor only."""
    return class_type in PASSING or class_type in _SILENT or class_type in (PRIMITIVE, GETTER)


def name_of(node: Node) -> str:
    """Return the name that a setter or getter carries."""
    values = node.values
    first = next(iter(values.values()), "") if isinstance(values, dict) else values[0] if values else ""
    return first if isinstance(first, str) else ""
