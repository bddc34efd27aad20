"""The declared inputs of a deployment as a person reads them: a table, and the words for one of them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from viewcomfy.cli import show
from viewcomfy.core.errors import BadInput
from viewcomfy.core.suggestions import did_you_mean
from viewcomfy.core.values import as_text
from viewcomfy.wire.deployments import DeploymentDetail
from viewcomfy.wire.input_schema import limits_in_words, plain, sentence, spelled_out
from viewcomfy.wire.inputs import InputOut

COLUMNS = ("NAME", "TYPE", "DEFAULT", "TAKES")
MOST_CHOICES = 12
MOST_LETTERS = 160
"""Of a list of choices; a longer one is begun, and how many there are is told."""


def inputs_table(inputs: Sequence[InputOut], *, advanced: bool = True, hint: str = "") -> None:
    """Write the inputs in their order, advanced ones below the others; without `advanced` only how many those are, and the hint."""
    shown = sorted(inputs, key=lambda declared: declared.order)
    basic = [declared for declared in shown if not declared.advanced]
    rest = [declared for declared in shown if declared.advanced]
    if not advanced and basic:
        _write("Inputs", basic)
        if rest:
            count = f"{len(rest)} advanced one{'s' if len(rest) > 1 else ''}"
            show.say(f"and {count}{f': {hint}' if hint else ''}", show.out(), style="dim")
        return
    _write("Inputs", basic)
    _write("Advanced inputs", rest)


def input_named(found: DeploymentDetail, wanted: str) -> InputOut:
    """Return an input by its name, its option or its param key; raise BadInput with the nearest names."""
    name = wanted.removeprefix("--").replace("-", "_")
    for declared in found.inputs:
        if wanted in (declared.name, declared.key) or name == declared.name:
            return declared
    meant = did_you_mean(name, (declared.name for declared in found.inputs))
    raise BadInput(
        f"{found.name} has no input {wanted[:80]!r}.", hint=meant or f"`viewcomfy deployments show {found.name}` lists its inputs."
    )


def _write(title: str, inputs: Sequence[InputOut]) -> None:
    if inputs:
        show.heading(title)
        rows = [_row(declared) for declared in inputs]
        width = len(COLUMNS) if any(row[-1].plain for row in rows) else len(COLUMNS) - 1
        show.table(COLUMNS[:width], [row[:width] for row in rows])


def _row(declared: InputOut) -> tuple[Text, ...]:
    style = "" if declared.is_open else "dim"
    cells = [Text(declared.name), Text(declared.kind.value), default_of(declared), _takes(declared)]
    for cell in cells:
        cell.stylize(style)
    return tuple(cells)


def default_of(declared: InputOut) -> Text:
    """Return what runs where a call says nothing, shortly."""
    if declared.required:
        return Text("required", "red")
    return Text("" if declared.default is None else value_text(declared.default, 36))


def _takes(declared: InputOut) -> Text:
    state = " ".join(word for word in ("hidden", "locked") if getattr(declared, word))
    label = declared.label if plain(declared.label).casefold().replace(" ", "_") != declared.name else ""
    text = " ".join(filter(None, (sentence(label), sentence(declared.description), sentence(limits_of(declared)))))
    return Text.assemble((f"{state} " if state else "", "yellow"), text)


def limits_of(declared: InputOut) -> str:
    """Say what an input takes beside its type: its limits, or its choices."""
    if declared.kind.is_file:
        return ""  # its type says it
    return choices_of(declared) if spelled_out(declared) else limits_in_words(declared)


def choices_of(declared: InputOut) -> str:
    """Say which values an input takes: its choices, or the first of them and how many there are."""
    values = [value_text(choice.value, 80) for choice in declared.choices or ()]
    some = values[:MOST_CHOICES]
    while len(some) > 1 and sum(map(len, some)) > MOST_LETTERS:
        some.pop()
    more = f", … ({len(values)} in all)" if len(some) < len(values) else ""
    return f"{'One of' if len(values) > 1 else 'Only'} {', '.join(some)}{more}"


def value_text(value: object, longest: int) -> str:
    """Return a value on one line, shortened."""
    text = plain(as_text(value)) if isinstance(value, str | int | float) else plain(str(value))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
