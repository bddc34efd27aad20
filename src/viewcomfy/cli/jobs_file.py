"""What the jobs of a batch are given: a file with the inputs of each, or a grid of values on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from viewcomfy.cli.values import comma_list, read_file, read_value
from viewcomfy.core.errors import BadInput, InvalidUpload
from viewcomfy.core.workflows import read_json

HINT = 'Write [{"seed": 1}, {"seed": 2}], or {"seed": 1} on a line of its own for each job.'


def read_jobs(file: Path) -> list[dict[str, Any]]:
    """Return the inputs of each job: from a JSON list of objects, or from a file with an object on each line.

    A text `@FILE` is a file, beside the list where its path is relative; `@@` is an @. Raises BadInput and its kin.
    """
    text = read_file(file)
    found = _lines(text, file) if file.suffix.lower() in (".jsonl", ".ndjson") else read_json(text, str(file))
    if isinstance(found, dict) and isinstance(found.get("list"), list):
        found = found["list"]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadInput(f"{file} is not a list of objects of inputs.", hint=HINT)
    return [{name: _value(name, value, file) for name, value in item.items()} for item in found]


def read_grid(pairs: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values of each input of `INPUT=A,B`, or of `INPUT=["A, B", "C"]`; raise BadInput and its kin."""
    grid: dict[str, list[Any]] = {}
    for pair in pairs:
        name, found, text = pair.partition("=")
        if not found or not name or not text:
            raise BadInput(f"{pair[:80]!r} is not INPUT=A,B,….", hint="For example --grid seed=1,2,3 --grid 'prompt=\"a, b\",c'.")
        if name in grid:
            raise BadInput(f"{name!r} is given twice.", hint=f"Write all its values in one: --grid {name}=A,B,C.")
        grid[name] = _json_list(text) or [_checked(name, read_value(item)) for item in comma_list(text)]
    return grid


def _lines(text: bytes, file: Path) -> list[Any]:
    return [read_json(line, f"line {number} of {file}") for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _json_list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _value(name: str, value: Any, file: Path) -> Any:
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    read = read_value(value)
    return _checked(name, file.parent / read if isinstance(read, Path) else read)


def _checked(name: str, value: Any) -> Any:
    if isinstance(value, Path) and not value.is_file():
        raise InvalidUpload(f"There is no file {str(value)!r} for {name!r}.", hint="For a text that begins with @ write @@.")
    return value
