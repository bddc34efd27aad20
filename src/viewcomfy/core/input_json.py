"""Declared inputs as JSON: what the store keeps of them with a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from viewcomfy.core.inputs import Choice, Input, InputKind

_DEFAULTS = {field.name: field.default for field in fields(Input)}


def input_as_dict(declared: Input) -> dict[str, Any]:
    """Return a declared input as JSON; what is as usual is left out."""
    found = {name: getattr(declared, name) for name, usual in _DEFAULTS.items() if not _same(getattr(declared, name), usual)}
    found["kind"] = declared.kind.value
    if declared.choices is not None:
        found["choices"] = choices_as_list(declared.choices)
    return found


def input_from_dict(found: Mapping[str, Any]) -> Input:
    """Return the declared input that `input_as_dict` made this of; fields from a newer version are ignored."""
    known: dict[str, Any] = {name: value for name, value in found.items() if name in _DEFAULTS}
    known["kind"] = InputKind(found["kind"])
    if found.get("choices") is not None:
        known["choices"] = choices_from_list(found["choices"])
    return Input(**known)


def choices_as_list(choices: tuple[Choice, ...]) -> list[dict[str, Any]]:
    """Return choices as JSON."""
    return [{"value": choice.value, "label": choice.label} for choice in choices]


def choices_from_list(found: Any) -> tuple[Choice, ...]:
    """Return the choices that JSON describes: values, or objects with a value and a label."""
    pairs = [(one["value"], one.get("label")) if isinstance(one, Mapping) else (one, None) for one in found]
    return tuple(Choice(value, str(value) if label is None else str(label)) for value, label in pairs)


def _same(value: Any, usual: Any) -> bool:
    return usual is not MISSING and type(value) is type(usual) and value == usual
