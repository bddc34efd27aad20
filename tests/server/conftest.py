"""One whole server for the tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.site_kit import Site, open_site


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with open_site(tmp_path_factory.mktemp("data")) as opened:
        yield opened
