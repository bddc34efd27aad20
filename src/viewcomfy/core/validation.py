"""Validation is the check of a whole call against the inputs of its deployment, before anything is kept or queued."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.errors import BadInput, EmptyParams, InvalidParams, InvalidUpload
from viewcomfy.core.input_lookup import Lookup
from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.core.params import MASK_SUFFIX, Target, with_values
from viewcomfy.core.sent_files import SentFile, file_fault
from viewcomfy.core.suggestions import question
from viewcomfy.core.values import Around, Fault, as_text, fit, pick_seed, same, shown
from viewcomfy.core.workflows import is_link, seed_inputs

MAX_PROBLEMS = 100
MAX_CHOICES = 50
"""How many choices a problem lists."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file with the input it is for: `field` is its name as sent, `mask_field` its mask's, if one came."""

    target: Target
    field: str
    mask_field: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A workflow with the call's values in it, the seeds that were picked (param key → value) and the files' places.

    The files' names are not in the workflow yet: they are known when the files are kept.
    """

    workflow: dict[str, Any]
    fresh_seeds: dict[str, int]
    files: tuple[CheckedFile, ...] = ()


def check(
    workflow: Mapping[str, Any],
    inputs: Sequence[Input],
    params: Any,
    files: Mapping[str, SentFile] | None = None,
    *,
    live: Mapping[str, Sequence[Any]] | None = None,
    overridden: bool = False,
    guest: bool = False,
    rng: random.Random | None = None,
) -> Checked:
    """Check a whole call and put its values into the workflow; a few milliseconds for 1,000 params.

    `inputs` are those declared of this workflow; an input of the workflow that none of them declares is set by its
    param key, and judged by its value. `files` are by field name. `live` are the choices that the backends have now,
    by param key: a value that is not among them is a problem of the kind `choice_on_backend`; where they are not
    known, the value is let through. With nothing said and no override (`overridden`: the workflow is the caller's
    own) the seeds are renewed. A `guest` may set what the form shows and nothing else.

    Raises InvalidParams with every problem at once (InvalidUpload where only files have problems), or EmptyParams.
    """
    if not isinstance(params, dict):
        raise InvalidParams("params must be a JSON object of inputs and values.", hint='For example {"prompt": "a cat"}.')
    call = _Call(Lookup(workflow, inputs, guest=guest), workflow, live or {}, rng or random.SystemRandom())
    placed = call.place(files or {})
    call.read(params, {file.target.key for file in placed})
    call.require()
    call.refuse()
    fresh = {} if files or overridden or call.said else call.fresh_seeds()
    return Checked(call.applied(fresh), {target.key: seed for target, seed in fresh.items()}, tuple(placed))


def missing_on_backends(fault: BadInput) -> tuple[str, ...]:
    """Return the param keys whose value no backend was known to have: look at the backends again, and check again."""
    return tuple(problem["key"] for problem in fault.problems if problem.get("kind") == "choice_on_backend")


class _Call:
    """One call on its way through the check: what it said so far, and what is wrong with it."""

    def __init__(self, lookup: Lookup, workflow: Mapping[str, Any], live: Mapping[str, Sequence[Any]], rng: random.Random) -> None:
        self.said = False
        self._workflow = workflow
        self._lookup = lookup
        self._inputs = self._lookup.inputs
        self._live = live
        self._rng = rng
        self._sent: dict[str, tuple[str, Any]] = {}  # param key → the name it was sent by, and what came
        self._came_as_file: set[str] = set()
        self._values: dict[str, dict[str, Any]] = {}  # node id → input name → value
        self._problems: list[dict[str, Any]] = []
        self._file_problems: list[dict[str, Any]] = []

    # --- files ---
    def place(self, files: Mapping[str, SentFile]) -> list[CheckedFile]:
        """Find the input of each file, and the file of each mask."""
        images: dict[str, tuple[Input, str]] = {}
        masks: dict[str, tuple[Input, str]] = {}
        for field, sent in files.items():
            bare = field.removesuffix(MASK_SUFFIX)
            declared = self._lookup.find(bare)
            if declared is None:
                self._file_problem(
                    field, f"A file came as {field[:200]!r}, which names no input of the workflow.", self._lookup.unknown(bare)
                )
                continue
            taken = images if bare == field else masks
            if declared.key in taken:
                self._file_problem(field, f"Two files came for {bare[:200]!r}: as {taken[declared.key][1][:200]!r} and as {field[:200]!r}.")
                continue
            taken[declared.key] = (declared, field)
            self._judge_file(declared, field, sent, mask=taken is masks)
        for _, field in (masks[key] for key in masks.keys() - images.keys()):
            bare = field.removesuffix(MASK_SUFFIX)
            self._file_problem(field, f"A mask came for {bare[:200]!r}, but no image.", {"hint": "Send both in the same request."})
        return [CheckedFile(_target(one), field, masks[key][1] if key in masks else None) for key, (one, field) in images.items()]

    def _judge_file(self, declared: Input, field: str, sent: SentFile, *, mask: bool) -> None:
        current, name = self._lookup.current(declared), field.removesuffix(MASK_SUFFIX)[:200]
        if is_link(current):
            message = f"A file came for {name!r}, but that input is connected to node {current[0]!r}."
            self._file_problem(field, message, {"key": declared.key, "kind": "linked"})
        elif fault := file_fault(declared, sent, mask=mask):
            more = {"key": declared.key, "kind": fault.kind, "value": sent.content_type, "hint": fault.hint}
            self._file_problem(field, f"The {'mask' if mask else 'file'} for {name!r} {fault.says}.", more)

    def _file_problem(self, field: str, message: str, more: Mapping[str, Any] | None = None) -> None:
        if len(self._file_problems) < MAX_PROBLEMS:
            self._file_problems.append(_problem(field, message, {"kind": "file", **(more or {})}))

    # --- params ---
    def read(self, params: Mapping[str, Any], files: set[str]) -> None:
        """Take each param to its input. `files` are the keys that came as files: they win over a param."""
        for name, value in params.items():
            if name.startswith("_"):  # the flattener's comments
                continue
            declared = self._lookup.find(name)
            if declared is None:
                message = f"{name[:200]!r} is not an input of this workflow."
                self._add_problem(name, message, {"kind": "unknown", **self._lookup.unknown(name)})
            elif value is not None and declared.key not in files:  # null: an optional input left empty
                self.said = True
                self._take(declared, name, value)
            if len(self._problems) >= MAX_PROBLEMS:
                break
        self._came_as_file = files

    def _take(self, declared: Input, name: str, value: Any) -> None:
        first, known = self._sent.setdefault(declared.key, (name, value))
        if first != name:
            if not same(known, value):
                message = f"{first[:200]!r} and {name[:200]!r} are one input, and came with different values."
                self._add_problem(name, message, {"key": declared.key, "kind": "twice", "hint": "Send one of the two."})
            return
        current = self._lookup.current(declared)
        if same(value, declared.default if _has_default(declared) else current):
            return  # what runs anyway: a flattened workflow holds every value, links too
        fault: Fault | None
        if declared.locked or is_link(current):
            fault = None if same(value, current) else _fixed_fault(current)
        else:
            live = self._live.get(declared.key) if declared.on_backend else None
            fault, fitted = fit(declared, value, Around(current, live, self._rng))
            self._values.setdefault(declared.node_id, {})[declared.input_name] = fitted
        if fault:
            self._add_problem(name, f"{name[:200]!r} {fault.says}.", self._details(declared, value, fault))

    def require(self) -> None:
        """Note the required inputs of which nothing came."""
        came = self._sent.keys() | self._came_as_file
        for one in self._inputs:
            if one.required and one.key not in came and not one.locked and not is_link(self._lookup.current(one)):
                self._add_problem(
                    one.name, f"{one.name[:200]!r} must be sent.", self._details(one, None, Fault("required", "must be sent"))
                )

    def refuse(self) -> None:
        """Raise what was found wrong, if anything was."""
        problems = [*self._problems, *self._file_problems][:MAX_PROBLEMS]
        if problems:
            error = InvalidParams if self._problems else InvalidUpload
            raise error(problems[0]["message"], hint=problems[0].get("hint"), problems=problems)

    def _add_problem(self, name: str, message: str, more: Mapping[str, Any]) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(_problem(name, message, more))

    def _details(self, declared: Input, value: Any, fault: Fault) -> dict[str, Any]:
        choices = [] if declared.choices is None else [choice.value for choice in declared.choices]
        if declared.on_backend and declared.key in self._live:
            choices = list(self._live[declared.key])
        near: list[str] = []
        if fault.kind in ("choice", "choice_on_backend") and isinstance(value, str | int | float):
            near = self._lookup.nearest(as_text(value), (as_text(choice) for choice in choices))
        return {
            "key": declared.key,
            "kind": fault.kind,
            "value": shown(declared.input_name, value),
            "allowed": _allowed(declared, choices),
            "hint": fault.hint or question(near),
            "did_you_mean": near,
        }

    # --- what runs ---
    def fresh_seeds(self) -> dict[Target, int]:
        """Return a new value for every seed that may be set; raise EmptyParams where there is none."""
        declared = {_target(one): one for one in self._inputs}
        seeds = [Target(*where) for where in seed_inputs(self._workflow)]
        seeds += [
            target for target, one in declared.items() if one.kind is InputKind.SEED and type(self._lookup.current(one)) in (int, float)
        ]
        free = [seed for seed in dict.fromkeys(seeds) if seed not in declared or not declared[seed].locked]
        sendable = self._lookup.sendable()
        if not free and sendable:
            raise EmptyParams(
                "params is empty, and this workflow has no seed that could be renewed.",
                hint=f"Send at least one of: {', '.join(sendable)}.",
            )
        return {seed: pick_seed(declared.get(seed), self._rng) for seed in free}

    def applied(self, fresh: Mapping[Target, int]) -> dict[str, Any]:
        """Return the workflow with the owner's defaults, what was sent and the new seeds."""
        values = self._values
        for one in self._inputs:
            if _has_default(one) and one.key not in self._came_as_file and not is_link(self._lookup.current(one)):
                default = {"__value__": one.default} if isinstance(one.default, list) else one.default
                values.setdefault(one.node_id, {}).setdefault(one.input_name, default)
        for target, seed in fresh.items():
            values.setdefault(target.node_id, {})[target.input_name] = seed
        return with_values(self._workflow, values)


def _target(declared: Input) -> Target:
    return Target(declared.node_id, declared.input_name)


def _has_default(declared: Input) -> bool:
    return declared.own_default and declared.default is not None


def _fixed_fault(current: Any) -> Fault:
    if is_link(current):
        return Fault("linked", f"gets its value from node {current[0]!r}, to which it is connected", "Leave it out.")
    return Fault("locked", "may not be sent: the owner of this deployment has locked it", "Leave it out.")


def _allowed(declared: Input, choices: list[Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": declared.kind.value, "minimum": declared.minimum, "maximum": declared.maximum}
    if choices:
        facts["choices"] = choices[:MAX_CHOICES]
        facts["choices_total"] = len(choices)
    return {name: fact for name, fact in facts.items() if fact is not None}


def _problem(name: str, message: str, more: Mapping[str, Any]) -> dict[str, Any]:
    problem = {"input": name[:200], "message": message, **more}
    return {name: fact for name, fact in problem.items() if fact is not None and fact != []}
