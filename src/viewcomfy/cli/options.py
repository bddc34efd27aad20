"""The options that commands share, and what they lead to: settings and a client."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

from viewcomfy.core.errors import BadInput

if TYPE_CHECKING:
    from pydantic import BaseModel

    from viewcomfy.client.client import Client

P = ParamSpec("P")
Model = TypeVar("Model", bound="BaseModel")

CONNECTION = "Connection (or variables: VIEWCOMFY_SERVER, VIEWCOMFY_CLIENT_ID, …)"

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="Write JSON for scripts.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The folder that holds all state; .viewcomfy by default.", metavar="DIR")]
Server = Annotated[
    str | None,
    typer.Option("--server", help="The server; http://127.0.0.1:8000 by default.", metavar="URL", rich_help_panel=CONNECTION),
]
ClientId = Annotated[str | None, typer.Option("--client-id", help="The key to call with.", metavar="ID", rich_help_panel=CONNECTION)]
ClientSecret = Annotated[
    str | None,
    typer.Option("--client-secret", help="Its secret.", metavar="SECRET", rich_help_panel=CONNECTION),
]
AdminToken = Annotated[
    str | None,
    typer.Option("--admin-token", help="The admin token.", metavar="TOKEN", rich_help_panel=CONNECTION),
]

DeploymentName = Annotated[str, typer.Argument(metavar="NAME", help="The deployment.", show_default=False)]
Version = Annotated[int | None, typer.Option("--version", metavar="N", help="This version; the current one by default.")]

CONNECTING: dict[str, Any] = {"server": Server, "client_id": ClientId, "client_secret": ClientSecret, "admin_token": AdminToken}
"""What `with_client` adds to a command."""


def settings_from(model: type[Model], **given: Any) -> Model:
    """Return settings: the options that were given, variables for the others, defaults for the rest. Raises BadInput."""
    from pydantic import ValidationError

    try:
        return model(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as fault:
        first = fault.errors()[0]
        name = str(first["loc"][0])
        where = f"--{name.replace('_', '-')}" if given.get(name) is not None else f"VIEWCOMFY_{name.upper()}"
        raise BadInput(f"{where}: {first['msg']}, not {str(first['input'])[:80]!r}.") from fault


def connect(server: str | None, client_id: str | None, client_secret: str | None, admin_token: str | None) -> Client:
    """Return a client for the server and with the credentials that were given as options or variables."""
    from viewcomfy.client.client import Client
    from viewcomfy.settings import ClientSettings

    found = settings_from(ClientSettings, server=server, client_id=client_id, client_secret=client_secret, admin_token=admin_token)
    secret = found.client_secret.get_secret_value() if found.client_secret else None
    token = found.admin_token.get_secret_value() if found.admin_token else None
    # a person waits: one more try helps over a restart, a minute of silence would look like a hang
    return Client(found.server, client_id=found.client_id, client_secret=secret, admin_token=token, tries=2, patience=30.0)


def with_client(command: Callable[Concatenate[Client, P], None]) -> Callable[..., None]:
    """Give a command the connection options, and hand it the client that they make as its first argument."""

    @wraps(command)
    def connected(*args: Any, **given: Any) -> None:
        options = {name: given.pop(name) for name in CONNECTING}
        with connect(**options) as client:
            command(client, *args, **given)

    own = list(inspect.signature(command, eval_str=True, locals={"Client": object}).parameters.values())[1:]
    added = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint) for name, hint in CONNECTING.items()]
    connected.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]  # typer reads the options from it
    connected.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *added]}
    return connected
