"""Which backends have what a job needs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.service.kit import Desk
from tests.service.test_catalogs import keep
from viewcomfy.core.needs import Needs, needs_of
from viewcomfy.engine.base import Claimer, WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.eligibility import PATIENCE, Eligibility
from viewcomfy.service.verdicts import Verdicts

pytestmark = pytest.mark.anyio

AFFINITY = "models+nodes"
NEEDS = needs_of({"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.ckpt"}}})
GIB = 2**30


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Office:
    """Verdicts and who feeds them, on a clock of their own."""

    def __init__(self, desk: Desk, patience: float = PATIENCE) -> None:
        self.clock = Clock()
        self.desk = desk
        self.verdicts = Verdicts(self.clock)
        catalogs = CatalogService(engine=desk.engine, files=desk.files)
        self.eligibility = Eligibility(self.verdicts, desk.store.needs, catalogs, desk.engine, patience=patience, clock=self.clock)

    async def fits(self, revision: str | None, affinity: str = AFFINITY, memory: float = 0.0) -> bool:
        """Return what is said once it is known."""
        claimer = Claimer("w", catalog=revision, memory=memory)
        self.verdicts.fits(claimer, affinity)
        await self.eligibility.answer()
        return self.verdicts.fits(claimer, affinity)

    async def tell(self, *backends: dict[str, Any], pool: str = "default") -> None:
        await self.desk.engine.present(WorkerInfo("test", pool, tuple({"name": f"comfyui-{i}", **one} for i, one in enumerate(backends))))


@pytest.fixture
async def office(desk: Desk) -> Office:
    office = Office(desk)
    await office.eligibility.note(AFFINITY, lambda: NEEDS)
    return office


async def test_a_backend_fits_that_has_the_models(office: Office) -> None:
    has, lacks = await keep(office.desk, "a.ckpt"), await keep(office.desk, "b.ckpt")
    assert await office.fits(has)
    assert not await office.fits(lacks)


async def test_what_is_not_known_fits(office: Office) -> None:
    lacks = await keep(office.desk, "b.ckpt")
    assert office.verdicts.fits(Claimer("w", catalog=lacks), AFFINITY)  # not looked at yet
    assert await office.fits(None)
    assert await office.fits("gone")
    assert await office.fits(lacks, "other+nodes")
    assert await office.fits(lacks, "")


async def test_what_another_server_has_written_down_is_found(office: Office) -> None:
    await office.desk.store.needs.note("from+afar", NEEDS)
    assert not await office.fits(await keep(office.desk, "b.ckpt"), "from+afar")


async def test_memory_is_told_by_the_affinity_alone(office: Office) -> None:
    assert await office.fits(None, "m+n@24", memory=24)
    assert not await office.fits(None, "m+n@24", memory=16)
    assert await office.fits(None, "m+n@24", memory=0)


async def test_needs_are_looked_at_once_for_all_jobs_of_an_affinity(office: Office) -> None:
    def again() -> Needs:
        raise AssertionError("looked at twice")

    await office.eligibility.note(AFFINITY, again)


async def test_the_background_answers_what_is_asked(office: Office) -> None:
    lacks = await keep(office.desk, "b.ckpt")
    claimer = Claimer("w", catalog=lacks)
    running = asyncio.create_task(office.eligibility.run())
    for _ in range(1000):
        if not office.verdicts.fits(claimer, AFFINITY):
            break
        await asyncio.sleep(0.01)
    running.cancel()
    assert not office.verdicts.fits(claimer, AFFINITY)


# --- nobody -----------------------------------------------------------------------------------------------------------
async def test_it_is_told_what_keeps_every_backend_from_a_job(office: Office) -> None:
    lacks = await keep(office.desk, "b.ckpt")
    await office.tell({"catalog": lacks, "vram_total": 16 * GIB})
    assert (
        await office.eligibility.nobody("default", AFFINITY)
        == "No backend of the pool 'default' has what it needs: the model file 'a.ckpt'."
    )
    large = Needs(frozenset(), memory=24.0)
    assert "24 GiB of GPU memory (there are 16.0)" in await office.eligibility.missing("default", large)
    assert "No worker of the pool 'a100'" in await office.eligibility.missing("a100", large)


async def test_nothing_is_told_where_one_backend_fits_or_may(office: Office) -> None:
    lacks, has = await keep(office.desk, "b.ckpt"), await keep(office.desk, "a.ckpt")
    await office.tell({"catalog": lacks}, {"catalog": has})
    assert await office.eligibility.missing("default", NEEDS) == ""
    await office.tell({"catalog": lacks}, {"catalog": None})
    assert await office.eligibility.missing("default", NEEDS) == ""
    await office.tell({"catalog": lacks}, {"catalog": has, "draining": True})
    assert await office.eligibility.missing("default", NEEDS) != ""


async def test_a_job_that_nobody_can_run_is_tried_in_the_end(office: Office) -> None:
    lacks = await keep(office.desk, "b.ckpt")
    await office.tell({"catalog": lacks})
    assert not await office.fits(lacks)
    await office.eligibility.look()
    office.clock.now += PATIENCE
    assert not await office.fits(lacks)
    await office.eligibility.look()
    assert await office.fits(lacks)


async def test_where_no_other_worker_can_come_any_backend_may_try_at_once(desk: Desk) -> None:
    office = Office(desk, patience=0.0)
    await office.eligibility.note(AFFINITY, lambda: NEEDS)
    lacks = await keep(desk, "b.ckpt")
    await office.tell({"catalog": lacks})
    assert not await office.fits(lacks)
    await office.eligibility.look()
    assert await office.fits(lacks)


async def test_a_job_waits_on_for_a_backend_that_is_busy(office: Office) -> None:
    lacks, has = await keep(office.desk, "b.ckpt"), await keep(office.desk, "a.ckpt")
    await office.tell({"catalog": lacks}, {"catalog": has})
    for _ in range(2):
        assert not await office.fits(lacks)
        await office.eligibility.look()
        office.clock.now += PATIENCE
    assert not await office.fits(lacks)


async def test_backends_are_asked_anew_when_none_has_what_jobs_need(office: Office) -> None:
    asked = asyncio.Event()

    async def inspect() -> None:
        asked.set()

    office.desk.inspect = inspect
    lacks = await keep(office.desk, "b.ckpt")
    await office.tell({"catalog": lacks})
    assert not await office.fits(lacks)
    await office.eligibility.look()
    assert asked.is_set()


# --- environments -----------------------------------------------------------------------------------------------------
HERE, GONE = "env-00000000000a", "env-00000000000b"


async def test_only_a_backend_with_the_environment_fits_and_needs_nothing_looked_up(office: Office) -> None:
    beside = Claimer("w", environment=HERE, aside=True)
    assert office.verdicts.fits(beside, f"m+n@8~{HERE}")
    assert not office.verdicts.fits(beside, f"m+n~{GONE}")
    assert not office.verdicts.fits(beside, "m+n")
    assert not office.verdicts.fits(beside, "")
    assert not office.verdicts.fits(Claimer("w", environment=HERE, memory=16), f"m+n@24~{HERE}")
    assert office.verdicts.fits(Claimer("w", environment=HERE), "m+n")


async def test_where_the_environment_is_missing_it_is_told_what_brings_it(office: Office) -> None:
    has = await keep(office.desk, "a.ckpt")
    await office.tell({"catalog": has}, {"catalog": has, "environment": HERE, "aside": True})
    assert await office.eligibility.missing("default", replace(NEEDS, environment=HERE)) == ""
    told = await office.eligibility.missing("default", replace(NEEDS, environment=GONE))
    assert (
        told == f"No backend of the pool 'default' has the environment {GONE}: `viewcomfy env apply` on a worker's machine brings it there."
    )


async def test_what_a_backend_beside_has_is_of_no_use_to_jobs_that_name_nothing(office: Office) -> None:
    has, lacks = await keep(office.desk, "a.ckpt"), await keep(office.desk, "b.ckpt")
    await office.tell({"catalog": lacks}, {"catalog": has, "environment": HERE, "aside": True})
    assert "the model file 'a.ckpt'" in await office.eligibility.missing("default", NEEDS)
    await office.tell({"catalog": has, "environment": HERE, "aside": True})
    assert "these name none" in await office.eligibility.missing("default", NEEDS)


async def test_a_job_whose_environment_is_nowhere_is_tried_in_the_end_and_others_only_where_theirs_is(office: Office) -> None:
    lacks = await keep(office.desk, "b.ckpt")
    nowhere, here = f"{AFFINITY}~{GONE}", f"{AFFINITY}~{HERE}"
    await office.eligibility.note(nowhere, lambda: replace(NEEDS, environment=GONE))
    await office.eligibility.note(here, lambda: replace(NEEDS, environment=HERE))
    await office.tell({"catalog": lacks}, {"catalog": lacks, "environment": HERE, "aside": True})
    plain, beside = Claimer("w", catalog=lacks), Claimer("w", catalog=lacks, environment=HERE, aside=True)

    async def fitting() -> list[bool]:
        for claimer in (plain, beside):
            for affinity in (nowhere, here):
                office.verdicts.fits(claimer, affinity)
        await office.eligibility.answer()
        return [office.verdicts.fits(claimer, affinity) for claimer in (plain, beside) for affinity in (nowhere, here)]

    assert await fitting() == [False, False, False, False]
    await office.eligibility.look()
    office.clock.now += PATIENCE
    await fitting()
    await office.eligibility.look()
    assert await fitting() == [True, False, False, True]
