"""`viewcomfy batches`: look at batches, cancel them, save what they made."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, with_client

if TYPE_CHECKING:
    from rich.text import Text

    from viewcomfy.client.client import Client
    from viewcomfy.wire.batches import ProgressOut

batches = typer.Typer(help="Look at batches, cancel them, save their outputs.", no_args_is_help=True)

BatchId = Annotated[str, typer.Argument(metavar="BATCH_ID", help="The batch.", show_default=False)]


@batches.command("list")
@with_client
def list_batches(
    client: Client,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List batches, newest first."""
    from viewcomfy.cli import show

    found = list(itertools.islice(client.batches(page_size=min(limit, 100)), limit))
    if as_json:
        return show.as_json([one.model_dump(mode="json") for one in found])
    if not found:
        return show.say("No batches. `viewcomfy batch NAME --grid seed=1,2,3` makes one.")
    rows = [(one.batch_id, one.deployment, show.when(one.created_at), standing(one.progress)) for one in found]
    return show.table(["BATCH ID", "DEPLOYMENT", "CREATED", "JOBS"], rows)


@batches.command("show")
@with_client
def show_batch(client: Client, batch_id: BatchId, as_json: AsJson = False) -> None:
    """Show a batch with its jobs."""
    from viewcomfy.cli import show

    batch = client.batch(batch_id).detail()
    if as_json:
        return show.as_json(batch.model_dump(mode="json"))
    show.facts(
        [
            ("batch_id", batch.batch_id),
            ("deployment", f"{batch.deployment}, version {batch.version}"),
            ("created", show.moment(batch.created_at)),
            ("jobs", standing(batch.progress)),
        ]
    )
    show.lines([""])
    rows = [(str(job.number), show.status(job.status), job.prompt_id, job.label) for job in batch.jobs]
    return show.table(["JOB", "STATUS", "PROMPT ID", "LABEL"], rows)


@batches.command()
@with_client
def cancel(client: Client, batch_id: BatchId, as_json: AsJson = False) -> None:
    """Cancel the jobs of a batch that have not ended."""
    from rich.text import Text

    from viewcomfy.cli import show

    batch = client.batch(batch_id).cancel()
    if as_json:
        return show.as_json(batch.model_dump(mode="json"))
    words = "All its jobs have ended: " if batch.progress.done == batch.progress.total else "Asked it to stop: "
    return show.say(Text.assemble(words, standing(batch.progress), "."))


@batches.command("zip")
@with_client
def save_zip(
    client: Client,
    batch_id: BatchId,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="The file, or a folder; BATCH_ID.zip here by default.", show_default=False),
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Save the outputs that are there as a zip, a folder for each job."""
    from viewcomfy.cli import show
    from viewcomfy.cli.waiting import waiting

    with waiting("Fetching the outputs"):
        saved = client.batch(batch_id).save_zip(output.expanduser())
    return show.as_json({"path": str(saved)}) if as_json else show.lines([saved])


def standing(progress: ProgressOut) -> Text:
    """Say how many jobs stand where: `10 succeeded, 2 failed`."""
    from rich.text import Text

    from viewcomfy.cli import show

    counts = {status: getattr(progress, status) for status in show.STATUS_COLORS}
    words = [Text.assemble(f"{count} ", show.status(status)) for status, count in counts.items() if count]
    return Text(", ").join(words)
