"""What only the local engine has to survive: the kill of its process, a store that fails, a queue that is long."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.kit import DONE, LocalKit, claim, log, soon, statuses, story, submit, texts, until
from viewcomfy.core.errors import DiskFull, ServerUnavailable
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.engine.base import Claimer
from viewcomfy.store.rows import row_of
from viewcomfy.store.tables import jobs

pytestmark = pytest.mark.anyio
VICTIM = Path(__file__).with_name("victim.py")


async def kill_in_the_middle(folder: Path, after: int) -> tuple[set[str], set[str]]:
    """Run a server, kill it after so many lines; return the jobs that it said it had accepted, and committed."""
    said: dict[str, set[str]] = {"accepted": set(), "committed": set()}
    process = await asyncio.create_subprocess_exec(sys.executable, str(VICTIM), str(folder), stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            for _ in range(after):
                word, prompt_id = (await process.stdout.readline()).decode().split()
                said[word].add(prompt_id)
    finally:
        process.kill()
        rest = await process.stdout.read()
        await process.wait()
    for line in rest.decode().splitlines(keepends=True):
        if line.endswith("\n"):
            word, prompt_id = line.split()
            said[word].add(prompt_id)
    return said["accepted"], said["committed"]


@pytest.mark.parametrize("after", [40, 151])
async def test_a_killed_server_has_lost_no_accepted_job_and_finishes_each_once(tmp_path: Path, after: int) -> None:
    accepted, committed = await kill_in_the_middle(tmp_path, after)
    assert len(accepted) > 5
    kit = LocalKit(tmp_path)
    await kit.open()
    known = {prompt_id: await kit.store.queue.standing(prompt_id) for prompt_id in accepted}
    assert None not in known.values()
    assert committed <= {prompt_id for prompt_id, job in known.items() if job and job.status is JobStatus.SUCCEEDED}
    left = await kit.engine.queue_length()  # includes one that was stored and not yet said to be accepted
    ran = []
    for _ in range(left):
        lease = await claim(kit)
        ran.append(lease.prompt_id)
        await kit.engine.commit(lease, DONE)
    assert len(set(ran)) == len(ran)
    assert not committed & set(ran)
    for prompt_id in accepted:
        assert (await kit.job(prompt_id)).status is JobStatus.SUCCEEDED
        assert statuses(await story(kit, prompt_id))[-1][0] == "succeeded"
    await kit.close()


async def test_a_queue_of_ten_thousand_is_served_as_fast_as_a_short_one(tmp_path: Path) -> None:
    kit = LocalKit(tmp_path)
    await kit.open()
    rows = [row_of(Job(f"job-{n}", "cats", 1, f"key-{n % 5}", {}, float(n), affinity=f"a{n % 3}")) for n in range(10_000)]
    await kit.store._database.run(lambda connection: connection.execute(jobs.insert(), rows))
    began = time.perf_counter()
    for _ in range(100):
        lease = await claim(kit)
        await kit.engine.commit(lease, DONE)
    seconds = (time.perf_counter() - began) / 100
    await kit.close()
    assert seconds < 0.05  # some 0.001 on a quiet machine; reading the whole queue for each claim would take longer than this


async def test_a_worker_that_asks_again_at_once_keeps_its_place_and_attempts(tmp_path: Path) -> None:
    kit = LocalKit(tmp_path)
    await kit.open()
    for number in range(20):
        await submit(kit, str(number))
        first = asyncio.create_task(kit.engine.claim(Claimer("w")))
        for _ in range(number % 4):
            await asyncio.sleep(0)
        first.cancel()
        second = asyncio.create_task(claim(kit))  # as a backend does whose state has changed
        lease = (await asyncio.gather(first, return_exceptions=True))[0]
        if isinstance(lease, BaseException):
            lease = await second
        else:
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
        assert (lease.prompt_id, lease.attempt) == (str(number), 1)
        await kit.engine.commit(lease, DONE)
    await kit.close()


async def test_a_store_that_fails_fails_the_claim_and_not_the_engine(tmp_path: Path) -> None:
    kit = LocalKit(tmp_path)
    await kit.open()
    task = asyncio.create_task(claim(kit))
    await asyncio.sleep(0.01)
    await kit.store.close()
    kit.engine._dispatcher._look("default")
    with pytest.raises(ServerUnavailable):
        await soon(task)
    with pytest.raises(ServerUnavailable):
        await kit.engine.cancel("a")
    await kit.engine.__aexit__(None, None, None)


class ReluctantRows:
    """Rows of events that can't be stored until there is room again."""

    def __init__(self, kit: LocalKit) -> None:
        self._rows = kit.store.events
        self.full = True
        self.refused = 0
        self.read = self._rows.read

    async def append(self, batch: object, trims: object) -> None:
        if self.full:
            self.refused += 1
            raise DiskFull("No space is left.")
        await self._rows.append(batch, trims)  # type: ignore[arg-type]  # handed on


async def test_events_wait_for_a_full_disk_and_jobs_do_not(tmp_path: Path) -> None:
    kit = LocalKit(tmp_path)
    await kit.open()
    rows = ReluctantRows(kit)
    kit.engine._bus._rows = rows
    await submit(kit, "a")
    lease = await claim(kit)
    await kit.engine.emit("a", [log("line")])
    await until(lambda: rows.refused > 0)
    await kit.engine.commit(lease, DONE)
    rows.full = False
    await kit.close()
    await kit.open()
    assert texts(await story(kit, "a")) == ["line"]
    await kit.close()


async def test_an_engine_with_nothing_to_do_keeps_still(tmp_path: Path) -> None:
    kit = LocalKit(tmp_path)
    await kit.open()
    task = asyncio.create_task(claim(kit))
    await asyncio.sleep(0.2)
    began = time.process_time()
    await asyncio.sleep(1.5)
    assert time.process_time() - began < 0.1
    await submit(kit, "a")
    await task
    await kit.close()
