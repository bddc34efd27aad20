"""A document as TOML: written plainly, with comments for people, and read with care, since it may be somebody else's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from viewcomfy.core.errors import BadInput, ViewComfyError
from viewcomfy.core.models import Model, check_models
from viewcomfy.environments.checks import check_document, written
from viewcomfy.environments.document import FORMAT, Code, Document, Pack, Torch

HEAD = "An environment: what a ComfyUI consists of. `viewcomfy env apply FILE` makes the same once more."
LARGEST = 4 * 1024 * 1024
"""Bytes of the largest document that is read."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write_toml(document: Document, notes: Iterable[str] = ()) -> str:
    """Return a document as TOML; `notes` become comments at its head, and are lost when it is read."""
    parts = document.as_dict()
    lines = [f"# {HEAD}", f"# id: {document.id}", *(f"# {' '.join(note.split())}" for note in notes), "", f"format = {parts['format']}"]
    for name in ("comfyui", "torch", "python"):
        lines += ["", f"[{name}]", *_pairs(parts[name])]
    for name in ("packs", "models"):
        for entry in parts[name]:
            lines += ["", f"[[{name}]]", *_pairs(entry)]
    return "\n".join(lines) + "\n"


def read_toml(text: str, what: str = "The environment") -> Document:
    """Return the document in a text; raise BadInput, naming what is wrong, for anything else."""
    if len(text) > LARGEST:
        raise BadInput(f"{what} is too large to be an environment.")
    try:
        return check_document(_document(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as fault:
        raise BadInput(f"{what} can't be read as TOML: {fault}.", hint="`viewcomfy env freeze` writes such a file.") from fault
    except RecursionError as fault:
        raise BadInput(f"{what} can't be read as TOML: it is nested too deeply.") from fault
    except ViewComfyError as fault:
        raise BadInput(f"{what}: {fault.message}", hint=fault.hint) from fault


# --- writing ----------------------------------------------------------------------------------------------------------
def _pairs(values: Mapping[str, str | list[str]]) -> list[str]:
    return [f"{name} = {_string(value) if isinstance(value, str) else _list(value)}" for name, value in values.items()]


def _list(values: list[str]) -> str:
    rows = "".join(f"    {_string(value)},\n" for value in values)
    return f"[\n{rows}]" if rows else "[]"


def _string(value: str) -> str:
    return f'"{"".join(_escaped(sign) for sign in value)}"'


def _escaped(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x20 or ord(sign) == 0x7F else sign


# --- reading ----------------------------------------------------------------------------------------------------------
def _document(value: Mapping[str, Any]) -> Document:
    if value.get("format") != FORMAT:
        raise BadInput(
            f"its format is {str(value.get('format'))[:20]!r}, and this viewcomfy reads {FORMAT}.",
            hint="A newer viewcomfy may have written it; or it is no environment.",
        )
    _only(value, ("format", "comfyui", "torch", "python", "packs", "models"), "it")
    python = _table(value.get("python"), "[python]")
    packages = python.pop("packages", [])
    if not isinstance(packages, list) or not all(isinstance(line, str) for line in packages):
        raise BadInput("packages is not a list of texts.")
    return Document(
        comfyui=Code(**_texts(value.get("comfyui"), "[comfyui]", Code)),
        python=_texts(python, "[python]", None)["version"],
        torch=Torch(**_texts(value.get("torch"), "[torch]", Torch)),
        packs=tuple(Pack(**_texts(entry, "a pack", Pack)) for entry in _tables(value, "packs")),
        packages=tuple(written(line) for line in packages),
        models=check_models(Model(**_texts(entry, "a model", Model)) for entry in _tables(value, "models")),
    ).in_order()


def _texts(value: Any, what: str, kind: type[Any] | None) -> dict[str, str]:
    """Return a table whose values are all text, whose names are those of the class, and that has the first of them."""
    table = _table(value, what)
    names = tuple(field.name for field in fields(kind)) if kind else ("version",)
    _only(table, names, what)
    for name in names[:2] if kind is Model else names[:1]:
        if name not in table:
            raise BadInput(f"{what} has no {name}.")
    for name, text in table.items():
        if not isinstance(text, str):
            raise BadInput(f"{name} of {what} is not a text.")
    return table


def _table(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{what} is missing, or is not a table.")
    return dict(value)


def _only(value: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    if unknown := sorted(set(value) - set(known)):
        raise BadInput(f"{what} has a {unknown[0][:80]!r} that nobody knows.", hint="A newer viewcomfy may have written it.")


def _tables(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise BadInput(f"{name} is not a list of tables.")
    return found
