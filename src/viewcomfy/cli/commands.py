"""All commands, by name."""

from __future__ import annotations

from typing import Annotated

import typer

from viewcomfy.cli.comfyui import comfyui
from viewcomfy.cli.demo import demo
from viewcomfy.cli.deploy import deploy
from viewcomfy.cli.jobs import jobs
from viewcomfy.cli.keys import keys
from viewcomfy.cli.params import params
from viewcomfy.cli.run import run
from viewcomfy.cli.serve import serve

app = typer.Typer(
    epilog="Exit codes: 0 done, 1 the job failed, 2 bad input, 3 not allowed, 4 not found, 5 unreachable, 6 timed out, "
    "7 this machine, 8 our fault, 130 canceled.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(demo)
app.command()(deploy)
app.command()(run)
app.command()(params)
app.add_typer(keys, name="keys")
app.add_typer(jobs, name="jobs")
app.add_typer(comfyui, name="comfyui")


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
