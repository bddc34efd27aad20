"""The JSON Schema of a declared input, and its limits in words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from viewcomfy.core.inputs import InputKind
from viewcomfy.core.values import same
from viewcomfy.wire.inputs import InputOut

MOST_CHOICES = 200
"""A longer list of choices is not spelled out: it is a list of files that changes with the machine."""
FILE_VALUE = "^(data:[^,]*,|https://)"
MEDIA_RANGES = {
    InputKind.IMAGE: "image/*",
    InputKind.VIDEO: "video/*",
    InputKind.AUDIO: "audio/*",
    InputKind.FILE: "application/octet-stream",
}
TYPES = {
    InputKind.TEXT: "string",
    InputKind.INTEGER: "integer",
    InputKind.SEED: "integer",
    InputKind.NUMBER: "number",
    InputKind.BOOLEAN: "boolean",
}
_PYTHON: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


def visible(inputs: Iterable[InputOut]) -> list[InputOut]:
    """Return the inputs that callers are told of, in their order: neither hidden nor locked."""
    return sorted((declared for declared in inputs if declared.is_open), key=lambda declared: declared.order)


def schema_of(declared: InputOut) -> dict[str, Any]:
    """Return the JSON Schema of the values that an input takes in JSON; a file comes as a data URL or a URL."""
    schema: dict[str, Any] = {"title": plain(declared.label or declared.name), "description": in_words(declared)}
    if declared.kind.is_file:
        schema |= {"type": "string", "format": "uri", "pattern": FILE_VALUE, "x-media-type": MEDIA_RANGES[declared.kind]}
    else:
        schema |= _of_value(declared)
        if not declared.required and default_fits(declared):
            schema["default"] = declared.default
    return schema | _hints(declared)


def in_words(declared: InputOut, *, default: bool = True) -> str:
    """Say in one line what an input is and what it takes; every part ends with a full stop."""
    parts = ["" if _says_its_name(declared) else declared.label, declared.description, limits_in_words(declared)]
    if default and not declared.required and declared.default is not None:
        parts.append(f"Default: {_shown(declared.default)}")
    return " ".join(filter(None, map(sentence, parts)))


def limits_in_words(declared: InputOut) -> str:
    """Say what an input takes beside its type, "" where anything goes: `From 1 to 150, in steps of 8`."""
    if declared.kind.is_file:
        return f"{_FILES[declared.kind]}: a file, a data URL or an https URL"
    low, high = (finite(limit) for limit in (declared.minimum, declared.maximum))
    if low is not None and high is not None:
        words = f"From {low} to {high}"
    elif low is not None:
        words = f"At least {low}"
    else:
        words = "" if high is None else f"At most {high}"
    if (step := finite(declared.step)) and step != 1 and words:
        words += f", in steps of {step}"
    if (choices := declared.choices) and not spelled_out(declared):
        words = f"One of {len(choices)} values, such as {_shown(choices[0].value)}"
    return words


def spelled_out(declared: InputOut) -> bool:
    """Tell whether the choices of an input are few enough to be listed."""
    return declared.choices is not None and not declared.kind.is_file and 0 < len(declared.choices) <= MOST_CHOICES


def default_fits(declared: InputOut) -> bool:
    """Tell whether the default of an input is a value that a caller could send too."""
    value = declared.default
    if value is None:
        return False
    if spelled_out(declared):
        return any(same(value, choice.value) for choice in declared.choices or ())
    expected = _PYTHON.get(TYPES.get(declared.kind, ""))
    if expected is not None and (not isinstance(value, expected) or isinstance(value, bool) != (expected is bool)):
        return False
    return not isinstance(value, int | float) or within(declared, value)


def within(declared: InputOut, value: float) -> bool:
    """Tell whether a number lies within the limits of an input."""
    low, high = declared.minimum, declared.maximum
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


def finite(number: float | None) -> int | float | None:
    """Return a number as it is best read, None where there is no limit."""
    if number is None or not math.isfinite(number):
        return None
    return int(number) if number == int(number) else number


def plain(text: str) -> str:
    """Return text on one line, without characters that cannot be shown."""
    return " ".join("".join(char if char.isprintable() or char.isspace() else " " for char in text).split())


def sentence(text: str) -> str:
    """Return text as a sentence on one line, "" where there is none."""
    text = plain(text)
    return text if not text or text[-1] in ".!?…。！？" else f"{text}."


_FILES = {InputKind.IMAGE: "An image", InputKind.VIDEO: "A video", InputKind.AUDIO: "A sound", InputKind.FILE: "A file"}


def _says_its_name(declared: InputOut) -> bool:
    return plain(declared.label).casefold().replace(" ", "_") == declared.name.casefold()


def _of_value(declared: InputOut) -> dict[str, Any]:
    if spelled_out(declared):
        values = [choice.value for choice in declared.choices or ()]
        if all(isinstance(value, str) for value in values):
            return {"type": "string", "enum": values}
        return {"enum": values}
    schema: dict[str, Any] = {"type": TYPES[declared.kind]} if declared.kind in TYPES else {}
    if declared.kind in (InputKind.INTEGER, InputKind.SEED, InputKind.NUMBER):
        limits = {"minimum": finite(declared.minimum), "maximum": finite(declared.maximum)}
        schema |= {word: limit for word, limit in limits.items() if limit is not None}
        schema |= _format(declared)
    return schema


def _format(declared: InputOut) -> dict[str, Any]:
    if declared.kind is InputKind.NUMBER:
        return {"format": "double"}
    fits = declared.maximum is not None and declared.maximum < 2**63 and (declared.minimum is None or declared.minimum >= -(2**63))
    return {"format": "int64"} if fits else {}


def _hints(declared: InputOut) -> dict[str, Any]:
    """Return what forms want to know beside the type; OpenAPI keeps names with `x-` for that."""
    labels = {str(choice.value): choice.label for choice in declared.choices or () if choice.label != str(choice.value)}
    hints = {
        "x-param-key": declared.key,
        "x-kind": declared.kind.value,
        "x-step": finite(declared.step),
        "x-multiline": declared.multiline,
        "x-advanced": declared.advanced,
        "x-enumDescriptions": labels if spelled_out(declared) else {},
    }
    return {name: hint for name, hint in hints.items() if hint not in (None, False, {})}


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
