"""Compatibility is what a new version of a deployment changes for those who call it, and whether their calls go on working."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from viewcomfy.core.inputs import Choice, Input, InputKind

SHOWN = 20
"""Of a long list of choices, as many are named."""

WIDER_KINDS = frozenset(
    {
        (InputKind.INTEGER, InputKind.NUMBER), (InputKind.SEED, InputKind.NUMBER), (InputKind.SEED, InputKind.INTEGER),
        (InputKind.INTEGER, InputKind.SEED), (InputKind.CHOICE, InputKind.TEXT), (InputKind.IMAGE, InputKind.FILE),
        (InputKind.VIDEO, InputKind.FILE), (InputKind.AUDIO, InputKind.FILE),
    }
)  # fmt: skip
"""(old, new) kinds where whatever the old one took is good for the new one too."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions; `input` is the name that callers of the old one write, of the new one where it was added.

    A `breaking` change makes calls fail, or mean something else, that worked with the old version.
    """

    code: str
    breaking: bool
    input: str
    message: str
    before: Any = None
    after: Any = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def compare(old: Sequence[Input], new: Sequence[Input]) -> tuple[Change, ...]:
    """Return what the new version's inputs change for callers of the old one: what breaks calls first, then by the inputs' order."""
    pairs = _pairs(old, new)
    changes = [change for one in _in_order(old) for change in _changes(one, pairs.get(one.name), new)]
    met = {two.name for two in pairs.values()}
    changes += [_added(two) for two in _in_order(new) if two.name not in met]
    return tuple(sorted(changes, key=lambda change: not change.breaking))


def breaking(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return those that break calls."""
    return tuple(change for change in changes if change.breaking)


def _in_order(inputs: Sequence[Input]) -> list[Input]:
    return sorted(inputs, key=lambda one: one.order)


def _pairs(old: Sequence[Input], new: Sequence[Input]) -> dict[str, Input]:
    """Return what has become of each input (old name → new input), the surest sign of being the same one first.

    The name goes before the key: names follow their node when a re-export renumbers the ids, so that two prompts whose
    ids were swapped are still told apart.
    """
    signs: list[Callable[[Input], Any]] = [
        lambda one: (one.name, one.key),
        lambda one: (one.name, one.class_type, one.input_name),
        lambda one: (one.key, one.class_type),
        lambda one: one.name,
        lambda one: one.key,
    ]
    pairs: dict[str, Input] = {}
    free = list(new)
    for sign in signs:
        there = {sign(two): two for two in free}
        for one in old:
            if one.name not in pairs and (two := there.pop(sign(one), None)) is not None:
                pairs[one.name] = two
        taken = {two.name for two in pairs.values()}
        free = [two for two in free if two.name not in taken]
    return pairs


def _changes(one: Input, two: Input | None, new: Sequence[Input]) -> Iterator[Change]:
    if two is None:
        yield _removed(one)
        return
    sendable = not one.locked  # of what callers could not send, nothing can break
    yield from _name_changes(one, two, new, sendable)
    if two.locked and sendable:
        yield Change("became_locked", True, one.name, f"{one.name!r} can't be set any more: calls that send it are refused.", False, True)
        return
    yield from _kind_changes(one, two, sendable)
    yield from _switches(one, two)
    yield from _words(one, two)


def _removed(one: Input) -> Change:
    if one.locked:
        return Change("input_removed", False, one.name, f"{one.name!r} is gone; it was locked, so no call can have sent it.", one.name)
    return Change("input_removed", True, one.name, f"{one.name!r} ({one.key!r}) is gone: calls that send it are refused.", one.name)


def _added(two: Input) -> Change:
    if two.required and not two.locked:
        return Change(
            "required_input_added", True, two.name, f"{two.name!r} is new and has to be sent: calls without it are refused.", None, two.name
        )
    return Change("input_added", False, two.name, f"{two.name!r} is new; calls need not send it.", None, two.name)


def _name_changes(one: Input, two: Input, new: Sequence[Input], sendable: bool) -> Iterator[Change]:
    if one.name != two.name:
        other = next((three for three in new if three.name == one.name), None)
        fate = f"{one.name!r} now sets another input, {other.label!r}" if other else f"calls that write {one.name!r} are refused"
        text = f"{one.name!r} is called {two.name!r} now: {fate}."
        safe = f" Calls that use the param key {one.key!r} go on working." if one.key == two.key else ""
        yield Change("name_changed", sendable, one.name, text + safe, one.name, two.name)
    if one.key != two.key:
        other = next((three for three in new if three.key == one.key), None)
        fate = f"{one.key!r} now sets {other.name!r}" if other else f"calls that use {one.key!r} are refused"
        safe = f" Calls that use the name {one.name!r} go on working." if one.name == two.name else ""
        text = f"The param key of {one.name!r} is {two.key!r} now: {fate}.{safe}"
        yield Change("key_changed", sendable, one.name, text, one.key, two.key)


