"""The engines that the contract holds for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kit import ENGINES, Kit

OpenKit = Callable[..., Coroutine[Any, Any, Kit]]


@pytest.fixture(params=list(ENGINES))
async def open_kit(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[OpenKit]:
    """Open an engine of each kind with settings of its own; it is closed afterwards."""
    opened: list[Kit] = []

    async def open_one(**settings: Any) -> Kit:
        kit = ENGINES[request.param](tmp_path, **settings)
        await kit.open()
        opened.append(kit)
        return kit

    yield open_one
    for kit in opened:
        await kit.close()


@pytest.fixture
async def kit(open_kit: OpenKit) -> Kit:
    """Return an open engine of each kind."""
    return await open_kit()
