"""`viewcomfy deployments`: look at deployments and their inputs, export them, take them away."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.edit import edit
from viewcomfy.cli.exits import ExitCode
from viewcomfy.cli.options import AsJson, DeploymentName, Version, with_client
from viewcomfy.cli.place import place, place_facts
from viewcomfy.cli.versions import canary, diff, rollback, versions
from viewcomfy.core.errors import JobCanceled

if TYPE_CHECKING:
    from rich.text import Text

    from viewcomfy.client.client import Client
    from viewcomfy.wire.deployments import DeploymentDetail
    from viewcomfy.wire.inputs import InputOut

deployments = typer.Typer(help="Look at deployments, edit their inputs, move between their versions.", no_args_is_help=True)


@deployments.command("list")
@with_client
def list_deployments(client: Client, as_json: AsJson = False) -> None:
    """List all deployments.

    Needs the admin token.
    """
    from viewcomfy.cli import show

    found = client.deployments()
    if as_json:
        return show.as_json([one.model_dump(mode="json") for one in found])
    if not found:
        return show.say("There are no deployments. `viewcomfy deploy NAME workflow_api.json` makes one.")
    rows = [
        (
            one.name,
            str(one.current_version),
            f"{one.canary_version} ({one.canary_percent:g} %)" if one.canary_version else "",
            show.when(one.created_at),
            str(one.nodes),
            one.title,
        )
        for one in found
    ]
    return show.table(["NAME", "VERSION", "CANARY", "DEPLOYED", "NODES", "TITLE"], rows)


@deployments.command("show")
@with_client
def show_deployment(
    client: Client,
    name: DeploymentName,
    wanted: Annotated[
        str | None, typer.Argument(metavar="[INPUT]", help="Only this input, with all its choices.", show_default=False)
    ] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Show a deployment with its inputs."""
    from viewcomfy.cli import show
    from viewcomfy.cli.inputs_table import input_named, inputs_table

    found = client.deployment(name, version=version).describe()
    if wanted is not None:
        return _show_input(input_named(found, wanted), as_json=as_json)
    if as_json:
        return show.as_json(found.model_dump(mode="json"))
    show.facts(_facts(found))
    return inputs_table(found.inputs)


def _facts(found: DeploymentDetail) -> list[tuple[str, str | Text]]:
    from viewcomfy.cli import show

    serving = "the current one" if found.version == found.current_version else f"the current one is {found.current_version}"
    canary = f"version {found.canary_version} gets {found.canary_percent:g} % of the calls" if found.canary_version else ""
    base = found.url.removesuffix("/infer")
    pairs: list[tuple[str, str | Text]] = [
        ("deployment", found.name),
        ("title", found.title),
        ("description", found.description),
        ("version", f"{found.version}, {serving}"),
        ("canary", canary),
        ("note", found.note),
        ("deployed", show.moment(found.created_at)),
        ("nodes", str(found.nodes)),
        ("time limit", show.seconds(found.time_limit) if found.time_limit else ""),
        *place_facts(found),
        ("endpoint", found.url),
        ("its API", f"{base}/docs"),
    ]
    return [pair for pair in pairs if pair[1]]


def _show_input(declared: InputOut, *, as_json: bool) -> None:
    from viewcomfy.cli import show
    from viewcomfy.cli.inputs_table import value_text
    from viewcomfy.wire.input_schema import limits_in_words

    if as_json:
        return show.as_json(declared.model_dump(mode="json"))
    states = [word for word in ("required", "hidden", "locked", "advanced") if getattr(declared, word)]
    pairs = [
        ("name", declared.name),
        ("param key", declared.key),
        ("type", declared.kind.value),
        ("label", declared.label),
        ("description", declared.description),
        ("takes", limits_in_words(declared)),
        ("default", "" if declared.default is None else value_text(declared.default, 2000)),
        ("is", ", ".join(states)),
        ("node", f"{declared.node_id} {declared.node_title} ({declared.class_type})"),
    ]
    show.facts([pair for pair in pairs if pair[1]])
    if declared.choices:
        show.heading(f"Choices ({len(declared.choices)})")
        show.lines(value_text(choice.value, 2000) for choice in declared.choices)
    return None


deployments.command()(place)
deployments.command()(versions)
deployments.command()(diff)
deployments.command()(rollback)
deployments.command()(canary)
deployments.command()(edit)


@deployments.command()
@with_client
def report(client: Client, name: DeploymentName, version: Version = None, as_json: AsJson = False) -> None:
    """Say where a deployment can run now, and what keeps it from running elsewhere.

    Ends with 1 where nothing can run it. Needs the admin token.
    """
    from viewcomfy.cli import report_view, show
    from viewcomfy.cli.waiting import waiting

    with waiting("Asking ComfyUI, which may have to be started first"):
        found = client.deployment(name, version=version).report()
    if as_json:
        show.as_json(found.model_dump(mode="json"))
    else:
        report_view.report(found, show.out())
    if not found.ok:
        raise typer.Exit(ExitCode.RUN_FAILED)


@deployments.command()
@with_client
def export(
    client: Client,
    name: DeploymentName,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write; - is stdout.", show_default=False)
    ] = Path("view_comfy.json"),
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Write a deployment as an app file, by default view_comfy.json.

    It holds the workflow and its inputs as a form, for ViewComfy's editor and for `viewcomfy deploy`. Needs the admin token.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.values import write_file

    text = json.dumps(client.deployment(name, version=version).app_file(), indent=2, ensure_ascii=False) + "\n"
    if str(output) == "-":
        sys.stdout.write(text)
        return None
    write_file(output, text)
    return show.as_json({"path": str(output)}) if as_json else show.say(f"Wrote {output}.", style="green")


@deployments.command()
@with_client
def remove(
    client: Client,
    name: DeploymentName,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Don't ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a deployment away, with all its versions; its jobs stay.

    Needs the admin token.
    """
    from viewcomfy.cli import show

    if not (yes or as_json) and sys.stdin.isatty() and not _sure(name):
        raise JobCanceled("Nothing was removed.")
    client.remove_deployment(name)
    return show.as_json({"name": name}) if as_json else show.say(f"Removed {name}.", style="green")


def _sure(name: str) -> bool:
    try:
        return bool(typer.confirm(f"Remove {name} with all its versions?", err=True))
    except typer.Abort:  # Ctrl-C or Ctrl-D
        return False
