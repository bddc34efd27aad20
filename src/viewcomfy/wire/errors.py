"""The JSON body of every error."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class ErrorBody(BaseModel):
    """An error: `detail` is the sentence for people, `code` the stable word for programs."""

    model_config = ConfigDict(extra="ignore")

    code: str
    detail: str
    hint: str | None = None
    problems: list[dict[str, Any]] = []
    details: dict[str, Any] = {}
    prompt_id: str | None = None
