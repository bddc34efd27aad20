"""`--environment`: the environment that the jobs of a deployment run in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.core.deployments import ENVIRONMENT
from viewcomfy.core.errors import BadInput

if TYPE_CHECKING:
    from viewcomfy.client.client import Client

EnvironmentName = Annotated[
    str | None,
    typer.Option(
        "--environment",
        metavar="FILE|ID",
        help='The environment that its jobs run in: environment.toml, or an id; "" for none; by default as before.',
    ),
]


def environment_id(client: Client, said: str | None, *, keep: bool = True) -> str | None:
    """Return the id of an environment that was named by it, or by a file; None where nothing was said.

    With `keep` the server then keeps what is in the file. Raises BadInput for a file that can't be read or is no environment.
    """
    if not said or ENVIRONMENT.fullmatch(said):
        return said
    try:
        text = Path(said).read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInput(
            f"{said[:200]} is neither an id nor a file that can be read.", hint="`viewcomfy env freeze > environment.toml` makes one."
        ) from fault
    if keep:
        return client.add_environment(text)
    from viewcomfy.environments.toml import read_toml

    return read_toml(text, said).id
