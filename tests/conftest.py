"""What every test has."""

from __future__ import annotations

import pytest

pytest_plugins = [
    "tests.fixtures.fake_comfyui",
    "tests.fixtures.nats",
    "tests.fixtures.postgres",
    "tests.fixtures.s3",
    "tests.fixtures.small_comfyui",
]


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the server does."""
    return "asyncio"
