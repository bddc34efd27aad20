"""The session of a browser over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SessionRequest(BaseModel):
    """Sign in: with the admin token, or with a key (that of a share link, too)."""

    model_config = ConfigDict(extra="forbid")

    token: str | None = Field(None, max_length=1000, description="The admin token.")
    client_id: str | None = Field(None, max_length=1000)
    client_secret: str | None = Field(None, max_length=1000)


class SessionOut(BaseModel):
    """Who is signed in, and until when (Unix seconds). `key_id` is what jobs are filed under; `deployments` is null for all."""

    role: Literal["admin", "key", "share"]
    key_id: str
    name: str
    deployments: list[str] | None
    expires_at: float
