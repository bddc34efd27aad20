"""The settings of a server over HTTP."""

from __future__ import annotations

from pydantic import BaseModel


class SettingOut(BaseModel):
    """A setting as the server runs with it; of a secret only that it is `set`. `changed` where it is not the default."""

    name: str
    value: str | int | float | bool | None
    default: str | int | float | bool | None
    description: str
    changed: bool
