"""A report says what keeps a workflow from running on the backends that there are, before anybody calls it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.remedies import NONE, Pack, Remedies
from viewcomfy.core.report_checks import Finding, findings
from viewcomfy.core.report_hints import Hints
from viewcomfy.core.report_node import label
from viewcomfy.core.report_values import Fault, Severity
from viewcomfy.core.report_words import counted, sentence
from viewcomfy.core.workflows import node_title

CODES: Mapping[str, str] = {
    "unknown_node_class": "A node is of a class that a backend does not have.",
    "missing_model": "A node needs a model file that a backend does not have.",
    "invalid_choice": "A value is not among the choices of its input.",
    "out_of_range": "A number is below the minimum or above the maximum of its input.",
    "wrong_type": "A value is of a kind that its input does not take.",
    "missing_input": "A required input has neither a value nor a connection.",
    "broken_link": "A connection leads to a node or an output that is not there.",
    "link_type": "A connection brings a type that its input does not take.",
    "cycle": "Nodes wait for each other in a circle.",
    "no_output": "No node saves or shows a result, so that there is nothing to run.",
    "unreachable": "A node feeds no output node, so that it never runs.",
    "always_cached": "Nothing that callers may set changes an output, or a call that sets nothing changes none.",
}
"""Every code that a problem can have, and what it means."""
ANYWHERE = frozenset({"broken_link", "cycle", "no_output", "unreachable", "always_cached"})
"""What is no backend's matter, unless only some see it so."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or (as a warning) odd.

    `node_id` is empty where it is about the workflow as a whole, `input_name` where it is about a node as a whole.
    `backends` are those that it is true of; none for what is wrong wherever it runs. `nearest` are names that may have been meant,
    `packs` those that bring what is missing.
    """

    code: str
    severity: Severity
    message: str
    node_id: str = ""
    node_title: str = ""
    input_name: str = ""
    backends: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    packs: tuple[Pack, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON would hold it."""
        lists = {"backends": list(self.backends), "nearest": list(self.nearest), "packs": [asdict(pack) for pack in self.packs]}
        return asdict(self) | lists


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with a workflow: errors first, then in the workflow's order.

    `can_run_on` are the backends that have no error. With `checked` False no backend was known, and only what is wrong with the
    workflow in itself could be told; `why_unknown` is a sentence that says why, where that is known.
    """

    problems: tuple[Problem, ...] = ()
    backends: tuple[str, ...] = ()
    can_run_on: tuple[str, ...] = ()
    checked: bool = False
    why_unknown: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Return what keeps some backend from running it."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def ok(self) -> bool:
        """Tell whether a call could run: on one backend at least or, with none known, as far as can be told."""
        return bool(self.can_run_on) if self.checked else not self.errors

    @property
    def summary(self) -> str:
        """Return one sentence that says where it runs."""
        errors, warnings = len(self.errors), len(self.problems) - len(self.errors)
        if not self.checked:
            return f"Not checked, as no backend is known yet{counted(': ', errors, warnings)}. {self.why_unknown}".rstrip()
        if not self.can_run_on:
            return f"Nothing can run this{counted(': ', errors, warnings)}."
        if len(self.can_run_on) < len(self.backends):
            return f"Runs on {len(self.can_run_on)} of {len(self.backends)} backends: {', '.join(self.can_run_on)}."
        where = self.can_run_on[0] if len(self.can_run_on) == 1 else f"all {len(self.can_run_on)} backends"
        return f"Runs on {where}{counted(', with ', errors, warnings)}."

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON would hold it, with `ok` and `summary`."""
        return {"ok": self.ok, "summary": self.summary, "checked": self.checked, "backends": list(self.backends)} | {
            "can_run_on": list(self.can_run_on),
            "problems": [problem.as_dict() for problem in self.problems],
        }


def report(
    workflow: Mapping[str, Any],
    catalogs: Mapping[str, Catalog],
    *,
    locked: Collection[tuple[str, str]] = (),
    hints: Hints | None = None,
    remedies: Remedies = NONE,
) -> Report:
    """Check a workflow (one that `check_workflow` let pass) against the catalogs of the backends, by their names.

    `locked` are the inputs (node_id, input_name) that callers may not set. Backends whose catalogs have the same revision are
    checked once. An error is what ComfyUI would refuse; without catalogs, what none could run. Give the same `hints` to all the
    reports on the same catalogs: it is what makes many of them quick. `remedies` are told where they help.
    """
    merged: dict[tuple[str, str, str, str], _Place] = {}
    broken: set[str] = set()
    for names, catalog in _distinct(catalogs):
        for found in findings(workflow, catalog, locked):
            key = (found.fault.code, found.fault.severity, found.node_id, found.input_name)
            merged.setdefault(key, _Place(found)).add(names, found.fault)
            if found.fault.severity == "error":
                broken.update(names)
    backends = tuple(catalogs)
    can_run_on = tuple(name for name in backends if name not in broken)
    problems = _problems(workflow, merged.values(), backends, hints or Hints(), remedies)
    return Report(problems, backends, can_run_on, checked=bool(catalogs))


@dataclass(slots=True)
class _Place:
    """One fault of one input, as all the backends see it that have it; those that are `classless` do not know its node's class."""

    first: Finding
    backends: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)
    classless: tuple[str, ...] = ()

    def add(self, backends: tuple[str, ...], fault: Fault) -> None:
        self.backends += backends
        self.faults.append(fault)


def _distinct(catalogs: Mapping[str, Catalog]) -> list[tuple[tuple[str, ...], Catalog | None]]:
    if not catalogs:
        return [((), None)]
    names: dict[str | int, list[str]] = {}
    for name, catalog in catalogs.items():
        names.setdefault(catalog.revision or id(catalog), []).append(name)
    return [(tuple(alike), catalogs[alike[0]]) for alike in names.values()]


def _problems(
    workflow: Mapping[str, Any], places: Iterable[_Place], backends: tuple[str, ...], hints: Hints, remedies: Remedies
) -> tuple[Problem, ...]:
    order = {node_id: at for at, node_id in enumerate(workflow)}
    ranked = sorted(places, key=lambda place: (place.first.fault.severity != "error", order.get(place.first.node_id, -1)))
    classless = {place.first.node_id: place.backends for place in ranked if place.first.fault.code == "unknown_node_class"}
    for place in ranked:
        place.classless = classless.get(place.first.node_id, ())
    return tuple(_problem(workflow, place, backends, hints, remedies) for place in ranked)


def _problem(workflow: Mapping[str, Any], place: _Place, backends: tuple[str, ...], hints: Hints, remedies: Remedies) -> Problem:
    found, fault = place.first, remedies.advised(place.first.fault)
    where = tuple(name for name in backends if name in place.backends)
    others = tuple(name for name in backends if name not in where and name not in place.classless)
    near = hints.near(fault.wanted, [found.candidates for found in place.faults]) if fault.wanted else ()
    node = workflow.get(found.node_id)
    return Problem(
        code=fault.code,
        severity=fault.severity,
        message=sentence(label(workflow, found.node_id) if node else "the workflow", fault, near, where, others),
        node_id=found.node_id,
        node_title=node_title(node) if node else "",
        input_name=found.input_name,
        backends=() if where == backends and fault.code in ANYWHERE else where,
        nearest=near,
        packs=remedies.packs(fault),
    )
