"""`viewcomfy params`: the inputs of a workflow, as the file of params that published clients read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, with_client
from viewcomfy.core.params import Target, flatten
from viewcomfy.core.workflows import literals, node_title

if TYPE_CHECKING:
    from viewcomfy.client.client import Client

FILENAME = "workflow_api_parameters.json"


@with_client
def params(
    client: Client,
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A workflow as ComfyUI saves it, or a picture that it made.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write; - is stdout.", show_default=False)
    ] = Path(FILENAME),
    as_json: AsJson = False,
) -> None:
    """Write the inputs of a workflow, by their param keys.

    The file is what published ViewComfy clients read; by default workflow_api_parameters.json. A server is needed only for what is in
    the format of ComfyUI's editor.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.convert import converted
    from viewcomfy.cli.values import write_file

    workflow = converted(client, file).workflow_api
    text = json.dumps(flatten(workflow), indent=4)
    if str(output) == "-":
        sys.stdout.write(text + "\n")
        return
    write_file(output, text)
    if as_json:
        show.as_json({"path": str(output), "inputs": len(list(literals(workflow)))})
        return
    show.table(["NODE", "KEY", "VALUE"], [_row(workflow, *literal) for literal in literals(workflow)])
    show.say(f"\nWrote {output}.", style="green")


def _row(workflow: dict[str, Any], node_id: str, name: str, value: Any) -> tuple[str, str, str]:
    shown = json.dumps(value, ensure_ascii=False)
    return node_title(workflow[node_id]), Target(node_id, name).key, shown if len(shown) <= 60 else f"{shown[:59]}…"
