"""Where a fleet is: the provider that the options of `viewcomfy fleet` name, opened."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from viewcomfy.cli.options import settings_from
from viewcomfy.core.errors import BadInput

if TYPE_CHECKING:
    from viewcomfy.fleet.base import Provider

MAIN = "viewcomfy.cli.main"
OWN = frozenset(
    f"VIEWCOMFY_{name}"
    for name in ("ADMIN_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "SERVER", "STORE", "DATA_DIR", "INSTANCE", "POOL", "BACKENDS")
)
"""Variables of the command that are not the workers' business: those that it says otherwise, and secrets that no worker needs."""


class Where(StrEnum):
    """What starts the workers."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fleet is, and the `options` that its workers are started with; `cpus`, `gpus` and `resources` are what Ray sets aside."""

    provider: Where
    pool: str
    backends: int = 1
    data_dir: Path | None = None
    ray: str = "auto"
    cpus: float = 1.0
    gpus: float = 0.0
    resources: Mapping[str, float] = field(default_factory=dict)
    options: Sequence[str] = ()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Provider]:
        """Open the provider. Raises Conflict where somebody looks after this fleet already, MissingExtra, ServerUnavailable."""
        worker = ["worker", "--pool", self.pool, "--backends", str(self.backends), *self.options]
        if self.provider is Where.RAY:
            from viewcomfy.fleet.ray import Needs, RayProvider

            env = {name: value for name, value in _environment().items() if name.startswith("VIEWCOMFY_")}
            needs = Needs(self.cpus, self.gpus, self.resources)
            ray = RayProvider.connect(self.ray, pool=self.pool, arguments=["-m", MAIN, *worker], env=env, needs=needs)
            try:
                yield ray
            finally:
                ray.close()
            return
        from viewcomfy.fleet.local import LocalProvider
        from viewcomfy.settings import Settings

        folder = settings_from(Settings, data_dir=self.data_dir).data_dir.resolve() / "fleet" / self.pool
        local = LocalProvider(folder, [sys.executable, "-m", MAIN, *worker], _environment())
        with local.held():
            yield local


def pairs(given: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return what options of the form NAME=VALUE say. Raises BadInput."""
    found = []
    for text in given or ():
        name, _, value = text.partition("=")
        if not name or not value:
            raise BadInput(f"{text[:80]!r} should have the form NAME=VALUE.")
        found.append((name, value))
    return found


def amounts(given: Sequence[str] | None) -> dict[str, float]:
    """Return what options of the form NAME=NUMBER say. Raises BadInput."""
    try:
        return {name: float(amount) for name, amount in pairs(given)}
    except ValueError as fault:
        raise BadInput(f"--resource: {fault}.", hint="Give a number: --resource a100=1") from fault


def _environment() -> dict[str, str]:
    """Return what workers get of our environment; it is handed on, not read."""
    return {name: value for name, value in os.environ.items() if name not in OWN}
