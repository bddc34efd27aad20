"""The HTTP shapes of files."""

from __future__ import annotations

from pydantic import BaseModel, Field


class StoredFile(BaseModel):
    """A file that has arrived."""

    size: int = Field(description="Its number of bytes.")
