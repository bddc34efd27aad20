"""The engines that the contract holds for."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kit import ENGINES, Kit

OpenKit = Callable[..., Coroutine[Any, Any, Kit]]


def place_of(name: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings that say where an engine of a kind keeps things, somewhere empty at each call."""
    place = {"url": request.getfixturevalue("postgres").database()} if name.endswith("on postgresql") else {}
    if name.startswith("nats"):
        place["nats"] = f"{request.getfixturevalue('nats_server').url}/test-{secrets.token_hex(6)}"
    return place


@pytest.fixture(params=list(ENGINES))
async def open_kit(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[OpenKit]:
    """Open an engine of each kind with settings of its own; it is closed afterwards."""
    opened: list[Kit] = []

    async def open_one(**settings: Any) -> Kit:
        kit = ENGINES[request.param](tmp_path, **place_of(request.param, request), **settings)
        await kit.open()
        opened.append(kit)
        return kit

    yield open_one
    for kit in opened:
        await kit.close()
        await kit.remove()


@pytest.fixture
async def kit(open_kit: OpenKit) -> Kit:
    """Return an open engine of each kind."""
    return await open_kit()
