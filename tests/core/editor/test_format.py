from __future__ import annotations

from tests.core.editor.graphs import node, workflow
from viewcomfy.core.editor.format import is_editor_workflow


def test_the_editors_format_is_told_by_its_list_of_nodes() -> None:
    assert is_editor_workflow(workflow(node(1, "Loader")))
    assert is_editor_workflow({"nodes": []})


def test_the_api_format_and_anything_else_is_not_the_editors() -> None:
    others: tuple[object, ...] = ({"1": {"class_type": "Loader", "inputs": {}}}, {"nodes": {"1": {}}}, [], "nodes", None, 1, {})

    for value in others:
        assert not is_editor_workflow(value)
