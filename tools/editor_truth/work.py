"""What a ComfyUI would do for a prompt, so that prompts can be told alike that only look different."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.editor_truth.truth import digest


def work(prompt: Mapping[str, Any], object_info: Mapping[str, Any]) -> list[str]:
    """Return what the output nodes of a prompt stand for, sorted: the same for prompts that differ in names, ids and unused nodes."""
    signatures: dict[str, str] = {}
    outputs = [key for key, node in prompt.items() if object_info[node["class_type"]].get("output_node")]
    return sorted(_signature(key, prompt, object_info, signatures) for key in outputs)


def _signature(key: str, prompt: Mapping[str, Any], object_info: Mapping[str, Any], known: dict[str, str]) -> str:
    if key not in known:
        known[key] = "in a circle"
        node = prompt[key]
        taken = _inputs(object_info[node["class_type"]])
        inputs = {name: value for name, value in node["inputs"].items() if name in taken or "." in name}
        known[key] = digest([node["class_type"], {name: _source(value, prompt, object_info, known) for name, value in inputs.items()}])
    return known[key]


def _source(value: Any, prompt: Mapping[str, Any], object_info: Mapping[str, Any], known: dict[str, str]) -> Any:
    if isinstance(value, list) and len(value) == 2 and str(value[0]) in prompt:
        return [_signature(str(value[0]), prompt, object_info, known), value[1]]
    return value


def _inputs(node_class: Mapping[str, Any]) -> set[str]:
    """Return the inputs that ComfyUI hands to a node: those that the editor adds for itself are no part of the work."""
    given = node_class.get("input") or {}
    return {name for part in ("required", "optional") for name, kind in (given.get(part) or {}).items() if not _is_shown_only(kind)}


def _is_shown_only(kind: Any) -> bool:
    return isinstance(kind, list) and kind[:1] == ["AUDIO_UI"]
