"""What keeps a workflow from being converted: one sentence for each node, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from viewcomfy.core.editor.graph import Node
from viewcomfy.core.errors import InvalidWorkflow

_SHOWN = 3
_MOST = 100
HINT = "Or open it in ComfyUI and export it with Workflow → Export (API)."


def problem(node_id: str, message: str, node: Node | None = None, code: str = "not_convertible") -> dict[str, Any]:
    """Return what is wrong with a node, as an error carries it."""
    return {
        "code": code,
        "node_id": node_id,
        "node_title": (node.title or node.type)[:200] if node else "",
        "class_type": node.type[:200] if node else "",
        "message": message,
    }


def named(node_id: str, node: Node) -> str:
    """Return how a node is called in a sentence: its id, class and, where it has one of its own, title."""
    own = f", {_short(node.title)!r}" if node.title and node.title != node.type else ""
    return f"node {node_id} ({_short(node.type)}{own})"


def refuse(problems: Sequence[dict[str, Any]]) -> NoReturn:
    """Raise InvalidWorkflow that tells the first problems in a sentence and carries all of them."""
    told = " ".join(item["message"] for item in problems[:_SHOWN])
    rest = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
    raise InvalidWorkflow(f"The workflow can't be converted. {told}{rest}", hint=HINT, problems=problems[:_MOST])


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
