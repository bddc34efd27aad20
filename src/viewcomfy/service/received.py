"""What came in with a request to infer: text fields, and files already on this machine's disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    """The form as it came; None where a field was absent. `prompt_id` is set by clients that choose it themselves."""

    params: str | None = None
    workflow_api: str | None = None
    files: tuple[ReceivedFile, ...] = ()
    prompt_id: str | None = None
