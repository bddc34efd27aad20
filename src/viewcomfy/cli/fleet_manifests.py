"""`viewcomfy fleet manifests`: a fleet on Kubernetes, as YAML."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from viewcomfy.cli.fleet_options import Backends, Least, Pool, Wait, WorkerOptions
from viewcomfy.cli.fleet_place import pairs
from viewcomfy.core.scaling import Limits

SHORT_IDLE, LONG_IDLE = 60, 3600
"""Of several idle workers nobody knows which is to stay; where some are, each is replaced now and then by a new one."""


def manifests(
    options: WorkerOptions = None,
    *,
    image: Annotated[str, typer.Option("--image", metavar="IMAGE", help="The image of the workers: ComfyUI, and viewcomfy[worker].")],
    server: Annotated[str, typer.Option("--server", metavar="URL", help="The server's URL as KEDA reaches it.")],
    pool: Pool = "default",
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The name of all objects; viewcomfy-<pool> by default.")
    ] = None,
    namespace: Annotated[str, typer.Option("--namespace", metavar="NAME", help="Their namespace; default by default.")] = "default",
    secret: Annotated[
        str, typer.Option("--secret", metavar="NAME", help="The Secret with engine and admin-token; viewcomfy-fleet by default.")
    ] = "viewcomfy-fleet",  # noqa: S107 - the name of a Secret
    least: Least = 0,
    most: Annotated[int, typer.Option("--max", metavar="N", min=1, help="Have so many workers at most; 4 by default.")] = 4,
    backends: Backends = 1,
    wait: Wait = 30.0,
    idle_exit: Annotated[
        int | None, typer.Option("--idle-exit", metavar="SECONDS", min=1, help="A worker ends when idle so long; 60, with --min 3600.")
    ] = None,
    boot: Annotated[float, typer.Option("--boot", metavar="SECONDS", min=0, help="How long a new pod takes to be there; 0.")] = 0.0,
    grace: Annotated[int, typer.Option("--grace", metavar="SECONDS", min=1, help="What a job gets when its node is drained; 600.")] = 600,
    gpu: Annotated[
        list[str] | None, typer.Option("--gpu", metavar="NAME=N", help="What each worker gets, nvidia.com/gpu=1; may be repeated.")
    ] = None,
    volume: Annotated[list[str] | None, typer.Option("--volume", metavar="CLAIM=PATH", help="Mount a claim; may be repeated.")] = None,
    node: Annotated[list[str] | None, typer.Option("--node", metavar="LABEL=VALUE", help="Only on such nodes; may be repeated.")] = None,
) -> None:
    """Write the manifests of a fleet on Kubernetes with KEDA.

    They are for `kubectl apply -f -`. The Secret is yours to make: what it holds should be in no file.
    """
    from viewcomfy.fleet.kubernetes import Cluster, objects
    from viewcomfy.fleet.yaml import documents

    cluster = Cluster(
        name=name or f"viewcomfy-{pool.lower().replace('_', '-')}",
        pool=pool,
        image=image,
        server=server,
        namespace=namespace,
        secret=secret,
        limits=Limits(least, most, backends, wait),
        boot=boot,
        idle_exit=idle_exit or (LONG_IDLE if least else SHORT_IDLE),
        grace=grace,
        resources=dict(pairs(gpu)),
        volumes={path: claim for claim, path in pairs(volume)},
        node_selector=dict(pairs(node)),
        options=tuple(options or ()),
    )
    written = documents(objects(cluster))
    sys.stdout.write(_how_to(namespace, secret) + written)


def _how_to(namespace: str, secret: str) -> str:
    return (
        f"# Needs KEDA 2.13 or later, and a Secret:\n"
        f"#   kubectl -n {namespace} create secret generic {secret} \\\n"
        f"#     --from-literal=admin-token=… --from-literal=engine=nats://worker-…:…@…:4222/…\n"
        f"# `files` in it, such as s3://bucket/…, lets the workers reach the files by themselves.\n"
    )
