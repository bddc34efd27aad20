"""`viewcomfy fleet`: workers that come when there is something to do, and go when there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from viewcomfy.cli.fleet_manifests import manifests
from viewcomfy.cli.fleet_options import Address, Backends, Cpus, Every, From, Gpus, Idle, Least, Most, Pool, Resource, Wait, WorkerOptions
from viewcomfy.cli.fleet_place import Place, Where, amounts
from viewcomfy.cli.options import AdminToken, AsJson, DataDir, Server, settings_from, with_client
from viewcomfy.core.errors import BadInput
from viewcomfy.core.scaling import Limits

if TYPE_CHECKING:
    from viewcomfy.client.async_client import AsyncClient
    from viewcomfy.client.client import Client
    from viewcomfy.settings import ClientSettings

fleet = typer.Typer(help="Start workers where there is something to do, and let them go where there is not.", no_args_is_help=True)
fleet.command()(manifests)


@fleet.command()
def run(
    options: WorkerOptions = None,
    *,
    pool: Pool = "default",
    provider: From = Where.LOCAL,
    least: Least = 0,
    most: Most = 1,
    backends: Backends = 1,
    wait: Wait = 30.0,
    idle: Idle = 300.0,
    every: Every = 2.0,
    data_dir: DataDir = None,
    ray: Address = "auto",
    gpus: Gpus = 0.0,
    cpus: Cpus = 1.0,
    resource: Resource = None,
    server: Server = None,
    admin_token: AdminToken = None,
) -> None:
    """Keep as many workers as a pool wants, until Ctrl-C.

    The workers go on then; started again, it finds them. What stands after `--` are options of `viewcomfy worker`; the variables of this
    command reach the workers too, VIEWCOMFY_ENGINE for one, which keeps a token from the process list.
    """
    if least > most:
        raise BadInput(f"--min {least} is more than --max {most}.")
    limits = Limits(least, most, backends, wait, idle)
    place = Place(provider, pool, backends, data_dir, ray, cpus, gpus, amounts(resource), tuple(options or ()))
    _look_after(place, limits, every, server, admin_token, end=False)


@fleet.command()
def stop(
    *,
    pool: Pool = "default",
    provider: From = Where.LOCAL,
    data_dir: DataDir = None,
    ray: Address = "auto",
    server: Server = None,
    admin_token: AdminToken = None,
) -> None:
    """Let all workers of a fleet go.

    They get no more jobs, and end when the running ones have ended; this command ends then. `fleet run` must not run meanwhile.
    """
    place = Place(provider, pool, data_dir=data_dir, ray=ray)
    _look_after(place, Limits(), 1.0, server, admin_token, end=True)


@fleet.command()
@with_client
def status(client: Client, *, pool: Pool = "default", as_json: AsJson = False) -> None:
    """Say how many workers a pool wants and has, and why.

    With --json {"scale", "workers"}, as GET /api/scale/<pool> and GET /api/workers give them.
    """
    from viewcomfy.cli import show

    scale = client.scale(pool)
    workers = [worker for worker in client.workers().workers if worker.pool == pool]
    if as_json:
        return show.as_json({"scale": scale.model_dump(mode="json"), "workers": [worker.model_dump(mode="json") for worker in workers]})
    show.say(f"{pool} wants {scale.wanted}: {scale.why}")
    rows = [
        (
            worker.name,
            str(worker.facts.get("instance") or ""),
            ", ".join(f"{backend.state}, draining" if backend.draining else backend.state for backend in worker.backends),
            str(sum(len(backend.prompt_ids) for backend in worker.backends)),
        )
        for worker in workers
    ]
    return show.table(["WORKER", "FLEET", "BACKENDS", "JOBS"], rows)


def _look_after(place: Place, limits: Limits, every: float, server: str | None, admin_token: str | None, *, end: bool) -> None:
    from viewcomfy.cli.logs import log_to_stderr
    from viewcomfy.cli.process import run_loop
    from viewcomfy.settings import ClientSettings

    log_to_stderr("info")
    settings = settings_from(ClientSettings, server=server, admin_token=admin_token)
    run_loop(_until_told(place, limits, every, settings, end=end))


async def _until_told(place: Place, limits: Limits, every: float, settings: ClientSettings, *, end: bool) -> None:
    from viewcomfy.cli import show
    from viewcomfy.cli.process import told_by_signals
    from viewcomfy.fleet.scaler import Scaler, Wishes

    async with _client(settings) as client, place.opened() as provider:
        with told_by_signals() as told:  # after Ray, which has its own idea of signals
            await client.scale(place.pool)  # a wrong URL or token is told at once
            scaler = Scaler(client, provider, Wishes(place.pool, limits, every))
            if end:
                await scaler.end(told.once)
            else:
                show.say(
                    f"Looking after the pool {place.pool}: {limits.minimum} to {limits.maximum} workers. Ctrl-C ends this, and no worker."
                )
                await scaler.run(told.once)
            left = len(await provider.instances())
            show.say(
                f"{left} workers go on; `viewcomfy fleet stop` lets them go." if left else f"The fleet of {place.pool} has no workers."
            )


def _client(settings: ClientSettings) -> AsyncClient:
    from viewcomfy.client.async_client import AsyncClient

    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    return AsyncClient(settings.server, admin_token=token, tries=2)
