"""The versions of a deployment: list and compare them, go back to one, try one on a share of the calls."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, DeploymentName, with_client
from viewcomfy.core.errors import BadInput

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.deployments import DiffOut


@with_client
def versions(
    client: Client,
    name: DeploymentName,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the versions of a deployment, newest first.

    Needs the admin token.
    """
    from viewcomfy.cli import show

    found = list(itertools.islice(client.deployment(name).versions(page_size=min(limit, 50)), limit))
    if as_json:
        return show.as_json([one.model_dump(mode="json") for one in found])
    rows = [
        (str(one.version), show.moment(one.created_at), str(one.nodes), show.colored("current" if one.current else "", "green"), one.note)
        for one in found
    ]
    return show.table(["VERSION", "DEPLOYED", "NODES", "", "NOTE"], rows)


@with_client
def diff(
    client: Client,
    name: DeploymentName,
    before: Annotated[int | None, typer.Argument(metavar="[A]", help="The older version.", show_default=False)] = None,
    after: Annotated[
        int | None, typer.Argument(metavar="[B]", help="The newer one; the current one by default.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what changes for callers between two versions: by default from the one before the current one to that.

    Needs the admin token.
    """
    from viewcomfy.cli import report_view, show

    found = client.deployment(name).diff(before, after)
    if as_json:
        return show.as_json(found.model_dump(mode="json"))
    show.say(f"From version {found.before} to {found.after}: {_in_words(found)}", show.out())
    return report_view.changes(found.changes, show.out())


@with_client
def rollback(
    client: Client,
    name: DeploymentName,
    version: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", help="The version; the one before by default.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an earlier version the current one. Jobs that were accepted keep theirs.

    Needs the admin token.
    """
    from viewcomfy.cli import show

    now = client.deployment(name).rollback(version)
    if as_json:
        return show.as_json(now.model_dump(mode="json"))
    return show.say(f"Calls of {now.name} get version {now.current_version} now.", style="green")


@with_client
def canary(
    client: Client,
    name: DeploymentName,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version.", show_default=False)],
    percent: Annotated[str, typer.Argument(metavar="PERCENT", help="Its share of the calls; 0 ends it.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Give a version a share of the calls that pin none.

    Needs the admin token.
    """
    from viewcomfy.cli import show

    now = client.deployment(name).canary(version, _percent(percent))
    if as_json:
        return show.as_json(now.model_dump(mode="json"))
    if not now.canary_version:
        return show.say(f"All calls of {now.name} get version {now.current_version}.", style="green")
    share = f"{now.canary_percent:g} % of the calls of {now.name} get version {now.canary_version}"
    return show.say(f"{share}, the others version {now.current_version}.", style="green")


def _in_words(found: DiffOut) -> str:
    breaking = sum(change.breaking for change in found.changes)
    others = len(found.changes) - breaking
    if not breaking:
        return "every call goes on working." if others else "nothing changes for callers."
    return f"{breaking} breaking change{'s' * (breaking > 1)}{f' and {others} other' + 's' * (others > 1) if others else ''}."


def _percent(text: str) -> float:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise BadInput(f"{text[:40]!r} is not a percentage.", hint="For example 10, for one call in ten.") from None
