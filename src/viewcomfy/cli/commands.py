"""All commands, by name."""

from __future__ import annotations

from typing import Annotated

import typer

from viewcomfy.cli.backends import backends
from viewcomfy.cli.batch import batch
from viewcomfy.cli.batches import batches
from viewcomfy.cli.client_module import client
from viewcomfy.cli.comfyui import comfyui
from viewcomfy.cli.convert import convert
from viewcomfy.cli.demo import demo
from viewcomfy.cli.deploy import deploy
from viewcomfy.cli.deployments import deployments
from viewcomfy.cli.doctor import doctor
from viewcomfy.cli.env import env
from viewcomfy.cli.fleet import fleet
from viewcomfy.cli.inputs_command import InputsCommand
from viewcomfy.cli.jobs import jobs
from viewcomfy.cli.keys import keys
from viewcomfy.cli.models import models
from viewcomfy.cli.nats import nats
from viewcomfy.cli.nodes import nodes
from viewcomfy.cli.params import params
from viewcomfy.cli.run import run
from viewcomfy.cli.serve import serve
from viewcomfy.cli.share import share
from viewcomfy.cli.worker import worker

EXIT_CODES = (
    "Exit codes: 0 done, 1 the job failed or the doctor found trouble, 2 bad input, 3 not allowed, 4 not found, 5 unreachable, "
    "6 timed out, 7 this machine, 8 our fault, 130 canceled."
)
HERE, CALL, MANAGE = "Serve", "Call deployments", "Manage a server"

app = typer.Typer(
    epilog=EXIT_CODES,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(rich_help_panel=HERE)(serve)
app.command(rich_help_panel=HERE)(demo)
app.command(rich_help_panel=HERE)(worker)
app.add_typer(fleet, name="fleet", rich_help_panel=HERE)
app.add_typer(comfyui, name="comfyui", rich_help_panel=HERE)
app.add_typer(models, name="models", rich_help_panel=HERE)
app.add_typer(nodes, name="nodes", rich_help_panel=HERE)
app.add_typer(env, name="env", rich_help_panel=HERE)
app.add_typer(nats, name="nats", rich_help_panel=HERE)
app.command(rich_help_panel=CALL, cls=InputsCommand)(run)
app.command(rich_help_panel=CALL, cls=InputsCommand)(batch)
app.add_typer(jobs, name="jobs", rich_help_panel=CALL)
app.add_typer(batches, name="batches", rich_help_panel=CALL)
app.command(rich_help_panel=CALL)(client)
app.command(rich_help_panel=CALL)(params)
app.command(rich_help_panel=MANAGE)(deploy)
app.command(rich_help_panel=MANAGE)(convert)
app.add_typer(deployments, name="deployments", rich_help_panel=MANAGE)
app.add_typer(keys, name="keys", rich_help_panel=MANAGE)
app.command(rich_help_panel=MANAGE)(share)
app.add_typer(backends, name="backends", rich_help_panel=MANAGE)
app.command(rich_help_panel=MANAGE)(doctor)


@app.callback()
def common(
    context: typer.Context,
    wanted: Annotated[bool, typer.Option("--version", metavar="", help="Say which version this is.")] = False,
) -> None:
    """A self-hosted ViewComfy API: ComfyUI workflows behind an authenticated URL, with live logs."""
    from viewcomfy.cli import show
    from viewcomfy.cli.version import version

    if wanted:
        show.lines([f"viewcomfy {version()}"])
    elif context.invoked_subcommand is None:
        show.lines([context.get_help()])
