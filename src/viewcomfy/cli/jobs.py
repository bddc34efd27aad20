"""`viewcomfy jobs`: look at jobs, cancel them, save what they made."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, with_client
from viewcomfy.core.events import EventKind
from viewcomfy.core.jobs import JobStatus

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.jobs import JobDetail

jobs = typer.Typer(help="Look at jobs, cancel them, save their outputs.", no_args_is_help=True)

PromptId = Annotated[str, typer.Argument(metavar="PROMPT_ID", help="The job.", show_default=False)]


@jobs.command("list")
@with_client
def list_jobs(
    client: Client,
    deployment: Annotated[str | None, typer.Option("--deployment", metavar="NAME", help="Only this deployment's.")] = None,
    status: Annotated[
        JobStatus | None, typer.Option("--status", metavar="STATUS", help="queued, running, succeeded, failed or canceled.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from viewcomfy.cli import show

    found = list(itertools.islice(client.jobs(deployment=deployment, status=status, page_size=min(limit, 100)), limit))
    if as_json:
        return show.as_json([job.model_dump(mode="json") for job in found])
    if not found:
        return show.say("No jobs.")
    rows = [
        (job.prompt_id, job.deployment, show.status(job.status), show.when(job.created_at), show.seconds(job.execution_time_seconds))
        for job in found
    ]
    return show.table(["PROMPT ID", "DEPLOYMENT", "STATUS", "CREATED", "TOOK"], rows)


@jobs.command("show")
@with_client
def show_job(client: Client, prompt_id: PromptId, as_json: AsJson = False) -> None:
    """Show one job with its outputs."""
    from viewcomfy.cli import show

    job = client.job(prompt_id).detail()
    if as_json:
        return show.as_json(job.model_dump(mode="json"))
    show.facts(_facts(job))
    for output in job.outputs:
        show.facts([("output", f"{output.filename}  {output.content_type}  {show.size(output.size)}"), ("", output.url)])
    return None


def _facts(job: JobDetail) -> list[tuple[str, Any]]:
    from viewcomfy.cli import show

    pairs = [
        ("prompt_id", job.prompt_id),
        ("deployment", f"{job.deployment}, version {job.version}"),
        ("status", show.status(job.status)),
        ("position", f"{job.position} before it" if job.position is not None else ""),
        ("key", job.key_id),
        ("created", show.moment(job.created_at)),
        ("started", show.moment(job.started_at)),
        ("finished", show.moment(job.finished_at)),
        ("took", show.seconds(job.execution_time_seconds)),
        ("attempts", str(job.attempt) if job.attempt > 1 else ""),
        ("error", f"{job.error.message} ({job.error.code})" if job.error else ""),
    ]
    return [pair for pair in pairs if pair[1]]


@jobs.command()
@with_client
def logs(client: Client, prompt_id: PromptId, as_json: AsJson = False) -> None:
    """Write a job's log lines, live while it runs.

    With --json every event, one a line.
    """
    from viewcomfy.cli import show

    for event in client.job(prompt_id).events():
        if as_json and event.kind is not EventKind.PREVIEW:
            show.as_json({"kind": str(event.kind), "at": event.at, "seq": event.seq, **event.data})
        elif event.kind is EventKind.LOG:
            show.lines([str(event.data.get("text", ""))])


@jobs.command()
@with_client
def cancel(client: Client, prompt_id: PromptId, as_json: AsJson = False) -> None:
    """Cancel a job; one that has ended stays as it is."""
    from viewcomfy.cli import show

    status = client.cancel(prompt_id)
    if as_json:
        return show.as_json({"prompt_id": prompt_id, "status": str(status)})
    words = "Canceled." if status is JobStatus.CANCELED else f"It had ended before: {status}." if status.is_final else "Asked it to stop."
    return show.say(words)


@jobs.command()
@with_client
def save(
    client: Client,
    prompt_id: PromptId,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where to save them; here by default.", show_default=False)
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Save a job's outputs; one that runs is waited for."""
    from viewcomfy.cli import show
    from viewcomfy.cli.run import result_json

    result = client.job(prompt_id).result()
    saved = result.save(output)
    return show.as_json(result_json(result, saved)) if as_json else show.lines(saved)
