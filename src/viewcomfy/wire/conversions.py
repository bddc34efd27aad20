"""Conversions over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from viewcomfy.wire.deployments import ModelIO


class ConvertedOut(BaseModel):
    """A workflow in the API format, what it came from, and the models that it names with where they can be had."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    workflow_api: dict[str, Any]
    source: Literal["api", "editor", "carried prompt", "carried workflow"] = Field(alias="from")
    models: list[ModelIO] = []
