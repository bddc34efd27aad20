"""A set of workflows with the prompts that the editor makes of them, as files in one folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKFLOW, PROMPT, OBJECT_INFO, ABOUT = ".workflow.json", ".prompt.json", "object_info.json", "about.json"


@dataclass(frozen=True, slots=True)
class Case:
    """A workflow of the editor, and the prompt to expect."""

    name: str
    workflow: dict[str, Any]
    prompt: dict[str, Any]


def canonical(value: object) -> str:
    """Return the JSON that is the same for the same content, numbers as a browser holds them: 1.0 is 1, and 64 bits do not fit."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return a value with its numbers as a browser holds them."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        return int(number) if number.is_integer() else number
    return value


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def expected(prompt: Mapping[str, Any], names: Mapping[str, str], object_info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an editor's prompt that is the same for all versions of it.

    The editor's translations have names of their own for some classes (`names`): nodes that nobody has named are called as ComfyUI
    calls them. Newer editors note in "_meta" from which pack a node comes: only titles are kept.
    """
    return {key: {**node, "_meta": {"title": _title(node, names, object_info)}} for key, node in prompt.items()}


def _title(node: Mapping[str, Any], names: Mapping[str, str], object_info: Mapping[str, Any]) -> str:
    name, title = str(node["class_type"]), str(node["_meta"]["title"])
    return str(object_info[name].get("display_name") or name) if names.get(name) == title else title


def write(folder: Path, case: Case) -> None:
    """Keep a case."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (case.name + WORKFLOW)).write_text(json.dumps(case.workflow))
    (folder / (case.name + PROMPT)).write_text(json.dumps(case.prompt, indent=1))


def cases(folder: Path) -> Iterator[Case]:
    """Yield the kept cases."""
    for path in sorted(folder.glob("*" + WORKFLOW)):
        name = path.name.removesuffix(WORKFLOW)
        yield Case(name, json.loads(path.read_bytes()), json.loads((folder / (name + PROMPT)).read_bytes()))
