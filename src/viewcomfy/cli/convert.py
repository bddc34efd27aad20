"""`viewcomfy convert`: any file with a workflow in it, as a workflow in the API format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, with_client

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.conversions import ConvertedOut

WORDS = {
    "api": "It was in the API format.",
    "editor": "Converted from the editor's format.",
    "carried prompt": "Taken from the file as it ran, seeds and all.",
    "carried workflow": "Taken from the file and converted from the editor's format.",
}


@with_client
def convert(
    client: Client,
    *,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="workflow.json, workflow_api.json, or a picture, video or sound that ComfyUI made.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The file to write; stdout by default.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the workflow of a file in ComfyUI's API format, as its Workflow → Export (API) does.

    What is in the editor's format is converted by the server, with the nodes of its ComfyUI; that needs the admin token.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.values import write_file
    from viewcomfy.core.model_urls import without_secrets

    found = converted(client, file)
    if output is not None:
        write_file(output, json.dumps(found.workflow_api, indent=2) + "\n")
    if as_json:
        return show.as_json(found.model_dump(mode="json") | ({"path": str(output)} if output else {}))
    show.say(WORDS[found.source], style="green")
    for model in found.models:
        show.say(f"It needs {model.folder}/{model.file}{f' ({without_secrets(model.url)})' if model.url else ''}.")
    return show.say(f"Wrote {output}.") if output else show.lines([json.dumps(found.workflow_api, indent=2)])


def converted(client: Client, file: Path) -> ConvertedOut:
    """Return the workflow of a file in the API format; the server is asked only where it must be converted."""
    from viewcomfy.core.editor.format import is_editor_workflow
    from viewcomfy.core.editor.source import open_source
    from viewcomfy.core.workflows import check_workflow
    from viewcomfy.wire.conversions import ConvertedOut

    found = open_source(file, str(file))
    if not is_editor_workflow(found.workflow):
        return ConvertedOut(workflow_api=check_workflow(found.workflow, str(file)), source=found.origin)
    made = client.convert(found.workflow)
    return made.model_copy(update={"source": found.origin})
