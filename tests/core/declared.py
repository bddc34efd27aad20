"""Declared inputs made by hand."""

from __future__ import annotations

from typing import Any

from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.params import Target


def an_input(key: str = "1-inputs-value", *, name: str = "value", kind: InputKind = InputKind.TEXT, **more: Any) -> Input:
    """Return a declared input; `choices` are plain values."""
    node_id, _, input_name = key.partition("-inputs-")
    if more.get("choices") is not None:
        more["choices"] = tuple(Choice(value, str(value)) for value in more["choices"])
    facts = {"class_type": "Node", "node_title": "Node", "label": name} | more
    return Input(name=name, key=Target(node_id, input_name).key, node_id=node_id, input_name=input_name, kind=kind, **facts)
