"""`viewcomfy deploy`: make a workflow callable at a URL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.environment_option import EnvironmentName, environment_id
from viewcomfy.cli.exits import ExitCode
from viewcomfy.cli.model_options import AllowPickle, FetchOption, ModelOptions, ModelsFile, fetch_first, for_deployment, read_models
from viewcomfy.cli.options import AsJson, with_client
from viewcomfy.cli.place import Memory, PoolName, Priority, place_notes
from viewcomfy.cli.warm_up_option import WarmUpFlag, WarmUpValues, warm_up_of
from viewcomfy.core.errors import BreakingChange, DeploymentProblems, Forbidden

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.deployments import CheckOut, DeployedOut
    from viewcomfy.wire.inputs import InputOut

WAITING = "Checking it against ComfyUI, which may have to be started first"


@with_client
def deploy(
    client: Client,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name, as it will stand in the URL.", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A workflow as ComfyUI saves it, a picture or video that it made, or a view_comfy.json.",
            show_default=False,
        ),
    ],
    check: Annotated[bool, typer.Option("--check", metavar="", help="Only say what deploying it would do.")] = False,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Deploy it whatever the report says, and start no ComfyUI to check it.")
    ] = False,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", metavar="", help="Deploy it although calls that work today would fail.")
    ] = False,
    aside: Annotated[
        bool, typer.Option("--not-current", metavar="", help="Keep the current version; this one is for calls that pin it.")
    ] = False,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is new in this version.", show_default=False)] = "",
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="A title for people; by default as before.")] = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="A description for people; by default as before.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", metavar="FILE", help='Change inputs: JSON such as {"seed": {"hidden": true}}.')
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", metavar="TITLE", help="Which workflow of a view_comfy.json; its number will do.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="SECONDS", help="How long a job may run; 0: no limit.", show_default=False)
    ] = 0.0,
    cancel_on_disconnect: Annotated[
        bool, typer.Option("--cancel-on-disconnect", metavar="", help="Cancel a job whose caller goes away before the result.")
    ] = False,
    pool: PoolName = None,
    priority: Priority = None,
    memory: Memory = None,
    environment: EnvironmentName = None,
    warm_up: WarmUpFlag = None,
    warm_up_with: WarmUpValues = None,
    model: ModelOptions = None,
    models: ModelsFile = None,
    fetch: FetchOption = False,
    allow_pickle: AllowPickle = False,
    as_json: AsJson = False,
) -> None:
    """Make a workflow callable at a URL.

    A new name makes version 1, a known one its next version. It is checked against your ComfyUI first. Needs the admin token.
    """
    from viewcomfy.cli.source import read_edits, read_source
    from viewcomfy.cli.waiting import waiting

    source, edits, named = read_source(file, workflow), read_edits(inputs), read_models(model, models)
    warm = warm_up_of(warm_up, warm_up_with)
    if check:
        with waiting(WAITING):
            found = client.check(
                source.workflow,
                app_file=source.app_file,
                name=name,
                inputs=edits,
                pool=pool,
                memory=memory,
                models=for_deployment(named),
                environment=environment_id(client, environment, keep=False),
                warm_up=warm,
            )
        return _checked(found, forced=force, confirmed=allow_breaking or aside, as_json=as_json)
    if fetch:
        fetch_first(client, name, source, named, pool, allow_pickle=allow_pickle)
    with waiting(WAITING), _hints():
        made = client.deploy(
            name,
            source.workflow,
            app_file=source.app_file,
            inputs=edits,
            title=title,
            description=description,
            note=note,
            time_limit=time_limit,
            cancel_on_disconnect=cancel_on_disconnect,
            pool=pool,
            priority=priority,
            memory=memory,
            environment=environment_id(client, environment),
            models=for_deployment(named),
            warm_up=warm,
            force=force,
            allow_breaking=allow_breaking,
            make_current=not aside,
        )
    return _deployed(made, _inputs(client, made), as_json=as_json)


@contextmanager
def _hints() -> Iterator[None]:
    """Say which option helps where the server says what to send."""
    try:
        yield
    except DeploymentProblems as fault:
        fault.hint = "Mend it, or deploy it all the same with --force."
        raise
    except BreakingChange as fault:
        fault.hint = "Deploy it all the same with --allow-breaking, or with --not-current for those calls alone that pin its version."
        raise


def _inputs(client: Client, made: DeployedOut) -> list[InputOut]:
    """Return the inputs of what was deployed; none where the key beside the admin token is for other deployments."""
    try:
        return client.deployment(made.name, version=made.version).inputs()
    except Forbidden:
        return []


def _checked(found: CheckOut, *, confirmed: bool, forced: bool, as_json: bool) -> None:
    """Show what deploying would do; end as the deploying would."""
    from viewcomfy.cli import show
    from viewcomfy.cli.inputs_table import inputs_table

    if as_json:
        show.as_json(found.model_dump(mode="json"))
    else:
        _show_findings(found)
        place_notes(found)
        inputs_table(found.inputs)
    wanting = ["--force"] if not found.report.ok and not forced else []
    wanting += ["--allow-breaking or --not-current"] if not confirmed and any(change.breaking for change in found.changes) else []
    if wanting:
        show.say(f"\nIt would not be deployed without {' and '.join(wanting)}.", style="red")
        raise typer.Exit(ExitCode.BAD_INPUT)
    show.say("\nIt would be deployed.", style="green")


def _deployed(made: DeployedOut, declared: Sequence[InputOut], *, as_json: bool) -> None:
    from viewcomfy.cli import show
    from viewcomfy.cli.example_call import example
    from viewcomfy.cli.inputs_table import inputs_table

    if as_json:
        more = {"inputs": [one.model_dump(mode="json") for one in declared]}
        return show.as_json(made.model_dump(mode="json") | more)
    is_current = made.version == made.current_version
    show.say(f"Deployed {made.name}, version {made.version}.", style="green")
    if not is_current:
        show.say(f"Calls go on with version {made.current_version}; this one is for those that pin it.", style="yellow")
    _show_findings(made)
    place_notes(made)
    pinned = "" if is_current else f" --version {made.version}"
    show.facts([("endpoint", made.url), ("try it", f"viewcomfy run {made.name}{pinned} {example(declared)}".rstrip())])
    return inputs_table(declared, advanced=False, hint=f"`viewcomfy deployments show {made.name}{pinned}`")


def _show_findings(found: DeployedOut | CheckOut) -> None:
    from viewcomfy.cli import report_view, show

    report_view.report(found.report, show.err())
    report_view.changes(found.changes, show.err())
    report_view.lost_edits(found.lost_edits, show.err())
