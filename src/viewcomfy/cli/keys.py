"""`viewcomfy keys`: make, list and revoke the keys that callers send, and replace the admin token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.key_options import ExpiresDays, MaxActive, MaxPerDay, MaxRunning, bounds
from viewcomfy.cli.options import AsJson, DataDir, settings_from, with_client
from viewcomfy.core.errors import NotFound

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.settings import Settings
    from viewcomfy.wire.keys import KeyOut

keys = typer.Typer(help="Make, list and revoke keys, with the admin token.", no_args_is_help=True)


@keys.command()
@with_client
def create(
    client: Client,
    *,
    name: Annotated[str, typer.Option("--name", help="Who it is for.", show_default=False)] = "",
    deployment: Annotated[
        list[str] | None, typer.Option("--deployment", metavar="NAME", help="Limit it to this deployment; may be repeated.")
    ] = None,
    allow_override: Annotated[
        bool | None,
        typer.Option(
            "--allow-override/--no-override",
            metavar="",
            help="May calls send a workflow of their own? By default yes, unless it is limited.",
        ),
    ] = None,
    expires_days: ExpiresDays = None,
    max_active: MaxActive = None,
    max_per_day: MaxPerDay = None,
    max_running: MaxRunning = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; its secret is shown once."""
    from viewcomfy.cli import show

    limits = bounds(expires_days, max_active, max_per_day, max_running)
    key = client.create_key(name, deployments=deployment or None, allow_override=allow_override, **limits)
    if as_json:
        return show.as_json({"client_id": key.client_id, "client_secret": key.client_secret})
    show.facts([("client_id", key.client_id), ("client_secret", key.client_secret)])
    show.say("Keep the secret: it is not shown again.", style="yellow")
    return None


@keys.command("list")
@with_client
def list_keys(client: Client, as_json: AsJson = False) -> None:
    """List all keys, revoked ones too."""
    from viewcomfy.cli import show

    found = client.keys()
    if as_json:
        return show.as_json([key.model_dump(mode="json") for key in found])
    if not found:
        return show.say("There are no keys. `viewcomfy keys create` makes one.")
    rows = [
        (
            key.client_id,
            f"{key.name} (share link)".strip() if key.share else key.name,
            ", ".join(key.deployments or ["all"]),
            show.when(key.last_used_at) or "never",
            _state(key),
        )
        for key in found
    ]
    return show.table(["CLIENT ID", "NAME", "DEPLOYMENTS", "LAST USED", "STATE"], rows)


def _state(key: KeyOut) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= time.time() else "valid"


@keys.command()
@with_client
def revoke(
    client: Client, key_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", show_default=False)], as_json: AsJson = False
) -> None:
    """Revoke a key for good."""
    from viewcomfy.cli import show

    key = client.revoke_key(key_id)
    if as_json:
        return show.as_json({"client_id": key.client_id, "revoked_at": key.revoked_at})
    return show.say(f"Revoked {key.client_id}{f' ({key.name})' if key.name else ''}.", style="green")


@keys.command("reset-admin-token")
def reset_admin_token(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Replace a lost admin token, in the store itself: VIEWCOMFY_STORE, or else the data folder.

    Servers take it at their next start.
    """
    import asyncio

    from viewcomfy.cli import show
    from viewcomfy.settings import Settings

    token = asyncio.run(_new_admin_token(settings_from(Settings, data_dir=data_dir)))
    if as_json:
        return show.as_json({"admin_token": token})
    show.facts([("admin token", token)])
    return show.say("Keep it: it is not shown again. A server that runs must be started again.", style="yellow")


async def _new_admin_token(settings: Settings) -> str:
    from viewcomfy.core.keys import new_secret
    from viewcomfy.service.keys import KeyService
    from viewcomfy.store.store import Store

    database = settings.data_dir / "viewcomfy.db"
    if settings.store is None and not database.is_file():
        raise NotFound(f"{settings.data_dir} is not the data folder of a server.", hint="Name it with --data-dir.")
    store = await Store.open(settings.store.get_secret_value() if settings.store else database)
    try:
        return await KeyService(store.keys, store.meta).set_admin_token(new_secret("vca_"))
    finally:
        await store.close()
