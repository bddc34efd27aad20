"""An empty store, of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from viewcomfy.store.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where an empty store is."""
    if request.param == "sqlite":
        return tmp_path / "viewcomfy.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def store(store_url: str | Path, anyio_backend: str) -> AsyncIterator[Store]:
    """An open store of each kind, closed afterwards."""
    opened = await Store.open(store_url)
    yield opened
    await opened.close()
