"""`viewcomfy run`: run a deployment, watch it, save what it makes."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, Version, with_client
from viewcomfy.core.errors import JobCanceled, RunError, UnknownJob

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.client.job import JobHandle
    from viewcomfy.client.result import Result


@with_client
def run(
    client: Client,
    *,
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The deployment: its name, or the URL of its endpoint.", show_default=False)],
    param: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--param",
            metavar="KEY=VALUE",
            help="Set an input by its name or key. @FILE sends a file; @@ is an @.",
            show_default=False,
        ),
    ] = None,
    params: Annotated[Path | None, typer.Option("--params", metavar="FILE", help="A JSON file of inputs; the command line wins.")] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where to save the outputs; here by default.", show_default=False)
    ] = Path(),
    workflow_api: Annotated[
        Path | None, typer.Option("--workflow-api", metavar="FILE", help="Run the workflow in this file instead of the deployed one.")
    ] = None,
    version: Version = None,
    logs: Annotated[bool, typer.Option("--logs/--quiet", metavar="", help="Show the job's log lines, or not.", show_default=False)] = True,
    detach: Annotated[bool, typer.Option("--detach", metavar="", help="Don't wait: print the job's prompt_id.")] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="Stop waiting then; the job goes on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a deployment, with live logs, and save its outputs.

    Every input has an option: `viewcomfy run NAME --help` shows them. Ctrl-C cancels the job.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.inputs_command import inputs_said
    from viewcomfy.cli.values import read_params

    values = read_params(param or [], params) | inputs_said(context)
    job = client.job(str(uuid.uuid4()))  # the id is ours, so that Ctrl-C can cancel even a job whose acceptance we have not seen
    try:
        job = client.deployment(name, version=version).run(values, workflow_api=workflow_api, prompt_id=job.prompt_id)
        if detach:
            return show.as_json({"prompt_id": job.prompt_id}) if as_json else show.lines([job.prompt_id])
        result = watched(job, logs=logs, timeout=timeout)
    except KeyboardInterrupt:
        _cancel(job)
        raise JobCanceled(f"Job {job.prompt_id} was canceled, as you asked.") from None
    except RunError as error:
        error.hint = error.hint or f"`viewcomfy jobs show {job.prompt_id}` tells more."
        raise
    saved = result.save(output)
    if as_json:
        return show.as_json(result_json(result, saved))
    show.say(f"Done in {show.seconds(result.execution_time_seconds)}.", style="green")
    return show.lines(saved)


def watched(job: JobHandle, *, logs: bool = True, timeout: float | None = None) -> Result:
    """Show a job's news on stderr until it has ended, and return its result; raise what it failed with, or StillRunning."""
    from viewcomfy.cli import show
    from viewcomfy.cli.watch import JobView

    with JobView(show.err(), logs=logs) as view:
        for event in job.events(timeout=timeout):
            view.show(event)
    return job.result()


def result_json(result: Result, saved: list[Path]) -> dict[str, Any]:
    """Return a result as JSON, with the path that each output was saved at."""
    outputs = [
        {"filename": output.filename, "content_type": output.content_type, "size": output.size, "path": str(path), "url": output.url}
        for output, path in zip(result.outputs, saved, strict=True)
    ]
    return {
        "prompt_id": result.prompt_id,
        "status": str(result.status),
        "execution_time_seconds": result.execution_time_seconds,
        "prompt": result.prompt,
        "outputs": outputs,
    }


def _cancel(job: JobHandle) -> None:
    from viewcomfy.cli import show

    show.say("Canceling the job…", style="yellow")
    try:
        job.cancel()
    except UnknownJob:
        return  # it had not been accepted yet
