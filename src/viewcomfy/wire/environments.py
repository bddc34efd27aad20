"""Environments over HTTP."""

from __future__ import annotations

from pydantic import BaseModel


class EnvironmentAdded(BaseModel):
    """The id that a document is kept under: deployments name it, and backends that have the environment take their jobs."""

    id: str


class EnvironmentOut(BaseModel):
    """An environment. `created_at` is the Unix time at which its document came, null where it has not.

    `backends` counts those that have it now; `deployments` are those whose current versions name it.
    """

    id: str
    created_at: float | None = None
    backends: int = 0
    deployments: list[str] = []
