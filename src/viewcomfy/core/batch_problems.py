"""The problems of a batch are those of all its jobs: each is told once, with the jobs that have it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from viewcomfy.core.errors import BadInput, InvalidParams

MAX_PROBLEMS = 100
NAMED = 20
"""How many jobs a problem lists."""


class BatchProblems:
    """Gathers what is wrong with the jobs of a batch. Jobs are counted from 1; `labels` tell one from another."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._kinds: dict[type[BadInput], None] = {}
        self._found: dict[str, tuple[dict[str, Any], list[int]]] = {}

    @property
    def full(self) -> bool:
        """Tell whether there are so many that nobody would read on."""
        return len(self._found) >= MAX_PROBLEMS

    def add(self, number: int, fault: BadInput) -> None:
        """Take in why one job can't be accepted."""
        self._kinds[type(fault)] = None
        for problem in _problems(fault):
            text = json.dumps(problem, sort_keys=True, default=str)
            if text in self._found or not self.full:
                self._found.setdefault(text, (dict(problem), []))[1].append(number)

    def refuse(self) -> None:
        """Raise one error with everything that was found, if anything was: of the kind that all faults have, else InvalidParams."""
        if self._found:
            problems = [self._told(problem, numbers) for problem, numbers in self._found.values()]
            kind = next(iter(self._kinds)) if len(self._kinds) == 1 else InvalidParams
            raise kind(problems[0]["message"], hint=problems[0].get("hint"), problems=problems)

    def _told(self, problem: Mapping[str, Any], numbers: list[int]) -> dict[str, Any]:
        told = {**problem, "message": f"{self._where(numbers)}: {problem['message']}", "jobs": numbers[:NAMED]}
        if len(numbers) == 1:
            told["label"] = self._labels[numbers[0] - 1]
        elif len(numbers) > NAMED:
            told["jobs_total"] = len(numbers)
        return told

    def _where(self, numbers: list[int]) -> str:
        if len(numbers) == 1:
            label = self._labels[numbers[0] - 1]
            return f"Job {numbers[0]}" if label == f"#{numbers[0]}" else f"Job {numbers[0]} ({label})"
        if len(numbers) == len(self._labels):
            return f"All {len(numbers)} jobs"
        if len(numbers) <= 4:
            return f"Jobs {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
        return f"Jobs {', '.join(map(str, numbers[:3]))} and {len(numbers) - 3} more"


def _problems(fault: BadInput) -> list[dict[str, Any]]:
    """Return the problems of a fault; a single one has its hint."""
    if len(fault.problems) > 1:
        return fault.problems
    hint = {} if fault.hint is None else {"hint": fault.hint}
    return [{"message": fault.message, **hint, **(fault.problems[0] if fault.problems else {})}]
