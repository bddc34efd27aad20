"""`viewcomfy env`: freeze a ComfyUI as a document, make it again from one, compare, switch and switch back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AdminToken, AsJson, ClientId, ClientSecret, DataDir, Server, settings_from
from viewcomfy.core.errors import Conflict

if TYPE_CHECKING:
    from viewcomfy.settings import Settings

env = typer.Typer(
    help="Freeze a ComfyUI with its packs and packages, make it again elsewhere, switch and switch back.", no_args_is_help=True
)

Environment = Annotated[str, typer.Argument(metavar="ID", help="The environment, or `none` for the ComfyUI beside all of them.")]
Force = Annotated[bool, typer.Option("--force", metavar="", help="Switch although a deployment could not run in it.")]


@env.command()
def freeze(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; by default to stdout.", show_default=False)
    ] = None,
    named: Annotated[str | None, typer.Option("--comfyui", metavar="DIR", help="This one, instead of what `serve` would use.")] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", metavar="", help="Leave out what can't be had elsewhere, with a comment.")
    ] = False,
    hash_models: Annotated[
        bool, typer.Option("--hash-models", metavar="", help="Read models without a known hash whole; some seconds a GB.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write down what a ComfyUI consists of: its commit, Python, torch, packs, packages and models.

    The document holds no folders of this machine and no credentials.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.env_place import extra_args, here
    from viewcomfy.cli.values import write_file
    from viewcomfy.environments.freeze import freeze as freeze_it
    from viewcomfy.environments.here import try_note
    from viewcomfy.environments.toml import write_toml

    settings = _settings(data_dir, named)
    installation = here(settings)
    found = freeze_it(installation, allow_unknown=allow_unknown, hash_models=hash_models, extra_args=extra_args(settings), say=show.say)
    for note in found.notes:
        show.say(note, style="yellow")
    if found.is_whole:
        try_note(installation, found.document)
    text = write_toml(found.document, found.notes)
    if output is None:
        sys.stdout.write(text)
        return
    write_file(output, text)
    show.say(f"{found.document.id} is in {output}.", style="green")


@env.command()
def apply(
    source: Annotated[
        str, typer.Argument(metavar="FILE|ID", help="An environment.toml, or the id of one that this machine or the server has.")
    ],
    *,
    switch: Annotated[
        bool, typer.Option("--switch/--no-switch", metavar="", help="Use it from now on; by default yes.", show_default=False)
    ] = True,
    force: Force = False,
    cpu: Annotated[
        bool | None, typer.Option("--cpu/--gpu", metavar="", help="Make it for the CPU alone, or for a GPU, whichever it was frozen on.")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", metavar="", help="Fetch models that are missing; by default yes.", show_default=False)
    ] = True,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    server: Server = None,
    client_id: ClientId = None,
    client_secret: ClientSecret = None,
    admin_token: AdminToken = None,
) -> None:
    """Make the environment in a new folder beside all others, check that every deployment can run in it, and switch to it.

    Nothing of the one in use is touched. Interrupted, it goes on where it stopped when it is run again.
    """
    from viewcomfy.cli import env_view
    from viewcomfy.cli.env_apply import Applying

    connection = (server, client_id, client_secret, admin_token)
    applying = Applying(_settings(data_dir), connection, force=force)
    applied = applying.apply(source, use_cpu=cpu, fetch=fetch, switch=switch)
    env_view.applied(applied, as_json=as_json)


@env.command("list")
def list_environments(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the environments on this machine."""
    from viewcomfy.cli import env_view, show
    from viewcomfy.cli.env_place import entries

    found = entries(_settings(data_dir))
    if as_json:
        return show.as_json([entry.as_dict() for entry in found])
    return env_view.entries(found)


@env.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A file, an id, or `current`: the ComfyUI in use, as it is now.")],
    after: Annotated[str, typer.Argument(metavar="[B]", help="The same; `current` by default.", show_default=False)] = "current",
    data_dir: DataDir = None,
    as_json: AsJson = False,
    *,
    server: Server = None,
    client_id: ClientId = None,
    client_secret: ClientSecret = None,
    admin_token: AdminToken = None,
) -> None:
    """Show what differs between two environments."""
    from viewcomfy.cli import env_view, show
    from viewcomfy.cli.env_place import Documents
    from viewcomfy.environments.compare import compare

    documents = Documents(_settings(data_dir), (server, client_id, client_secret, admin_token))
    one, other = documents.read(before), documents.read(after)
    found = compare(one, other)
    if as_json:
        return show.as_json({"before": one.id, "after": other.id, "differences": [env_view.as_dict(each) for each in found]})
    if not found:
        return show.say(f"There is no difference: both are {one.id}.")
    return env_view.differences(found)


@env.command()
def use(
    environment: Environment,
    force: Force = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    *,
    server: Server = None,
    client_id: ClientId = None,
    client_secret: ClientSecret = None,
    admin_token: AdminToken = None,
) -> None:
    """Switch to an environment that has been made here, once every deployment can run in it.

    A server or worker that runs changes over when its jobs have ended.
    """
    from viewcomfy.cli import env_view
    from viewcomfy.cli.env_apply import Applying

    applying = Applying(_settings(data_dir), (server, client_id, client_secret, admin_token), force=force)
    env_view.switched(*applying.use(environment), as_json=as_json)


@env.command()
def back(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Switch to what was used before; once more switches forth again."""
    from viewcomfy.cli import env_view
    from viewcomfy.environments.switch import switch_back

    env_view.switched(*switch_back(_settings(data_dir).data_dir), as_json=as_json)


@env.command()
def remove(
    environment: Environment,
    force: Annotated[bool, typer.Option("--force", metavar="", help="Remove it although a deployment carries it.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    *,
    server: Server = None,
    client_id: ClientId = None,
    client_secret: ClientSecret = None,
    admin_token: AdminToken = None,
) -> None:
    """Remove an environment that is not in use from this machine; models stay, since all environments share them."""
    from viewcomfy.cli import show
    from viewcomfy.cli.env_deployments import deployed
    from viewcomfy.environments.switch import remove as remove_it

    settings = _settings(data_dir)
    carriers = {} if force else deployed(settings, (server, client_id, client_secret, admin_token), (environment,)) or {}
    if carriers:
        raise Conflict(
            f"{environment} is carried by {', '.join(carriers)}.", hint="Deploy them with another first, or remove it with --force."
        )
    remove_it(settings.data_dir, environment)
    if as_json:
        return show.as_json({"removed": environment})
    return show.say(f"{environment} is removed.", style="green")


def _settings(data_dir: Path | None, named: str | None = None) -> Settings:
    from viewcomfy.settings import Settings

    return settings_from(Settings, data_dir=data_dir, comfyui=named)
