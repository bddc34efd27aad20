"""A field of an app file says how one input looks in the form: what it means for the input, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from viewcomfy.core.input_names import name_fault
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.params import RANDOM_SEED, SEPARATOR, Target, find_target
from viewcomfy.core.workflows import is_link

NO_HELP = "Helper Text"
"""What the app's editor fills in where its author wrote no help."""
HIDDEN = ("deleted", "hidden")
FILES = ("image", "image-mask", "video", "audio")
LIMITED = ("number", "bigint", "float", "slider", "seed", "noise_seed", "rand_seed", "select")
"""The fields whose limits count: choices can be numbers."""
VALUE_TYPES = {
    InputKind.INTEGER: "number", InputKind.NUMBER: "float", InputKind.BOOLEAN: "boolean", InputKind.SEED: "seed",
    InputKind.IMAGE: "image", InputKind.VIDEO: "video", InputKind.AUDIO: "audio",
}  # fmt: skip
_ELSEWHERE = re.compile(r"(?:[a-z]+:|/)", re.IGNORECASE)
"""A picture of the app's own, not a file that ComfyUI has."""


def target_of(field: Mapping[str, Any], workflow: Mapping[str, Any]) -> Target | None:
    """Return the input that a field sets, by its key or else by its workflowPath; None where the workflow has no such value."""
    path = field.get("workflowPath")
    by_path = f"{path[0]}{SEPARATOR}{path[2]}" if isinstance(path, list) and len(path) == 3 else None
    for key in (field.get("key"), by_path):
        target = find_target(key, workflow) if isinstance(key, str) else None
        if target and not is_link(workflow[target.node_id]["inputs"][target.input_name]):
            return target
    return None


def is_hidden(part: Mapping[str, Any]) -> bool:
    """Tell whether a field or a group is not shown."""
    return part.get("visibility") in HIDDEN


