"""A server that is killed while it accepts batches: each is there whole and runs, or was never accepted."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.batch_kit import Office
from tests.service.batch_victim import JOBS
from tests.service.kit import open_desk
from viewcomfy.core.jobs import JobStatus, Manifest
from viewcomfy.engine.base import Claimer

pytestmark = pytest.mark.anyio
VICTIM = Path(__file__).with_name("batch_victim.py")


async def kill_in_the_middle(folder: Path, submissions: int) -> set[str]:
    """Run a server, kill it as soon as so many batches were sent; return those that it said it had accepted."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(sys.executable, str(VICTIM), str(folder), stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(60):
            while sum(line.startswith("submitting") for line in lines) < submissions:
                lines.append((await process.stdout.readline()).decode())
    finally:
        process.kill()
        rest = await process.stdout.read()
        await process.wait()
    lines += rest.decode().splitlines(keepends=True)
    return {line.split()[1] for line in lines if line.startswith("accepted") and line.endswith("\n")}


@pytest.mark.parametrize("submissions", [2, 5, 9])
async def test_a_batch_that_a_killed_server_took_is_there_whole_and_no_other_is(tmp_path: Path, submissions: int) -> None:
    accepted = await kill_in_the_middle(tmp_path, submissions)
    async with open_desk(tmp_path) as desk:
        batches = Office(desk).batches
        page, _ = await batches.page(desk.caller, limit=200)
        assert accepted <= {batch.batch_id for batch, _ in page}
        assert {progress.total for _, progress in page} <= {JOBS}
        assert await desk.engine.queue_length() == JOBS * len(page)
        members = {job.prompt_id for batch, _ in page for job in (await batches.get(desk.caller, batch.batch_id)).jobs}
        assert len(members) == JOBS * len(page)
        for prompt_id in members:
            job = await desk.store.jobs.get(prompt_id)
            assert job
            assert await desk.files.size(job.uploads[0].file_key)
        for _ in members:
            lease = await desk.engine.claim(Claimer("test"))
            await desk.engine.commit(lease, Manifest(JobStatus.SUCCEEDED))
        assert all(progress.is_done for _, progress in (await batches.page(desk.caller, limit=200))[0])
