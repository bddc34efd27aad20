"""A change is what an installer would do to one package, read from what it says when it only tries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ENTRY = re.compile(r"\s*([-+~]) (\S+?)(?:==| (?=@ ))(.+?)(?: \(.*\))?\s*")


@dataclass(frozen=True, slots=True)
class Change:
    """A package, its version before (empty: not there) and after (empty: taken away)."""

    name: str
    before: str
    after: str


def canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def uv_changes(text: str) -> list[Change]:
    """Read what `uv pip install --dry-run` prints: ` + name==1.0`, ` - name==0.9`, ` + name @ https://…`."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for line in text.splitlines():
        if entry := _ENTRY.fullmatch(line):
            sign, name, version = entry.groups()
            if sign in "-~":
                before[canonical(name)] = version
            if sign in "+~":
                after[canonical(name)] = version
    return [Change(name, before.get(name, ""), after.get(name, "")) for name in sorted(before | after)]


def pip_changes(report: str, installed: Mapping[str, str]) -> list[Change]:
    """Read what `pip install --dry-run --report -` prints."""
    rows: Iterable[Mapping[str, Mapping[str, str]]] = json.loads(report).get("install", [])
    names = {canonical(row["metadata"]["name"]): row["metadata"]["version"] for row in rows}
    return [Change(name, installed.get(name, ""), version) for name, version in sorted(names.items())]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what has changed between two states of the packages, each a mapping from names to versions."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return [Change(name, before.get(name, ""), after.get(name, "")) for name in names]
