"""A run over HTTP, with named inputs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class RunRequest(BaseModel):
    """Run a deployment. A file goes as a data URL, or as an https URL where the server may fetch from that host."""

    model_config = ConfigDict(extra="forbid")

    inputs: dict[str, Any] = Field({}, description="Values by the name of an input, or by its param key.")
    workflow_api: dict[str, Any] | None = Field(None, description="A whole workflow for this call only, in either of ComfyUI's formats.")
    prompt_id: str | None = Field(None, description="A UUID of the caller's choice: sent again, it finds the same job.")
