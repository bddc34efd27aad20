"""The options that the commands of `viewcomfy fleet` share."""

from __future__ import annotations

from typing import Annotated

import typer

from viewcomfy.cli.fleet_place import Where

ON_RAY = "Ray"

Pool = Annotated[str, typer.Option("--pool", metavar="NAME", help="The pool whose jobs the workers run; default by default.")]
Least = Annotated[int, typer.Option("--min", metavar="N", min=0, help="Keep so many workers; 0 by default.")]
Most = Annotated[int, typer.Option("--max", metavar="N", min=0, help="Have so many workers at most; 1 by default.")]
Backends = Annotated[int, typer.Option("--backends", metavar="N", min=1, max=64, help="Backends of each worker; 1 by default.")]
Wait = Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="Jobs should start within so long; 30 by default.")]
Idle = Annotated[
    float, typer.Option("--idle", metavar="SECONDS", min=0, help="Let a worker go that was not needed for so long; 300 by default.")
]
Every = Annotated[float, typer.Option("--every", metavar="SECONDS", min=0.1, help="Look so often; 2 by default.")]
From = Annotated[Where, typer.Option("--provider", help="local: processes of this machine. ray: a Ray cluster. local by default.")]
Address = Annotated[
    str, typer.Option("--ray", metavar="ADDRESS", help="The cluster, auto or ray://host:10001; auto by default.", rich_help_panel=ON_RAY)
]
Gpus = Annotated[float, typer.Option("--gpus", metavar="N", min=0, help="GPUs of each worker; 0 by default.", rich_help_panel=ON_RAY)]
Cpus = Annotated[float, typer.Option("--cpus", metavar="N", min=0, help="CPUs of each worker; 1 by default.", rich_help_panel=ON_RAY)]
Resource = Annotated[
    list[str] | None,
    typer.Option("--resource", metavar="NAME=N", help="More that Ray sets aside for each; may be repeated.", rich_help_panel=ON_RAY),
]
WorkerOptions = Annotated[
    list[str] | None, typer.Argument(metavar="[-- OPTION...]", help="Options of `viewcomfy worker`, after `--`.", show_default=False)
]
