"""Deployments over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class DeployRequest(BaseModel):
    """Deploy a workflow under a name: a new name makes version 1, a known one its next version."""

    model_config = ConfigDict(extra="forbid")

    workflow_api: dict[str, Any]
    time_limit: float = Field(0.0, ge=0, le=7 * 86_400, description="Seconds that a job may run; 0 means no limit.")
    cancel_on_disconnect: bool = Field(False, description="Cancel a job when its caller goes away before the result.")


class DeploymentOut(BaseModel):
    """A deployment in its current version; `url` is the endpoint to POST to."""

    name: str
    version: int
    url: str
    created_at: float
    time_limit: float
    cancel_on_disconnect: bool
    nodes: int


class DeploymentDetail(DeploymentOut):
    """A deployment with its workflow and the flattened params that a caller may set."""

    workflow_api: dict[str, Any]
    params: dict[str, Any]
