"""`viewcomfy deployments edit`: change what an input of a deployment is called, takes and holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, DeploymentName, with_client
from viewcomfy.cli.values import comma_list
from viewcomfy.core.errors import BadInput, BreakingChange
from viewcomfy.core.inputs import InputKind

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.deployments import DeployedOut
    from viewcomfy.wire.inputs import InputOut

FIELDS = ("name", "label", "description", "required", "hidden", "locked", "advanced", "minimum", "maximum", "choices", "default", "order")
SHORT = {"describe": "description", "min": "minimum", "max": "maximum"}
ALL = "all"


@with_client
def edit(
    client: Client,
    *,
    deployment: DeploymentName,
    wanted: Annotated[str, typer.Argument(metavar="INPUT", help="The input: its name or its param key.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What callers write.")] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="What people are shown.")] = None,
    describe: Annotated[str | None, typer.Option("--describe", metavar="TEXT", help="What it is for.")] = None,
    required: Annotated[bool | None, typer.Option("--required/--optional", metavar="", help="Must calls send it?")] = None,
    hidden: Annotated[bool | None, typer.Option("--hide/--show", metavar="", help="Leave it out of forms and documents?")] = None,
    locked: Annotated[bool | None, typer.Option("--lock/--unlock", metavar="", help="Refuse calls that send it?")] = None,
    minimum: Annotated[str | None, typer.Option("--min", metavar="NUMBER", help="The lowest value.")] = None,
    maximum: Annotated[str | None, typer.Option("--max", metavar="NUMBER", help="The highest value.")] = None,
    default: Annotated[str | None, typer.Option("--default", metavar="VALUE", help="What runs where a call says nothing.")] = None,
    choices: Annotated[str | None, typer.Option("--choices", metavar="A,B,…", help="The only values that it takes.")] = None,
    order: Annotated[int | None, typer.Option("--order", metavar="N", help="Its place in forms, from 0.")] = None,
    advanced: Annotated[bool | None, typer.Option("--advanced/--basic", metavar="", help="For experts?")] = None,
    reset: Annotated[
        list[str] | None, typer.Option("--reset", metavar="FIELD", help="Take a change back, or all of them; may be repeated.")
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is new in this version.", show_default=False)] = "",
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", metavar="", help="Do it although calls that work today would fail.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change an input of a deployment, which makes its next version.

    Needs the admin token.
    """
    from viewcomfy.cli.inputs_table import input_named

    handle = client.deployment(deployment)
    declared = input_named(handle.describe(), wanted)
    plainly = {
        "name": name, "label": label, "description": describe, "required": required, "hidden": hidden, "locked": locked,
        "advanced": advanced, "order": order,
    }  # fmt: skip
    changes = _resets(reset or []) | {field: value for field, value in plainly.items() if value is not None}
    changes |= _values(declared, {"minimum": minimum, "maximum": maximum, "default": default}, choices)
    if not changes:
        raise BadInput("Nothing was said to change.", hint=f"For example `viewcomfy deployments edit {deployment} {wanted} --label TEXT`.")
    try:
        made = handle.edit({declared.key: changes}, note=note, allow_breaking=allow_breaking)
    except BreakingChange as fault:
        fault.hint = "Change it all the same with --allow-breaking."
        raise
    _tell(made, client.deployment(deployment, version=made.version).inputs(), declared.key, as_json=as_json)


def _resets(fields: list[str]) -> dict[str, Any]:
    """Return what takes changes back: null for each field, by its name in the API or by its option's."""
    if ALL in fields:
        return dict.fromkeys(FIELDS)
    known = {SHORT.get(field, field): field for field in fields}
    for field, said in known.items():
        if field not in FIELDS:
            raise BadInput(f"{said[:40]!r} cannot be reset.", hint=f"One of {', '.join(FIELDS)}, or {ALL}.")
    return dict.fromkeys(known)


def _values(declared: InputOut, given: dict[str, str | None], choices: str | None) -> dict[str, Any]:
    """Return limits, default and choices as values of the input's kind, as far as text can be one; the server says what does not fit."""
    numeric = declared.kind in (InputKind.INTEGER, InputKind.NUMBER, InputKind.SEED)
    values = {field: _number(text) if field != "default" or numeric else text for field, text in given.items() if text is not None}
    if declared.kind is InputKind.ANY and given["default"] is not None:
        values["default"] = _json(given["default"])
    if choices is not None:
        numbers = numeric or (declared.kind is InputKind.CHOICE and not isinstance(declared.default, str))
        values["choices"] = [_number(item) if numbers else item for item in comma_list(choices)]
    return values


def _number(text: str) -> Any:
    value = _json(text)
    return value if isinstance(value, int | float) else text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _tell(made: DeployedOut, inputs: list[InputOut], key: str, *, as_json: bool) -> None:
    from viewcomfy.cli import report_view, show
    from viewcomfy.cli.inputs_table import inputs_table

    changed = [declared for declared in inputs if declared.key == key]
    if as_json:
        more = {"inputs": [one.model_dump(mode="json") for one in inputs]}
        return show.as_json(made.model_dump(mode="json") | more)
    show.say(f"{made.name} is at version {made.version} now.", style="green")
    report_view.changes(made.changes, show.err())
    report_view.problems(made.report, show.err())
    return inputs_table(changed)
