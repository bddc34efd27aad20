"""The truth in hashes, which is what the repository keeps of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.editor_truth.compare import Outcome
from tools.editor_truth.truth import ABOUT, OBJECT_INFO, Case, cases, digest, expected
from tools.editor_truth.work import work

COMMITTED = Path(__file__).parents[2] / "tests" / "core" / "editor" / "templates.json"
LENGTH = 16
"""Letters of a hash that are kept: more than enough to tell two graphs apart."""


def brief(value: object) -> str:
    """Return the beginning of the hash of a workflow or a prompt."""
    return digest(value)[:LENGTH]


def committed() -> dict[str, Any]:
    """Return what the repository keeps, by the names of the sets."""
    return dict(json.loads(COMMITTED.read_bytes())) if COMMITTED.is_file() else {}


def commit(name: str, folder: Path, found: Iterable[Outcome]) -> None:
    """Write a set's versions and its templates' hashes into the repository.

    A template has the hashes of its workflow and of its prompt; one that we don't convert alike has a third, of the work that a
    ComfyUI does for it, or "" where with our prompt it does other work.
    """
    about = json.loads((folder / ABOUT).read_bytes())
    about["left_out"] = len(about["left_out"])
    names, nodes = about.pop("names"), json.loads((folder / OBJECT_INFO).read_bytes())
    outcomes = {one.name: one for one in found}
    kept = {case.name: _row(case, outcomes[case.name], names, nodes) for case in cases(folder) if "@" not in case.name}
    whole = dict(sorted({**committed(), name: {**about, "hashes": kept}}.items()))
    COMMITTED.write_text(_lines(whole) + "\n")


def _row(case: Case, outcome: Outcome, names: dict[str, str], nodes: dict[str, Any]) -> list[str]:
    row = [brief(case.workflow), brief(expected(case.prompt, names, nodes))]
    return [*row, brief(work(case.prompt, nodes)) if outcome.same_work else ""] if outcome.fault else row


def _lines(value: Any, depth: int = 0) -> str:
    """Return JSON with one line for every template."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value)
    space = " " * (depth + 1)
    rows = ",\n".join(f"{space}{json.dumps(key)}: {_lines(one, depth + 1)}" for key, one in value.items())
    return f"{{\n{rows}\n{space[1:]}}}"
