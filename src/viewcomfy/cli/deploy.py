"""`viewcomfy deploy`: make a workflow callable at a URL."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, with_client
from viewcomfy.core.outputs import content_type_of

if TYPE_CHECKING:
    from viewcomfy.client.client import Client


@with_client
def deploy(
    client: Client,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name, as it will stand in the URL.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The workflow in ComfyUI's API format.", show_default=False)],
    time_limit: Annotated[float, typer.Option("--time-limit", metavar="SECONDS", help="How long a job may run; 0: no limit.")] = 0.0,
    cancel_on_disconnect: Annotated[
        bool, typer.Option("--cancel-on-disconnect", metavar="", help="Cancel a job whose caller goes away before the result.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a workflow callable at a URL.

    A new name makes version 1, a known one its next version. Needs the admin token.
    """
    from viewcomfy.cli import show

    made = client.deploy(name, file.expanduser(), time_limit=time_limit, cancel_on_disconnect=cancel_on_disconnect)
    if as_json:
        return show.as_json({"name": made.name, "version": made.version, "url": made.url})
    show.say(f"Deployed {made.name}, version {made.version}.", style="green")
    show.facts([("endpoint", made.url), ("try it", f"viewcomfy run {made.name} {example_param(client.params(name))}")])
    return None


def example_param(params: dict[str, Any]) -> str:
    """Return a `-p KEY=VALUE` that sets the most telling input: a text if there is one, a file, a seed, else any value."""
    values = {key: value for key, value in params.items() if not key.startswith("_") and isinstance(value, str | int | float)}
    if not values:
        return ""
    key = min(values, key=lambda key: (not key.endswith("-inputs-text"), not _is_file(values[key]), "seed" not in key))
    value = values[key]
    text = f"@{value}" if _is_file(value) else value if isinstance(value, str) else json.dumps(value)
    return "-p " + shlex.quote(f"{key}={text}")


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and content_type_of(value).startswith(("image/", "audio/", "video/"))
