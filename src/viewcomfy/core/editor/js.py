"""Values as JavaScript sees them, for the rules of the editor that depend on it."""

from __future__ import annotations

import math
from typing import Any


def truthy(value: Any) -> bool:
    """Tell whether a JSON value counts as true: empty lists and objects do."""
    return bool(value) or isinstance(value, (list, dict))


def text(value: Any) -> str:
    """Return a JSON value as text, as `String(value)` makes it; null is "null"."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return ",".join("" if item is None else text(item) if not isinstance(item, list) else _flat(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return _number(value)


def _flat(items: list[Any]) -> str:
    """Return a list within a list; one that is deeper still has no text worth having."""
    return ",".join("" if item is None or isinstance(item, (list, dict)) else text(item) for item in items)


def _number(value: float) -> str:
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
