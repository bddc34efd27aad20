"""`viewcomfy batch`: run a deployment many times, watch the batch, save what it makes."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.exits import ExitCode
from viewcomfy.cli.options import AsJson, Version, with_client
from viewcomfy.core.errors import BadInput, JobCanceled, StillRunning, UnknownBatch

if TYPE_CHECKING:
    from viewcomfy.cli.batch_outputs import Ended
    from viewcomfy.client.batch import BatchHandle
    from viewcomfy.client.client import Client


@with_client
def batch(
    client: Client,
    *,
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The deployment: its name, or the URL of its endpoint.", show_default=False)],
    jobs: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="The inputs of each job: a JSON list of objects, or an object a line.")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="INPUT=A,B,…", help="Values of an input; may be repeated: one job for each combination."),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="KEY=VALUE", help="Set an input for all jobs. @FILE sends a file.", show_default=False),
    ] = None,
    params: Annotated[
        Path | None, typer.Option("--params", metavar="FILE", help="A JSON file of inputs for all jobs; the command line wins.")
    ] = None,
    version: Version = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where to save the outputs, a folder for each job; NAME-batch by default."),
    ] = None,
    zip_file: Annotated[Path | None, typer.Option("--zip", metavar="FILE", help="Save the outputs as a zip instead.")] = None,
    contact_sheet: Annotated[
        Path | None, typer.Option("--contact-sheet", metavar="FILE", help="Save one picture of all pictures, too.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", metavar="", help="Don't wait: print the batch's id.")] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="Stop waiting then; the batch goes on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a deployment many times: for each line of a list, or for each combination of a grid.

    Every input has an option, for what all jobs have in common: `viewcomfy batch NAME --help` shows them. Ctrl-C cancels the batch.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.batch_outputs import save_all
    from viewcomfy.cli.inputs_command import inputs_said
    from viewcomfy.cli.jobs_file import read_grid, read_jobs
    from viewcomfy.cli.values import read_params

    if (jobs is None) == (not grid):
        raise BadInput(
            "A batch needs either --list FILE or --grid INPUT=A,B.", hint=f"For example `viewcomfy batch {name} --grid seed=1,2,3`."
        )
    common = read_params(param or [], params) | inputs_said(context)
    items = read_jobs(jobs) if jobs else None
    handle = client.batch(str(uuid.uuid4()))  # the id is ours, so that Ctrl-C can cancel even a batch whose acceptance we have not seen
    try:
        deployment = client.deployment(name, version=version)
        handle = deployment.batch(items, grid=read_grid(grid) if grid else None, inputs=common, batch_id=handle.batch_id)
        if detach:
            return show.as_json({"batch_id": handle.batch_id}) if as_json else show.lines([handle.batch_id])
        folder = None if zip_file and output is None else output or Path(f"{_folder_name(name)}-batch")
        ended = save_all(handle, folder, timeout=timeout)
    except StillRunning as fault:
        fault.hint = f"`viewcomfy batches show {handle.batch_id}` tells how far it is, `viewcomfy batches zip` saves what there is."
        raise
    except KeyboardInterrupt:
        _cancel(handle)
        raise JobCanceled(f"Batch {handle.batch_id} was canceled, as you asked.") from None
    succeeded = any(not one.error for one in ended)
    saved = _extras(handle, zip_file, contact_sheet) if succeeded else []
    return _tell(handle, ended, saved, as_json=as_json)


def _folder_name(name: str) -> str:
    return name.removesuffix("/infer").rpartition("/")[2]


def _extras(handle: BatchHandle, zip_file: Path | None, contact_sheet: Path | None) -> list[Path]:
    from viewcomfy.cli.waiting import waiting

    with waiting("Fetching the outputs"):
        saved = [handle.save_zip(zip_file.expanduser())] if zip_file else []
        return saved + ([handle.save_contact_sheet(contact_sheet.expanduser())] if contact_sheet else [])


def _tell(handle: BatchHandle, ended: list[Ended], saved: list[Path], *, as_json: bool) -> None:
    from viewcomfy.cli import show
    from viewcomfy.cli.batch_outputs import tell_failures

    failed = [one for one in ended if one.error]
    if as_json:
        jobs = [one.as_dict() for one in ended]
        show.as_json({"batch_id": handle.batch_id, "jobs": jobs, "saved": [str(path) for path in saved]})
    else:
        show.lines([*(path for one in ended for path in one.saved), *saved])
        show.say(f"{len(ended) - len(failed)} of {len(ended)} jobs succeeded.", style="yellow" if failed else "green")
        if not show.err().is_terminal:  # there, each was told as it failed
            tell_failures(failed)
    if failed:
        raise typer.Exit(ExitCode.RUN_FAILED)


def _cancel(handle: BatchHandle) -> None:
    from viewcomfy.cli import show

    show.say("Canceling the batch…", style="yellow")
    try:
        handle.cancel()
    except UnknownBatch:
        return  # it had not been accepted yet
