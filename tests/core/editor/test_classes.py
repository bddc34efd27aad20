"""The node classes that a workflow names."""

from __future__ import annotations

from viewcomfy.core.editor.classes import class_types


def test_the_classes_of_the_api_format_are_told_once_each() -> None:
    node = {"class_type": "A", "inputs": {}}
    assert class_types({"1": node, "2": node, "3": {"class_type": "B", "inputs": {}}}) == ["A", "B"]


def test_of_the_editors_format_those_in_subgraphs_count_and_what_only_the_editor_knows_does_not() -> None:
    inner = {"id": "5b3f", "name": "Inner", "nodes": [{"id": 1, "type": "Deep"}], "links": []}
    kinds = ["A", "5b3f", "Note", "Reroute", "workflow>Group"]
    outer = {"nodes": [{"id": at, "type": kind} for at, kind in enumerate(kinds)], "links": [], "definitions": {"subgraphs": [inner]}}
    assert class_types(outer) == ["A", "Deep"]
