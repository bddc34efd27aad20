"""ViewComfy's shapes of V1: the result of `infer` and the events of `infer_with_logs`, exact to the key."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

EVENT_LOG = "log_message"
EVENT_ERROR = "error"
EVENT_RESULT = "prompt_result"
FORM_FIELDS = ("logs", "params", "workflow_api")


class FileOutput(BaseModel):
    """An output with its bytes: `data` is plain standard base64, `size` counts bytes before encoding."""

    model_config = ConfigDict(extra="forbid")

    filename: str
    content_type: str
    data: str
    size: int


class PromptResult(BaseModel):
    """What a V1 call answers: exactly these keys, because published clients pass them all to a constructor."""

    model_config = ConfigDict(extra="forbid")

    prompt_id: str
    status: Literal["success", "error"]
    completed: bool
    execution_time_seconds: float
    prompt: dict[str, Any]
    outputs: list[FileOutput]
