"""`/api/settings`: what the server runs with, for the admin."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from viewcomfy.server.deps import Admin, settings_of
from viewcomfy.settings import Settings
from viewcomfy.wire.settings import SettingOut

router = APIRouter(prefix="/api/settings", tags=["settings"])

_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


@router.get("")
async def list_settings(_: Admin, request: Request) -> list[SettingOut]:
    """List every setting with its value, its default and what it is for; secrets are not shown."""
    settings = settings_of(request)
    prefix = str(Settings.model_config.get("env_prefix", ""))
    return [_shown(f"{prefix}{name.upper()}", field, getattr(settings, name)) for name, field in Settings.model_fields.items()]


def _shown(name: str, field: FieldInfo, value: Any) -> SettingOut:
    default = _plain(field.default)
    return SettingOut(name=name, value=_plain(value), default=default, description=field.description or "", changed=value != field.default)


def _plain(value: Any) -> str | int | float | bool | None:
    """Return a value as it is shown: of a secret only that it is there, of a URL not the password in it."""
    if isinstance(value, SecretStr):
        return "set"
    if value is None or isinstance(value, bool | int | float):
        return value
    return _LOGIN.sub("", str(value))
