"""What routes need of the app and of the request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from viewcomfy.core.keys import Caller
from viewcomfy.server.auth import authenticate, authenticate_admin
from viewcomfy.service.services import Services
from viewcomfy.settings import Settings


def services_of(request: Request) -> Services:
    """Return the services that the app was made with."""
    services: Services = request.app.state.services
    return services


def settings_of(request: Request) -> Settings:
    """Return the settings that the app was made with."""
    settings: Settings = request.app.state.settings
    return settings


def base_url(request: Request) -> str:
    """Return the URL below which callers find this server, without a slash at its end."""
    return (settings_of(request).public_url or str(request.base_url)).rstrip("/")


async def _caller(request: Request) -> Caller:
    return await authenticate(services_of(request), request.scope)


async def _admin(request: Request) -> Caller:
    return await authenticate_admin(services_of(request), request.scope)


AnyCaller = Annotated[Caller, Depends(_caller)]
Admin = Annotated[Caller, Depends(_admin)]
