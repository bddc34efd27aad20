"""The options of commands that say what backends run when they have started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from viewcomfy.core.errors import BadInput

WarmUpFlag = Annotated[
    bool | None,
    typer.Option(
        "--warm-up/--no-warm-up",
        metavar="",
        help="Have backends run it once when they have started, so that the first job finds its models loaded; by default as before.",
        show_default=False,
    ),
]
WarmUpValues = Annotated[
    str | None,
    typer.Option("--warm-up-with", metavar="JSON", help='The same, with these inputs: JSON such as {"steps": 1}.', show_default=False),
]


def warm_up_of(flag: bool | None, values: str | None) -> dict[str, Any] | Literal[False] | None:
    """Return what the options say as a deployment takes it: inputs, False for no warm-up, None for as before. Raises BadInput."""
    if values is None:
        return None if flag is None else {} if flag else False
    if flag is False:
        raise BadInput("--no-warm-up and --warm-up-with exclude each other.", hint="Leave one of them out.")
    try:
        told = json.loads(values)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise BadInput("--warm-up-with takes a JSON object of inputs and values.", hint="""For example --warm-up-with '{"steps": 1}'.""")
    return told


def warm_up_text(values: Mapping[str, Any] | None) -> str:
    """Return how people are told of a warm-up; empty where there is none."""
    return "" if values is None else json.dumps(values, ensure_ascii=False) if values else "as it is"
