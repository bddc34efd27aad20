"""Values on the command line: `KEY=VALUE`, `KEY=@file`, and a file of params."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from viewcomfy.core.errors import BadInput, InvalidParams, InvalidUpload
from viewcomfy.core.workflows import read_json


def read_value(text: str) -> str | int | float | bool | Path | None:
    """Return what was meant: a number, true, false or null where it is one in JSON, a Path for `@path`, text otherwise.

    `@@x` is the text `@x`.
    """
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@"):
        return Path(text[1:]).expanduser()
    try:
        value = json.loads(text, parse_constant=lambda _: text)  # NaN and Infinity are no JSON
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):  # 1e999
        return text
    return value if value is None or isinstance(value, int | float | bool) else text


def read_pair(pair: str) -> tuple[str, Any]:
    """Split `KEY=VALUE`; raise BadInput where there is no `=`, InvalidUpload where a file is not there."""
    key, found, text = pair.partition("=")
    if not found or not key:
        raise BadInput(
            f"{pair[:80]!r} is not KEY=VALUE.",
            hint='For example -p 6-inputs-text="a cat"; `viewcomfy params` lists the keys of a workflow.',
        )
    value = read_value(text)
    if isinstance(value, Path) and not value.is_file():
        raise InvalidUpload(f"There is no file {str(value)!r} for {key!r}.", hint=f"For the text itself, write {key}=@{text}.")
    return key, value


def read_params(pairs: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Return the params of a file of JSON (as `viewcomfy params` writes it) with the pairs of the command line on top."""
    params = read_params_file(file) if file else {}
    params.update(read_pair(pair) for pair in pairs)
    return params


def read_params_file(file: Path) -> dict[str, Any]:
    """Return the params in a file. Raises BadInput, InvalidJson, InvalidParams."""
    params = read_json(read_file(file), str(file))
    if not isinstance(params, dict):
        raise InvalidParams(
            f"{file} is not a JSON object of param keys and values.", hint="`viewcomfy params workflow_api.json` makes one."
        )
    return params


def comma_list(text: str) -> list[str]:
    """Return the items of `a,b` or `"a, b",c`; raise BadInput where the quotes do not match."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True))
    except csv.Error as fault:
        raise BadInput(f"{text[:80]!r} is not a list of values: {fault}.", hint='For example a,b or "a, b",c.') from fault
    return [item for row in rows for item in row]


def write_file(file: Path, text: str) -> None:
    """Write a file; raise BadInput where it cannot be written."""
    try:
        file.expanduser().write_text(text, encoding="utf-8")
    except OSError as fault:
        raise BadInput(f"{str(file)!r} cannot be written: {fault.strerror or fault}.") from fault


def read_file(file: Path) -> bytes:
    """Return the bytes of a file; raise BadInput where it cannot be read."""
    try:
        return file.expanduser().read_bytes()
    except OSError as fault:
        raise BadInput(f"{str(file)!r} cannot be read: {fault.strerror or fault}.") from fault
