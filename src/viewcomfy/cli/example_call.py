"""The options of a call to try, for somebody who has just deployed something."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from viewcomfy.cli.input_options import option_name
from viewcomfy.core.inputs import InputKind
from viewcomfy.core.values import as_text
from viewcomfy.wire.examples import FILENAMES, TEXT, example_value
from viewcomfy.wire.input_schema import visible
from viewcomfy.wire.inputs import InputOut

LONGEST = 60
"""Characters of a text that is worth typing."""
TELLING: tuple[Callable[[InputOut], bool], ...] = (
    lambda declared: declared.kind is InputKind.TEXT and not declared.advanced and not declared.key.endswith("-inputs-filename_prefix"),
    lambda declared: declared.kind.is_file,
    lambda declared: declared.kind is InputKind.SEED,
    lambda _: True,
)


def example(inputs: Sequence[InputOut]) -> str:
    """Return the options that set what must be set, and the input that says most: a text, else a file, else a seed, else the first."""
    shown = visible(inputs)
    most = next((declared for tells in TELLING for declared in shown if tells(declared)), None)
    wanted = [declared for declared in shown if declared.required]
    if most and most not in wanted and (not wanted or most.kind is InputKind.TEXT):
        wanted.append(most)
    return " ".join(_option(declared) for declared in wanted)


def _option(declared: InputOut) -> str:
    value = FILENAMES[declared.kind] if declared.kind.is_file else example_value(declared)
    if isinstance(value, bool):
        return option_name(declared.name if value else f"no_{declared.name}")
    text = as_text(value) if isinstance(value, str | int | float) else str(value)
    if declared.kind is InputKind.TEXT and (len(text) > LONGEST or "\n" in text):
        text = TEXT
    return f"{option_name(declared.name)} {shlex.quote(text)}"