def _kind_changes(one: Input, two: Input, sendable: bool) -> Iterator[Change]:
    if one.kind != two.kind:
        wider = two.kind is InputKind.ANY or (one.kind, two.kind) in WIDER_KINDS
        text = f"{one.name!r} takes {_a(two.kind)}, where it took {_a(one.kind)}" + ("; that goes on working." if wider else ".")
        yield Change("kind_changed", sendable and not wider, one.name, text, str(one.kind), str(two.kind))
        if not wider:
            return  # limits and choices of another kind say nothing more
    yield from _range_changes(one, two, sendable)
    yield from _choice_changes(one, two, sendable)


def _a(kind: InputKind) -> str:
    words = {InputKind.ANY: "any value", InputKind.TEXT: "text", InputKind.CHOICE: "one of its choices", InputKind.BOOLEAN: "true or false"}
    return words.get(kind) or ("an " if kind[0] in "aeiou" else "a ") + kind + (" file" if kind in ("image", "video", "audio") else "")


def _range_changes(one: Input, two: Input, sendable: bool) -> Iterator[Change]:
    before, after = (one.minimum, one.maximum), (two.minimum, two.maximum)
    if before == after:
        return
    low_old, low_new = _bound(one.minimum, "-inf"), _bound(two.minimum, "-inf")
    high_old, high_new = _bound(one.maximum, "inf"), _bound(two.maximum, "inf")
    narrowed = low_new > low_old or high_new < high_old
    text = f"{one.name!r} may be {_span(*after)}, where it could be {_span(*before)}."
    limits = [{"minimum": low, "maximum": high} for low, high in (before, after)]
    yield Change("range_narrowed" if narrowed else "range_widened", narrowed and sendable, one.name, text, *limits)


def _bound(limit: float | None, none: str) -> float:
    return float(none) if limit is None else limit


def _span(minimum: float | None, maximum: float | None) -> str:
    if minimum is None and maximum is None:
        return "any number"
    if maximum is None:
        return f"{minimum} or more"
    return f"{maximum} or less" if minimum is None else f"{minimum} to {maximum}"


def _choice_changes(one: Input, two: Input, sendable: bool) -> Iterator[Change]:
    if one.choices is None and two.choices is None:
        return
    if two.choices is None:
        yield Change(
            "choices_lifted", False, one.name, f"{one.name!r} takes any value now, not only its choices.", _values(one.choices), None
        )
        return
    if one.choices is None:
        text = f"{one.name!r} takes only {_named(two.choices)} now, where it took any value."
        yield Change("choice_removed", sendable, one.name, text, None, _values(two.choices))
        return
    gone = _missing(one.choices, two.choices)
    fresh = _missing(two.choices, one.choices)
    if gone:
        here = one.on_backend and two.on_backend  # a file that is not there today: the machines changed, not the version
        text = f"{one.name!r} no longer takes {_named(gone)}" + (": no backend has it now." if here else ".")
        yield Change("choice_removed", sendable and not here, one.name, text, _values(gone), None)
    if fresh:
        yield Change("choice_added", False, one.name, f"{one.name!r} also takes {_named(fresh)}.", None, _values(fresh))


def _missing(these: Sequence[Choice], there: Sequence[Choice]) -> list[Choice]:
    known = {_same(choice.value) for choice in there}
    return [choice for choice in these if _same(choice.value) not in known]


def _same(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()  # 4.0 is 4 once a browser has read and written it
    return json.dumps(int(value) if whole else value, sort_keys=True, default=str)


def _values(choices: Sequence[Choice] | None) -> list[Any]:
    return [choice.value for choice in (choices or ())[:SHOWN]]


def _named(choices: Sequence[Choice]) -> str:
    more = f" and {len(choices) - SHOWN} more" if len(choices) > SHOWN else ""
    return ", ".join(repr(choice.value) for choice in choices[:SHOWN]) + more


def _switches(one: Input, two: Input) -> Iterator[Change]:
    if two.required and not one.required:
        yield Change("became_required", True, one.name, f"{one.name!r} has to be sent now: calls without it are refused.", False, True)
    if one.required and not two.required:
        yield Change("no_longer_required", False, one.name, f"{one.name!r} need not be sent any more.", True, False)
    if one.locked and not two.locked:
        yield Change("no_longer_locked", False, one.name, f"{one.name!r} may be set now.", True, False)
    if one.hidden != two.hidden:
        text = f"{one.name!r} is {'left out of' if two.hidden else 'shown in'} forms and documents now; it can be sent as before."
        yield Change("visibility_changed", False, one.name, text, one.hidden, two.hidden)


def _words(one: Input, two: Input) -> Iterator[Change]:
    if _same(one.default) != _same(two.default):
        text = f"Where a call says nothing, {one.name!r} is {_short(two.default)} now; it was {_short(one.default)}."
        yield Change("default_changed", False, one.name, text, one.default, two.default)
    for code, what, before, after in (
        ("label_changed", "label", one.label, two.label),
        ("description_changed", "description", one.description, two.description),
    ):
        if before != after:
            yield Change(code, False, one.name, f"The {what} of {one.name!r} has changed.", before, after)


def _short(value: Any) -> str:
    text = _same(value)
    return text if len(text) <= 80 else text[:79] + "…"
