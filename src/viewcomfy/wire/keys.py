"""Keys over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LARGEST = 1_000_000_000
Name = Annotated[str, Field(max_length=100)]


class KeyBounds(BaseModel):
    """What bounds a key or a share link; absent: nothing."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=100)
    expires_at: float | None = Field(None, allow_inf_nan=False, description="Unix time from which it is refused.")
    max_active: int | None = Field(None, ge=1, le=LARGEST, description="How many of its jobs may be queued or running at once.")
    max_per_day: int | None = Field(None, ge=1, le=LARGEST, description="How many of its jobs are accepted in 24 hours.")
    max_running: int | None = Field(None, ge=1, le=LARGEST, description="How many of its jobs run at once; the rest of them waits.")


class KeyRequest(KeyBounds):
    """Make a key, for all deployments or for named ones."""

    deployments: list[Name] | None = Field(None, min_length=1, description="Names of the deployments it may call; absent: all.")
    allow_override: bool | None = Field(
        None, description="May calls replace the workflow? Absent: yes for a key of all deployments, no for a limited one."
    )


class ShareRequest(KeyBounds):
    """Make a link to the playground of one deployment, for people without a key."""


class KeyOut(BaseModel):
    """A key without its secret; that of a share link where `share` is true. Times are Unix seconds."""

    client_id: str
    name: str
    deployments: list[str] | None
    allow_override: bool
    created_at: float
    last_used_at: float | None
    revoked_at: float | None
    expires_at: float | None = None
    max_active: int | None = None
    max_per_day: int | None = None
    max_running: int | None = None
    share: bool = False


class NewKeyOut(KeyOut):
    """A key just made: the only time that its secret is shown."""

    client_secret: str


class NewShareOut(KeyOut):
    """A share link just made: the only time that its URL is shown. Whoever has it is let in; DELETE /api/keys/{client_id} ends that."""

    url: str
