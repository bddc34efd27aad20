"""What came in with a request to infer: text fields, and files already on this machine's disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file part: `field` is its param key as sent (a mask's ends with `-viewcomfymask`), `path` holds its `size` bytes."""

    field: str
    filename: str
    content_type: str
    size: int
    path: Path


@dataclass(frozen=True, slots=True)
class Received:
    """What a request says; None where it does not. `params` is JSON, `workflow_api` JSON, its text, or the path of a file with a workflow.

    `prompt_id` is set by clients that choose it themselves.
    """

    params: Any = None
    workflow_api: str | Mapping[str, Any] | Path | None = None
    files: tuple[ReceivedFile, ...] = ()
    prompt_id: str | None = None
