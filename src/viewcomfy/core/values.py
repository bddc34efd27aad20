"""A value is what a call gives to one input: brought to the input's kind, or refused with the reason."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.core.params import MAX_SEED, RANDOM_SEED
from viewcomfy.core.workflows import is_link

MAX_BITS = 128
"""No whole number that a node takes is longer."""
MAX_DEPTH = 32
"""How deep a list may be nested."""
MAX_FILE_NAME = 1024

_NUMBER = re.compile(r"\s*[+-]?(?:\d{1,64}(\.\d{0,64})?|(\.\d{1,64}))([eE][+-]?\d{1,4})?\s*", re.ASCII)
_BOOLEANS = {"true": True, "false": False, "on": True, "off": False, "yes": True, "no": False, "1": True, "0": False}
_URL = re.compile(r"\s*(?:data:|https?://|s3://|gs://|file:|blob:)", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[\\\x00-\x1f\x7f]")
_FOLDER_NOTE = re.compile(r".\[(?:input|output|temp)\]$")
"""What ComfyUI cuts off a file name, with whatever character comes before."""
_SECRET = re.compile(r"pass(?:word|wd|phrase)|secret|credential|api_?key|access_?key|auth|token(?!s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value: `kind` is for programs, `says` goes on after the input's name, without a full stop."""

    kind: str
    says: str
    hint: str | None = None


class Around(NamedTuple):
    """What else decides about a value.

    `current` is what the workflow holds. `live` are the choices that the backends have now, None where that is not
    known or not asked. `rng` picks seeds.
    """

    current: Any
    live: Sequence[Any] | None
    rng: random.Random


Fitted = tuple[Fault | None, Any]


def fit(declared: Input, value: Any, around: Around) -> Fitted:
    """Bring a value to the kind of an input; return what is wrong with it, and what the workflow is to hold.

    Whatever JSON holds may come, and NaN and infinity too. A list is returned as `{"__value__": […]}`: a bare one is
    a connection to ComfyUI.
    """
    if type(value) in (list, dict):
        return _fit_structure(declared, value, around)
    if _too_large(value):
        return Fault("type", "is not a number that a node could take"), value
    return _RULES[declared.kind](declared, value, around)


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal; true is not 1 here."""
    try:
        return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
    except RecursionError:
        return False


def as_text(value: Any) -> str:
    """Return a text, number or boolean as JSON writes it, a whole float without its fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "a very large number" if _too_large(value) else json.dumps(value)


def shown(name: str, value: Any) -> Any:
    """Return a value as an error may quote it: short, and without what may be secret or a file's bytes."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if _SECRET.search(name) and value is not None:
        return "(not shown)"
    if not isinstance(value, str):
        return as_text(value) if _too_large(value) else value
    if value[:5].lower() == "data:":
        return f"{value[:60].partition(',')[0]},…"
    if "://" in value[:20]:
        value = re.sub(r"//[^/@]*@", "//", value[:2000]).partition("?")[0]
    return value if len(value) <= 200 else f"{value[:150]}…"


def pick_seed(declared: Input | None, rng: random.Random) -> int:
    """Return a random seed within the input's limits, exact in JavaScript where they allow it."""
    limits = (declared.minimum, declared.maximum) if declared else (None, None)
    low, high = (None if limit is None or math.isinf(limit) else limit for limit in limits)
    highest = MAX_SEED if high is None else math.floor(high)
    lowest = min(0, highest) if low is None else math.ceil(low)
    if highest >= 0:
        lowest, highest = max(lowest, 0), max(lowest, min(highest, MAX_SEED))
    return rng.randint(lowest, max(lowest, highest))


def _too_large(value: Any) -> bool:
    if type(value) is float:
        return not math.isfinite(value)
    return type(value) is int and value.bit_length() > MAX_BITS


def _quoted(declared: Input, value: Any) -> str:
    short = shown(declared.input_name, value)
    return repr(short[:80]) if isinstance(short, str) else as_text(short)


# --- one kind each ----------------------------------------------------------------------------------------------------
def _fit_text(_declared: Input, value: Any, _around: Around) -> Fitted:
    return None, value if isinstance(value, str) else json.dumps(value)


def _fit_number(declared: Input, value: Any, around: Around) -> Fitted:
    whole = declared.kind is not InputKind.NUMBER
    number = _number(value)
    if number is None:
        return Fault("type", f"must be a {'whole ' if whole else ''}number, not {_quoted(declared, value)}"), value
    if number == RANDOM_SEED and _is_seed(declared):
        return None, pick_seed(declared, around.rng)
    if whole and isinstance(number, float):
        if not number.is_integer() or _too_large(int(number)):
            return Fault("type", f"must be a whole number, not {_quoted(declared, value)}"), value
        number = int(number)
    return _range_fault(declared, number), number


def _number(value: Any) -> int | float | None:
    """Return a number, also one that came as text; None for anything else, NaN and infinity included."""
    if not isinstance(value, str):
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if not (match := _NUMBER.fullmatch(value)):
        return None
    number = int(value) if match.lastindex is None else float(value)  # each group makes it a fraction
    return None if _too_large(number) else number


def _is_seed(declared: Input) -> bool:
    return declared.kind is InputKind.SEED or "seed" in declared.input_name.lower()


