"""`viewcomfy deployments edit`: change what an input of a deployment is called, takes and holds."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, DeploymentName, with_client
from viewcomfy.core.errors import BadInput
from viewcomfy.core.inputs import InputKind

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.inputs import InputOut

FIELDS = "name label description required hidden locked advanced minimum maximum choices default order".split()
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
    """Change an input of a deployment, which makes its next version. Needs the admin token."""
    from viewcomfy.cli.deployments import input_named

    handle = client.deployment(deployment)
    declared = input_named(handle.describe(), wanted)
    given: dict[str, Any] = {
        "name": name, "label": label, "description": describe, "required": required, "hidden": hidden, "locked": locked,
        "advanced": advanced, "order": order, **typed(declared, minimum=minimum, maximum=maximum, default=default, choices=choices),
    }  # fmt: skip
    changes = {field: value for field, value in given.items() if value is not None}
    fields = _fields(reset or [])
    if not changes and not fields:
        raise BadInput("There is nothing to change.", hint=f"For example --label TEXT; `viewcomfy deployments edit {deployment} {wanted} --help` has more.")
    if None in fields:
        made = handle.edit({declared.key: None}, note=note, allow_breaking=allow_breaking)  # type: ignore
    else:
        made = handle.edit({declared.key: {**dict.fromkeys(fields), **changes}}, note=note, allow_breaking=allow_breaking)
    _tell()
