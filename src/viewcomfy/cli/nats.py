"""`viewcomfy nats`: what a NATS server for viewcomfy needs to be told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson
from viewcomfy.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping


nats = typer.Typer(help="Configure a NATS server for viewcomfy.", no_args_is_help=True)

Pools = Annotated[
    list[str] | None,
    typer.Option("--pool", metavar="POOL", help="A pool that gets a user for its workers; may be repeated. By default `default`."),
]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="The namespace, where several installations share one NATS.")]
Host = Annotated[str, typer.Option("--host", metavar="NAME", help="The name or address by which servers and workers reach it.")]
Port = Annotated[int, typer.Option("--port", metavar="N", help="The port to listen on.")]
Tls = Annotated[bool, typer.Option("--tls", metavar="", help="Servers and workers connect by TLS: the URLs say so.")]


@nats.command("config")
def config(
    *,
    pool: Pools = None,
    host: Host = "127.0.0.1",
    port: Port = 4222,
    cluster: Annotated[
        str,
        typer.Option(
            "--cluster", metavar="A,B,C", help="The names of the three machines of a cluster; with --out, a folder for a file each."
        ),
    ] = "",
    listen: Annotated[str | None, typer.Option("--listen", metavar="ADDRESS", help="The address to listen on; all by default.")] = None,
    folder: Annotated[
        str, typer.Option("--store-dir", metavar="DIR", help="The folder on the server that keeps its streams.")
    ] = "nats-data",
    certificate: Annotated[Path | None, typer.Option("--tls-cert", metavar="FILE", help="The certificate, on the server.")] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its key, on the server.")] = None,
    namespace: Namespace = "viewcomfy",
    output: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write the configuration there, not to stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the configuration of a NATS server, with a user for viewcomfy's servers and one for the workers of each pool.

    The users' tokens are shown once, as URLs for VIEWCOMFY_ENGINE and `viewcomfy worker --engine`; the file has only their hashes.
    A worker's token lets it take jobs of its pool, tell of them and of itself, and nothing else.
    """
    from viewcomfy.cli.nats_config import Node, configuration, new_users

    if (certificate is None) != (key is None):
        raise BadInput("--tls-cert and --tls-key belong together.")
    hosts = tuple(name.strip() for name in cluster.split(",") if name.strip()) or (host,)
    if len(hosts) not in (1, 3, 5):
        raise BadInput(f"A cluster of {len(hosts)} can't decide by a majority.", hint="Use 3 machines, or 5.")
    users = new_users(pool or ["default"], namespace)
    more = {} if listen is None else {"listen": listen}
    nodes = [Node(name, hosts, port=port, folder=folder, certificate=certificate, key=key, **more) for name in hosts]
    cluster_token = _new_cluster_token()
    files = {f"{node.host}.conf": configuration(node, users, cluster_token) for node in nodes}
    urls = {user.name: user.url(hosts, port, namespace, tls=certificate is not None) for user in users}
    _write(files, urls, output, as_json=as_json)


@nats.command("user")
def user(*, pool: Pools = None, host: Host = "127.0.0.1", port: Port = 4222, namespace: Namespace = "viewcomfy", tls: Tls = False) -> None:
    """Write a user for the workers of one more pool, or with a fresh token for a pool that there is.

    It goes into `users` of the server's file, in the place of the pool's old one; `nats-server --signal reload` has it read again.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.nats_config import new_users, user_block

    users = new_users(pool or ["default"], namespace, server=False)
    show.lines([user_block(one) for one in users])
    _tell({one.name: one.url([host], port, namespace, tls=tls) for one in users})


def _new_cluster_token() -> str:
    import secrets

    return secrets.token_urlsafe(24)


def _write(files: Mapping[str, str], urls: Mapping[str, str], output: Path | None, *, as_json: bool) -> None:
    from viewcomfy.cli import show

    if as_json:
        return show.as_json({"files": dict(files), "engine": dict(urls)})
    if output is None and len(files) > 1:
        raise BadInput("A cluster needs a file for each of its servers.", hint="Name a folder for them with --out.")
    if output is None:
        show.lines(files.values())
    elif len(files) > 1:
        _keep({output / name: text for name, text in files.items()})
    else:
        _keep({output: next(iter(files.values()))})
    return _tell(urls)


def _keep(files: Mapping[Path, str]) -> None:
    from viewcomfy.cli import show

    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
        show.say(f"Wrote {path}. Start it with: nats-server -c {path}")


def _tell(urls: Mapping[str, str]) -> None:
    from viewcomfy.cli import show

    console = show.err()
    show.facts([(name, url) for name, url in urls.items()], console)
    show.say("Keep these URLs: their tokens are not shown again.", console, style="yellow")