def _range_fault(declared: Input, number: int | float) -> Fault | None:
    low, high = declared.minimum, declared.maximum
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    if low is not None and high is not None:
        limits = f"between {low} and {high}"
    else:
        limits = f"at least {low}" if high is None else f"at most {high}"
    hint = "Send 5e-324 for a random seed." if _is_seed(declared) else None
    return Fault("range", f"must be {limits}, not {_quoted(declared, number)}", hint)


def _fit_boolean(declared: Input, value: Any, _around: Around) -> Fitted:
    if isinstance(value, bool):
        return None, value
    known = _BOOLEANS.get(as_text(value).strip().lower())
    return (Fault("type", f"must be true or false, not {_quoted(declared, value)}") if known is None else None), known


def _fit_choice(declared: Input, value: Any, around: Around) -> Fitted:
    choices: Sequence[Any] | None = around.live
    if choices is None:
        choices = None if declared.choices is None else [choice.value for choice in declared.choices]
    if choices is None or (isinstance(value, str) and value in choices):
        return None, value
    for choice in choices:
        if same(choice, value):
            return None, choice
    text = as_text(value)
    for choice in choices:
        if isinstance(choice, str | int | float) and as_text(choice) == text:
            return None, choice
    if declared.on_backend:
        missing = f"is {_quoted(declared, value)}, which no ComfyUI has that could run this"
        return (None if around.live is None else Fault("choice_on_backend", missing)), value
    return Fault("choice", f"must be one of {len(choices)} choices, not {_quoted(declared, value)}"), value


def _fit_file(declared: Input, value: Any, _around: Around) -> Fitted:
    if not isinstance(value, str):
        return Fault("type", f"takes {_article(declared.kind)}, not {_quoted(declared, value)}", _SEND_FILE), value
    if _URL.match(value):
        return Fault("file", f"takes {_article(declared.kind)}, not {_quoted(declared, value)}", _SEND_FILE), value
    if fault := _file_name_fault(value):
        return Fault("file", f"is not the name of a file that ComfyUI has: {fault}", _SEND_FILE), value
    return None, value


_SEND_FILE = "Send the file itself as a part of a multipart form, or the name of a file in ComfyUI's input folder."


def _file_name_fault(name: str) -> str | None:
    if not name.strip() or len(name) > MAX_FILE_NAME:
        return "it is empty" if not name.strip() else "it is too long"
    if _NOT_IN_NAMES.search(name):
        return "it holds a backslash or a control character"
    if name.startswith(("/", "~")) or name[1:2] == ":":
        return "it is an absolute path"
    bare = _FOLDER_NOTE.sub("", name)
    return "it holds '..'" if ".." in (*name.split("/"), *bare.split("/")) else None


def _article(kind: InputKind) -> str:
    return "an image" if kind is InputKind.IMAGE else "a file" if kind is InputKind.FILE else f"a {kind.value} file"


def _fit_any(declared: Input, value: Any, around: Around) -> Fitted:
    if type(value) is float and value == RANDOM_SEED and _is_seed(declared):
        return None, pick_seed(declared, around.rng)
    return (_range_fault(declared, value) if type(value) in (int, float) else None), value


def _fit_structure(declared: Input, value: Any, around: Around) -> Fitted:
    if isinstance(value, dict) and value.keys() == {"__value__"} and isinstance(value["__value__"], list):
        return _fit_list(declared, value["__value__"], around)
    if isinstance(value, dict):
        return Fault("type", "is an object; send text, a number, true, false or null"), value
    if is_link(value):
        return Fault("type", "can't be connected to another node by a call"), value
    return _fit_list(declared, value, around)


def _fit_list(declared: Input, value: list[Any], around: Around) -> Fitted:
    current = around.current
    several = isinstance(current, list) or (isinstance(current, dict) and "__value__" in current)
    if declared.kind is InputKind.CHOICE and several:  # a multi-select
        fitted = [
            (Fault("type", "is a list in a list"), None) if isinstance(one, list | dict) else fit(declared, one, around) for one in value
        ]
        fault = next((fault for fault, _ in fitted if fault), None)
        return fault, {"__value__": [one for _, one in fitted]}
    if declared.kind is not InputKind.ANY:
        return Fault("type", "takes one value, not a list"), value
    return _list_fault(value), {"__value__": value}


def _list_fault(value: list[Any]) -> Fault | None:
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict) or _too_large(item):
            return Fault("type", "is a list that holds an object or a number that a node could not take")
        if isinstance(item, list):
            if depth > MAX_DEPTH:
                return Fault("type", f"is a list nested deeper than {MAX_DEPTH}")
            waiting.extend((inner, depth + 1) for inner in item)
    return None


_RULES: dict[InputKind, Callable[[Input, Any, Around], Fitted]] = {
    InputKind.TEXT: _fit_text,
    InputKind.INTEGER: _fit_number,
    InputKind.NUMBER: _fit_number,
    InputKind.SEED: _fit_number,
    InputKind.BOOLEAN: _fit_boolean,
    InputKind.CHOICE: _fit_choice,
    InputKind.IMAGE: _fit_file,
    InputKind.VIDEO: _fit_file,
    InputKind.AUDIO: _fit_file,
    InputKind.FILE: _fit_file,
    InputKind.ANY: _fit_any,
}
