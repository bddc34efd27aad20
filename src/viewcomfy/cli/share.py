"""`viewcomfy share`: make a link that lets people without a key use a deployment in their browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.key_options import ExpiresDays, MaxActive, MaxPerDay, MaxRunning, bounds
from viewcomfy.cli.options import AsJson, DeploymentName, with_client

if TYPE_CHECKING:
    from viewcomfy.client.client import Client


@with_client
def share(
    client: Client,
    deployment: DeploymentName,
    *,
    name: Annotated[str, typer.Option("--name", help="Who it is for.", show_default=False)] = "",
    expires_days: ExpiresDays = None,
    max_active: MaxActive = None,
    max_per_day: MaxPerDay = None,
    max_running: MaxRunning = None,
    as_json: AsJson = False,
) -> None:
    """Make a link to the playground of a deployment; whoever has it can run it, and sees nothing else."""
    from viewcomfy.cli import show

    made = client.share(deployment, name, **bounds(expires_days, max_active, max_per_day, max_running))
    if as_json:
        return show.as_json({"client_id": made.client_id, "url": made.url, "expires_at": made.expires_at})
    show.lines([made.url])
    show.say(f"It is not shown again. `viewcomfy keys revoke {made.client_id}` ends it.", style="yellow")
    return None
