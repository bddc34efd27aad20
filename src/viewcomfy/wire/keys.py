"""Keys over HTTP."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class KeyRequest(BaseModel):
    """Make a key, for all deployments or for named ones."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=100)
    deployments: list[str] | None = Field(None, min_length=1, description="Names of the deployments it may call; absent: all.")
    allow_override: bool | None = Field(
        None, description="May calls replace the workflow? Absent: yes for a key of all deployments, no for a limited one."
    )


class KeyOut(BaseModel):
    """A key without its secret. Times are Unix seconds."""

    client_id: str
    name: str
    deployments: list[str] | None
    allow_override: bool
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


class NewKeyOut(KeyOut):
    """A key just made: the only time that its secret is shown."""

    client_secret: str
