"""`viewcomfy client`: write a typed client of one deployment."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, DeploymentName, Version, with_client

if TYPE_CHECKING:
    from viewcomfy.client.client import Client


@with_client
def client(
    connected: Client,
    *,
    name: DeploymentName,
    typescript: Annotated[bool, typer.Option("--typescript", metavar="", help="Write TypeScript without dependencies.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The file to write, NAME_client.py by default; - is stdout.")
    ] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Write a typed client of one deployment: a Python module for viewcomfy's SDK, or a TypeScript file.

    Its inputs are named, typed and documented. Write it again when the deployment has changed.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.generate import generate_python, generate_typescript
    from viewcomfy.cli.values import write_file

    found = connected.deployment(name, version=version).describe()
    server = found.url.rpartition("/d/")[0]
    generate = generate_typescript if typescript else generate_python
    text = generate(found.name, server, found.version, found.inputs, found.description or found.title)
    file = output or Path(f"{re.sub('[^a-z0-9]+', '_', found.name)}_client.{'ts' if typescript else 'py'}")
    if str(file) == "-":
        sys.stdout.write(text)
        return None
    write_file(file, text)
    if as_json:
        return show.as_json({"path": str(file), "name": found.name, "version": found.version})
    return show.say(f"Wrote {file}, a client of {found.name}, version {found.version}.", style="green")
