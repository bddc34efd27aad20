"""A server that has just been put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from viewcomfy.cli.assemble import open_server
from viewcomfy.core.errors import BadInput, Conflict
from viewcomfy.settings import Settings

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:9"


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(**{"data_dir": folder, "comfyui": NOWHERE, "_env_file": None, **given})


async def test_the_first_call_finds_the_backends(tmp_path: Path) -> None:
    async with open_server(settings(tmp_path)) as server:
        [worker], _ = await server.services.workers.overview()
        assert [backend["name"] for backend in worker.backends] == ["comfyui-0"]
        assert (worker.pool, worker.facts["stopping"]) == ("default", False)


async def test_a_server_may_leave_the_work_to_others(tmp_path: Path) -> None:
    async with open_server(settings(tmp_path, backends=0)) as server:
        assert await server.services.workers.overview() == ([], 0)
        assert server.comfyui is None
        await server.stop_working(0)


async def test_the_worker_of_a_server_serves_its_pool(tmp_path: Path, nats_url: str) -> None:
    async with open_server(settings(tmp_path, engine=nats_url, pool="a100")) as server:
        [worker], _ = await server.services.workers.overview()
        assert worker.pool == "a100"


async def test_two_servers_that_give_out_jobs_themselves_do_not_share_a_database(tmp_path: Path, postgres_url: str) -> None:
    async with open_server(settings(tmp_path / "one", store=postgres_url, backends=0)):
        with pytest.raises(Conflict):
            async with open_server(settings(tmp_path / "two", store=postgres_url, backends=0)):
                pass


async def test_an_engine_that_nobody_knows_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="NATS"):
        async with open_server(settings(tmp_path, engine="redis://127.0.0.1")):
            pass
