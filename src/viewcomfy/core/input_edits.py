"""Input edits are what the owner of a deployment changed about its declared inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from viewcomfy.core.edit_checks import Problem, check_edit, edited, kept, problems_of
from viewcomfy.core.edit_follow import follow
from viewcomfy.core.errors import InvalidParams
from viewcomfy.core.input_edit import Edit, edit_of
from viewcomfy.core.input_names import free_name, name_fault
from viewcomfy.core.inputs import Input
from viewcomfy.core.params import SEPARATOR
from viewcomfy.core.suggestions import did_you_mean

__all__ = ["Edit", "apply_edits", "check_edit", "edit_of", "follow", "make_edits"]

Changes = Mapping[str, Any]


def make_edits(declared: Sequence[Input], changes: Mapping[str, Changes | None], existing: Iterable[Edit] = ()) -> tuple[Edit, ...]:
    """Return the existing edits with the changes in them, in the order of the inputs.

    `declared` are the inputs as the workflow declares them. `changes` are by the name that an input has now, by its param key or
    by the name that it would have unedited. A change of None takes that change back, None for all changes takes all of them back.
    Raises InvalidParams with every problem.
    """
    edits = {edit.key: edit for edit in existing}
    keys = _keys(declared, edits.values())
    problems = [_unknown(name, keys) for name in changes if name not in keys]
    by_key = {one.key: one for one in declared}
    wanted: dict[str, dict[str, Any]] = {key: dict(edit.changes) for key, edit in edits.items()}
    for name, change in changes.items():
        if name in keys:
            before = _still_good(by_key[keys[name]], wanted.get(keys[name], {})) if change is not None else {}
            wanted[keys[name]] = {field: value for field, value in {**before, **(change or {})}.items() if value is not None}
    named = {key: str(change.get("name") or by_key[key].name) for key, change in _on_all(declared, wanted).items()}
    for key in dict.fromkeys(keys[name] for name in changes if name in keys):
        taken = {other for other_key, other in named.items() if other_key != key}
        problems.extend({"input": by_key[key].name, **problem} for problem in problems_of(by_key[key], wanted[key], taken))
    if problems:
        raise InvalidParams(problems[0]["message"], hint=problems[0].get("hint"), problems=problems[:100])
    return _edits(declared, wanted, edits)


def _still_good(declared: Input, changes: Changes) -> Changes:
    """Return what of earlier changes has an effect: an app file may ask for more than the node allows, and nodes change."""
    good = {field: value for field, value in changes.items() if not problems_of(declared, {field: value})}
    if problems_of(declared, good):
        return {field: value for field, value in good.items() if field not in ("minimum", "maximum", "default")}
    return good


def apply_edits(declared: Sequence[Input], edits: Iterable[Edit]) -> tuple[tuple[Input, ...], tuple[Edit, ...]]:
    """Return the inputs as their owner wants them, in their order, and the edits whose input is not there.

    A limit that is wider than the node's own has no effect. A name that the owner chose stays; an input that would have the same
    name by itself gets another. One that cannot be a name, or that the owner chose twice, has no effect.
    """
    by_key = {one.key: one for one in declared}
    changes: dict[str, dict[str, Any]] = {}
    lost = []
    for edit in edits:
        found = by_key.get(edit.key)
        if found is None or (found.class_type, found.input_name) != (edit.class_type, edit.input_name):
            lost.append(edit)
        else:
            changes.setdefault(edit.key, {}).update(edit.changes)
    names = _names(declared, changes)
    done = [replace(edited(one, changes[one.key]) if one.key in changes else one, name=names[one.key]) for one in declared]
    return _ordered(done, changes), tuple(lost)


def _ordered(inputs: Sequence[Input], changes: Mapping[str, Changes]) -> tuple[Input, ...]:
    """Put the inputs that have a place of their own there, the others around them, and count anew."""

    def key(one: Input) -> tuple[int, bool, int]:
        wanted = changes.get(one.key, {}).get("order")
        return (one.order, True, one.order) if wanted is None else (wanted, False, one.order)

    return tuple(replace(one, order=place) if one.order != place else one for place, one in enumerate(sorted(inputs, key=key)))


def _names(declared: Sequence[Input], changes: Mapping[str, Changes]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for one in declared:
        name = changes.get(one.key, {}).get("name")
        if name is not None and name not in chosen and name_fault(name) is None:
            chosen[name] = one.key
    names = {key: name for name, key in chosen.items()}
    taken = {*chosen, *(one.name for one in declared)}
    for one in declared:
        if one.key not in names:
            names[one.key] = free_name(one.name, taken) if one.name in chosen else one.name
            taken.add(names[one.key])
    return names


def _keys(declared: Sequence[Input], edits: Iterable[Edit]) -> dict[str, str]:
    """Return the param key of everything that an input may be called."""
    now, _ = apply_edits(declared, edits)
    return {one.name: one.key for one in declared} | {one.key: one.key for one in declared} | {one.name: one.key for one in now}


def _unknown(name: str, keys: Mapping[str, str]) -> Problem:
    hint = did_you_mean(name, [known for known in keys if (SEPARATOR in known) == (SEPARATOR in name)])
    return {"input": name, "message": f"{name[:200]!r} is not an input of this deployment.", **({"hint": hint} if hint else {})}


def _on_all(declared: Sequence[Input], wanted: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one.key: wanted.get(one.key, {}) for one in declared}


def _edits(declared: Sequence[Input], wanted: Mapping[str, Changes], existing: Mapping[str, Edit]) -> tuple[Edit, ...]:
    """Return an edit for every input with changes, and those existing ones whose input is not there as they were."""
    seen: Counter[tuple[str, str, str]] = Counter()
    result = []
    for one in sorted(declared, key=lambda one: one.order):
        kind = one.class_type, one.node_title, one.input_name
        if wanted.get(one.key):
            result.append(Edit(one.key, *kind, seen[kind], kept(one, wanted[one.key])))
        seen[kind] += 1
    known = {one.key for one in declared}
    return (*result, *(edit for key, edit in existing.items() if key not in known))