def fault_of(field: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a field in itself, to go on after its name; None where it can be read."""
    options, limits = field.get("options"), _limits(field)
    if not isinstance(field.get("title", ""), str | None):
        return "has a title that is not text"
    if not isinstance(field.get("validations", {}), dict | None):
        return "has validations that are not an object"
    if field.get("valueType") == "select" and options is not None and not _are_options(options):
        return "has options that are not a list of {label, value}"
    if limits is None:
        return f"has a {_limits_name(field)} that is not an object of numbers"
    low, high = limits
    if low is not None and high is not None and low > high:
        return f"has a {_limits_name(field)} whose min, {low}, is above its max, {high}"
    return None


def _are_options(options: Any) -> bool:
    scalar = str | int | float
    return isinstance(options, list) and all(isinstance(option, dict) and isinstance(option.get("value"), scalar) for option in options)


def _limits_name(field: Mapping[str, Any]) -> str:
    return "slider" if field.get("valueType") == "slider" else "range"


def _limits(field: Mapping[str, Any]) -> tuple[float | None, float | None] | None:
    """Return the least and the largest number that a field takes; None where they can't be read."""
    if field.get("valueType") not in LIMITED:
        return None, None
    limits = field.get(_limits_name(field))
    if limits is None:
        return None, None
    if not isinstance(limits, dict):
        return None
    low, high = (_number(limits.get(name)) for name in ("min", "max"))
    return None if isinstance(low, str) or isinstance(high, str) else (low, high)


def _number(value: Any) -> int | float | str | None:
    """Return a number, also one that came as text, None for nothing, and "" for what is neither."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return (float(value) if any(sign in value for sign in ".eE") else int(value)) if isinstance(value, str) and len(value) < 40 else ""
    except ValueError:
        return ""


def changes_of(field: Mapping[str, Any], current: Any) -> dict[str, Any]:
    """Return what a field that can be read says about its input, whose value in the workflow is `current`.

    The app's editor marks nearly every field as required, which means that it may not be left empty. So an input has to be
    sent only where the field has no value that would do instead.
    """
    value = field.get("value")
    required = (field.get("validations") or {}).get("required") is True
    blank = value is None or (required and value == "" and current != "")
    changes: dict[str, Any] = {"hidden": is_hidden(field), "required": required and blank, **_words(field), **_restrictions(field, current)}
    if field.get("locked") is True:
        changes |= {"locked": True, "required": False}
    if name_fault(field.get("name")) is None:
        changes["name"] = field["name"]
    if not blank and (default := _fitted(value, current)) is not None and differ(default, current) and not _is_foreign(field, default):
        changes["default"] = default
    return changes


def _words(field: Mapping[str, Any]) -> dict[str, Any]:
    words: dict[str, Any] = {}
    if field.get("title"):
        words["label"] = field["title"]
    texts = [text for name in ("helpText", "tooltip") if isinstance(text := field.get(name), str) and text != NO_HELP]
    if texts:  # an empty one was emptied by the author
        words["description"] = next(filter(None, texts), "")
    return words


def _restrictions(field: Mapping[str, Any], current: Any) -> dict[str, Any]:
    low, high = _limits(field) or (None, None)
    limits = {name: limit for name, limit in (("minimum", low), ("maximum", high)) if limit is not None}
    options = field.get("options") if field.get("valueType") == "select" else None
    if not options:
        return limits
    choices: dict[str, Choice] = {}
    for option in options:
        value, label = _fitted(option["value"], current), option.get("label")
        if value is not None:
            choices.setdefault(repr(value), Choice(value, label if isinstance(label, str) else str(value)))
    return limits | ({"choices": tuple(choices.values())} if choices else {})


def _fitted(value: Any, current: Any) -> Any:
    """Return a value as what the workflow holds, since forms keep numbers as text; None for what no input takes."""
    if isinstance(value, str) and isinstance(current, bool):
        return {"true": True, "false": False}.get(value.lower())
    if isinstance(value, str) and isinstance(current, int | float):
        number = _number(value)
        return None if isinstance(number, str) else number
    known = isinstance(value, str | int | float) or (isinstance(value, list) and isinstance(current, list))
    return value if known else None


def differ(one: Any, two: Any) -> bool:
    """Tell whether two values are not the same; true is not 1, but 1.0 is."""
    return one != two or isinstance(one, bool) != isinstance(two, bool)


def _is_foreign(field: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value is one of the form's only: its mark for a random seed, or a picture that it shows."""
    return value == RANDOM_SEED or (field.get("valueType") in FILES and isinstance(value, str) and bool(_ELSEWHERE.match(value)))


def new_field(declared: Input, current: Any, *, own_choices: bool = False) -> dict[str, Any]:
    """Return a field for a declared input, whose value in the workflow is `current`.

    Choices are written where they are the owner's or the node's, not where they are what some machine has at the moment.
    """
    choices = declared.choices if declared.choices and (own_choices or not declared.on_backend) else None
    field: dict[str, Any] = {
        "title": declared.label,
        "placeholder": declared.label,
        "value": _value(declared, current),
        "workflowPath": [declared.node_id, "inputs", declared.input_name],
        "helpText": declared.description,
        "tooltip": "",
        "valueType": "select" if choices else value_type(declared, current),
        "validations": {"required": declared.required},
        "key": declared.key,
        "name": declared.name,
    }
    if choices:
        field["options"] = _options(choices)
    if declared.kind in (InputKind.INTEGER, InputKind.NUMBER):
        _write_limits(field, declared)
    if declared.hidden:
        field["visibility"] = "hidden"
    if declared.locked:
        field["locked"] = True
    return field


def value_type(declared: Input, current: Any) -> str:
    """Return the app file's word for what an input takes."""
    if declared.kind is InputKind.TEXT:
        return "long-text" if declared.multiline else "string"
    if declared.kind is InputKind.ANY and isinstance(current, bool | int | float):
        return "boolean" if isinstance(current, bool) else "float"
    return VALUE_TYPES.get(declared.kind, "string")


def _value(declared: Input, current: Any) -> Any:
    if declared.required:  # no value is what makes the form insist; an empty text may be the workflow's own
        return "" if declared.kind is InputKind.TEXT and current != "" else None
    return None if declared.kind.is_file and not declared.own_default else declared.default


def _options(choices: tuple[Choice, ...]) -> list[dict[str, Any]]:
    return [{"label": choice.label, "value": choice.value} for choice in choices]


def _write_limits(field: dict[str, Any], declared: Input) -> None:
    name = _limits_name(field)
    limits = {key: value for key, value in (field.get(name) or {}).items() if key not in ("min", "max")}
    limits |= {key: limit for key, limit in (("min", declared.minimum), ("max", declared.maximum)) if limit is not None}
    if limits:
        field[name] = limits
    else:
        field.pop(name, None)


def write_change(field: dict[str, Any], change: str, declared: Input, current: Any) -> None:
    """Write into a field what its owner changed about the input; `change` is the name of the attribute."""
    if change in ("label", "description"):
        _write_words(field, change, declared)
    elif change in ("required", "default"):
        _write_value(field, change, declared, current)
    elif change in ("minimum", "maximum"):
        if field.get("valueType") not in LIMITED:
            field["valueType"] = value_type(declared, current)
        _write_limits(field, declared)
    elif change == "choices":
        _write_choices(field, declared, current)
    elif change in ("name", "locked"):
        field[change] = getattr(declared, change)


def _write_value(field: dict[str, Any], change: str, declared: Input, current: Any) -> None:
    field["value"] = value = _value(declared, current)
    if change == "required" or declared.required or value is None or value == "":
        field["validations"] = {**(field.get("validations") or {}), "required": declared.required}


def _write_words(field: dict[str, Any], change: str, declared: Input) -> None:
    if change == "description":
        field["helpText"] = declared.description
        if not declared.description and field.get("tooltip"):
            field["tooltip"] = ""
        return
    if field.get("placeholder") == field.get("title"):
        field["placeholder"] = declared.label
    field["title"] = declared.label


def _write_choices(field: dict[str, Any], declared: Input, current: Any) -> None:
    if declared.choices:
        field["valueType"] = "select"
        field["options"] = _options(declared.choices)
    else:
        field.pop("options", None)
        field["valueType"] = value_type(declared, current)
