"""`viewcomfy worker`: a worker anywhere, for a server somewhere else."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, DataDir, settings_from

if TYPE_CHECKING:
    from viewcomfy.settings import WorkerSettings


def worker(
    *,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="URL", help="The engine: nats://worker-POOL:TOKEN@host:4222, from `viewcomfy nats config`."),
    ] = None,
    files: Annotated[
        str | None, typer.Option("--files", metavar="URL", help="Where the server's files are: s3://…; by default they come by links.")
    ] = None,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="NAME", help="The pool whose jobs it runs; that of the token by default.")
    ] = None,
    backends: Annotated[
        int | None, typer.Option("--backends", metavar="N", help="How many ComfyUI processes may run at once; 1 by default.", min=1)
    ] = None,
    comfyui: Annotated[
        str | None, typer.Option("--comfyui", metavar="URL|DIR", help="The ComfyUI to use; by default one that runs, or the one installed.")
    ] = None,
    idle_timeout: Annotated[
        float | None,
        typer.Option("--idle-timeout", metavar="SECONDS", help="Stop a ComfyUI that is idle for so long; 300 by default, 0: never."),
    ] = None,
    data_dir: DataDir = None,
    once: Annotated[bool, typer.Option("--once", metavar="", help="Run one job and exit.")] = False,
    idle_exit: Annotated[
        float | None, typer.Option("--idle-exit", metavar="SECONDS", help="Exit after so long without a job.", min=0)
    ] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error; info by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run jobs for a server elsewhere: this machine dials out to NATS and needs no open port.

    Every option can be set by a variable too: VIEWCOMFY_ENGINE for --engine. Where NATS can't be reached, it is tried again until it can.
    SIGTERM has it take no more jobs and end when the running ones have, after VIEWCOMFY_SHUTDOWN_GRACE seconds at the latest: what still
    runs then is given back to the queue. A second one ends it at once.

    Exit codes: 0 it was stopped, was idle, or has run its one job, whatever became of that; 5 it was stopped before it had joined.
    With --json a line of JSON is written once it has joined, and one for each job.
    """
    gc.disable()  # what is imported lives for ever: to look for garbage in it takes a fifth of the start
    from viewcomfy.cli.engines import with_pool_of_token
    from viewcomfy.cli.logs import log_to_stderr
    from viewcomfy.cli.process import run_loop
    from viewcomfy.cli.working import Until, work
    from viewcomfy.settings import WorkerSettings

    settings = settings_from(
        WorkerSettings, engine=engine, files=files, pool=pool, backends=backends, comfyui=comfyui, idle_timeout=idle_timeout,
        data_dir=data_dir, log_level=log_level,
    )  # fmt: skip
    log_to_stderr(settings.log_level)
    settings = with_pool_of_token(settings)
    run_loop(work(_for_one_job(settings) if once else settings, Until(once=once, idle=idle_exit), as_json=as_json))


def _for_one_job(settings: WorkerSettings) -> WorkerSettings:
    """Return settings of a worker that takes one job: a second backend would take another."""
    return settings.model_copy(update={"backends": 1})
