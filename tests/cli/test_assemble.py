"""A server that has just been put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewcomfy.cli.assemble import open_server
from viewcomfy.settings import Settings


@pytest.mark.anyio
async def test_the_first_call_finds_the_backends(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, comfyui="http://127.0.0.1:9", _env_file=None)
    async with open_server(settings) as server:
        [worker], _ = await server.services.workers.overview()
        assert [backend["name"] for backend in worker.backends] == ["comfyui-0"]
