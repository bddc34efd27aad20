"""How our conversion fares against the truth."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.editor_truth.truth import Case, expected, plain
from tools.editor_truth.work import work
from viewcomfy.core.editor.convert import convert
from viewcomfy.core.errors import ViewComfyError

DIFF_LINES = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case: `fault` is "" where it was converted alike.

    `by_name` tells that only a node that nobody has named has another name; `same_work`, that a ComfyUI would do just the same.
    """

    name: str
    fault: str
    by_name: bool = False
    same_work: bool = True


def outcomes(cases: Iterable[Case], names: Mapping[str, str], object_info: Mapping[str, Any]) -> Iterator[Outcome]:
    """Convert every case and yield what is different from the editor's prompt."""
    for case in cases:
        yield _outcome(case, names, object_info)


def _outcome(case: Case, names: Mapping[str, str], object_info: Mapping[str, Any]) -> Outcome:
    try:
        ours = convert(case.workflow, object_info).workflow_api
    except ViewComfyError as refusal:
        return Outcome(case.name, f"refused: {refusal}" if case.prompt else "", same_work=not case.prompt)  # {}: the editor sends nothing
    except Exception as crash:
        return Outcome(case.name, f"{type(crash).__name__}: {crash}", same_work=False)
    fault = difference(ours, expected(case.prompt, names, object_info))
    by_name = not fault and bool(difference(ours, case.prompt))
    return Outcome(case.name, fault, by_name, not fault or work(ours, object_info) == work(case.prompt, object_info))


def difference(ours: object, theirs: object) -> str:
    """Return the diff of two prompts, "" where they are alike."""
    before, after = plain(theirs), plain(ours)
    if before == after:
        return ""
    old, new = (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).splitlines() for value in (before, after))
    lines = list(difflib.unified_diff(old, new, "editor", "viewcomfy", lineterm="", n=4))
    return "\n".join(lines[:DIFF_LINES])
