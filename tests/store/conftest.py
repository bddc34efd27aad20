"""An empty store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from viewcomfy.store.store import Store


@pytest.fixture
async def store(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Store]:
    """A store in a file, closed afterwards."""
    opened = await Store.open(tmp_path / "viewcomfy.db")
    yield opened
    await opened.close()
