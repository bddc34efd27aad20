"""`viewcomfy deployments place`: say where and when the jobs of a deployment run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.environment_option import EnvironmentName, environment_id
from viewcomfy.cli.options import AsJson, DeploymentName, with_client
from viewcomfy.cli.warm_up_option import WarmUpFlag, WarmUpValues, warm_up_of, warm_up_text
from viewcomfy.core.errors import BadInput

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.deployments import CheckOut, DeployedOut, DeploymentOut

PRIORITIES = ("urgent", "normal", "low")

PoolName = Annotated[str | None, typer.Option("--pool", metavar="NAME", help="The workers that run its jobs; by default as before.")]
Priority = Annotated[
    int | None, typer.Option("--priority", metavar="N", help="0: urgent, 1: normal, 2: low; by default as before, or normal.")
]
Memory = Annotated[
    float | None, typer.Option("--memory", metavar="GIB", help="The GPU memory that it needs; 0: any; by default as before.")
]


@with_client
def place(
    client: Client,
    *,
    deployment: DeploymentName,
    pool: PoolName = None,
    priority: Priority = None,
    memory: Memory = None,
    environment: EnvironmentName = None,
    warm_up: WarmUpFlag = None,
    warm_up_with: WarmUpValues = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is new in this version.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Say where and when the jobs of a deployment run, which makes its next version.

    Needs the admin token.
    """
    from viewcomfy.cli import show

    warm = warm_up_of(warm_up, warm_up_with)
    if all(said is None for said in (pool, priority, memory, environment, warm)):
        raise BadInput("Nothing was said to change.", hint=f"For example `viewcomfy deployments place {deployment} --pool a100`.")
    made = client.deployment(deployment).edit(
        {}, pool=pool, priority=priority, memory=memory, environment=environment_id(client, environment), warm_up=warm, note=note
    )
    if as_json:
        return show.as_json(made.model_dump(mode="json"))
    show.say(f"{made.name} is at version {made.version} now.", style="green")
    place_notes(made)
    return show.facts(place_facts(made) or [("pool", made.pool)])


def place_facts(found: DeploymentOut) -> list[tuple[str, str]]:
    """Return where and when the jobs of a version run, as far as that is not what it is by default."""
    pairs = [
        ("pool", found.pool if found.pool != "default" else ""),
        ("priority", PRIORITIES[found.priority] if found.priority != 1 else ""),
        ("GPU memory", f"{found.memory:g} GiB" if found.memory else ""),
        ("environment", found.environment),
        ("warm-up", warm_up_text(found.warm_up)),
        ("models", ", ".join(f"{model.folder}/{model.file}" for model in found.models)),
    ]
    return [pair for pair in pairs if pair[1]]


def place_notes(made: DeployedOut | CheckOut) -> None:
    """Say what its jobs will wait for."""
    from viewcomfy.cli import show

    for note in made.notes:
        show.say(note, style="yellow")
