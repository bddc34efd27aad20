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
        inputs = {name: _as_text(value, taken.get(name)) for name, value in node["inputs"].items() if name in taken or "." in name}
        known[key] = digest([node["class_type"], {name: _source(value, prompt, object_info, known) for name, value in inputs.items()}])
    return known[key]


def _source(value: Any, prompt: Mapping[str, Any], object_info: Mapping[str, Any], known: dict[str, str]) -> Any:
    if isinstance(value, list) and len(value) == 2 and str(value[0]) in prompt:
        return [_signature(str(value[0]), prompt, object_info, known), value[1]]
    return value


def _inputs(node_class: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that ComfyUI hands to a node: those that the editor adds for itself are no part of the work."""
    given = node_class.get("input") or {}
    kinds = {name: kind for part in ("required", "optional") for name, kind in (given.get(part) or {}).items()}
    return {name: kind for name, kind in kinds.items() if not _is_shown_only(kind)}


def _as_text(value: Any, kind: Any) -> Any:
    """Return a number that is sent for a text as ComfyUI hands it on: as text."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number and isinstance(kind, list) and kind[:1] == ["STRING"] else value


def _is_shown_only(kind: Any) -> bool:
    return isinstance(kind, list) and kind[:1] == ["AUDIO_UI"]
