"""What every engine makes of the policy: pools, limits of keys, and what backends have."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.conftest import OpenKit
from tests.engine.kit import DONE, Kit, claim, soon, submit
from viewcomfy.core.jobs import JobStatus
from viewcomfy.engine.base import Claimer, Lease

pytestmark = pytest.mark.anyio


async def claims_nothing(kit: Kit, worker: str = "w", **claimer: object) -> None:
    """See that a claim waits although others would be served: what could go has had the time to."""
    waiting = asyncio.create_task(kit.engine.claim(Claimer(worker, **claimer)))  # type: ignore[arg-type]  # as the test says it
    _, pending = await asyncio.wait({waiting}, timeout=0.3)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert pending, waiting.result()


async def asking(kit: Kit, claimer: Claimer) -> asyncio.Task[Lease]:
    """Start a claim, and let it be heard."""
    task = asyncio.create_task(kit.engine.claim(claimer))
    await asyncio.sleep(0.05)
    return task


async def limited(kit: Kit, key_id: str, running: int) -> None:
    """Let so many jobs of a key run at once from now on."""
    await kit.limit(key_id, running)
    await kit.close()
    await kit.open()


# --- pools ------------------------------------------------------------------------------------------------------------
async def test_a_pool_has_jobs_of_its_own(kit: Kit) -> None:
    await submit(kit, "small", pool="default")
    await submit(kit, "large", pool="a100")
    assert (await claim(kit, "one", pool="a100")).prompt_id == "large"
    await claims_nothing(kit, "one", pool="a100")
    assert (await claim(kit, "two")).prompt_id == "small"


async def test_a_pool_without_workers_holds_up_no_other(kit: Kit) -> None:
    await submit(kit, *(f"lost-{number}" for number in range(5)), pool="nowhere", priority=0)
    await submit(kit, "here")
    assert (await claim(kit)).prompt_id == "here"
    assert await kit.engine.queue_length("nowhere") == 5


async def test_an_urgent_job_goes_first_in_its_pool(kit: Kit) -> None:
    await submit(kit, "low", priority=2)
    await submit(kit, "normal")
    await submit(kit, "urgent", priority=0)
    assert [(await claim(kit)).prompt_id for _ in range(3)] == ["urgent", "normal", "low"]


# --- limits -----------------------------------------------------------------------------------------------------------
async def test_no_more_jobs_of_a_key_run_than_may(kit: Kit) -> None:
    await limited(kit, "k", 2)
    await submit(kit, "a", "b", "c", key_id="k")
    first = await claim(kit)
    await claim(kit)
    await claims_nothing(kit)
    assert (await kit.job("c")).status is JobStatus.QUEUED
    waiting = await asking(kit, Claimer("w"))
    await kit.engine.commit(first, DONE)
    assert (await soon(waiting)).prompt_id == "c"


async def test_a_key_that_may_run_no_more_holds_up_no_other(kit: Kit) -> None:
    await limited(kit, "k", 1)
    await submit(kit, "a", "b", key_id="k", priority=0)
    assert (await claim(kit)).prompt_id == "a"
    await submit(kit, "other", key_id="o", priority=2)
    assert (await claim(kit)).prompt_id == "other"


async def test_a_limit_counts_the_jobs_of_all_pools(kit: Kit) -> None:
    await limited(kit, "k", 1)
    await submit(kit, "a", key_id="k")
    await submit(kit, "b", key_id="k", pool="a100")
    lease = await claim(kit)
    await claims_nothing(kit, pool="a100")
    waiting = await asking(kit, Claimer("w", "a100"))
    await kit.engine.cancel(lease.prompt_id)
    assert (await soon(waiting)).prompt_id == "b"


async def test_a_limit_counts_all_visitors_of_a_share_link(kit: Kit) -> None:
    await limited(kit, "k", 1)
    await submit(kit, "a", key_id="k~one")
    await submit(kit, "b", key_id="k~two")
    await claim(kit)
    await claims_nothing(kit)


# --- fairness ---------------------------------------------------------------------------------------------------------
async def test_a_key_that_floods_the_queue_does_not_keep_others_waiting(kit: Kit) -> None:
    await submit(kit, *(f"flood-{number}" for number in range(12)), key_id="flood")
    for _ in range(4):
        await claim(kit)
    await submit(kit, "modest", key_id="modest")
    assert (await claim(kit)).prompt_id == "modest"


# --- what backends have -----------------------------------------------------------------------------------------------
def only_with_the_catalog(claimer: Claimer, affinity: str) -> bool:
    return affinity != "m+needs-nodes" or claimer.catalog == "has-nodes"


async def test_a_job_goes_to_a_backend_that_has_what_it_needs(open_kit: OpenKit) -> None:
    kit = await open_kit(fits=only_with_the_catalog)
    await submit(kit, "picky", affinity="m+needs-nodes", priority=0)
    await submit(kit, "plain", affinity="m+plain")
    assert (await claim(kit, "poor", catalog="none")).prompt_id == "plain"
    await claims_nothing(kit, "poor", catalog="none")
    assert (await claim(kit, "rich", catalog="has-nodes")).prompt_id == "picky"


async def test_a_backend_that_has_more_is_left_to_who_needs_it_only_by_turn(open_kit: OpenKit) -> None:
    kit = await open_kit(fits=only_with_the_catalog)
    poor, rich = await asking(kit, Claimer("poor", catalog="none")), await asking(kit, Claimer("rich", catalog="has-nodes"))
    await submit(kit, "picky", affinity="m+needs-nodes")
    assert (await soon(rich)).prompt_id == "picky"
    await submit(kit, "plain", affinity="m+plain")
    assert (await soon(poor)).prompt_id == "plain"


# --- environments -----------------------------------------------------------------------------------------------------
async def test_a_job_that_names_an_environment_goes_only_where_it_is(kit: Kit) -> None:
    await submit(kit, "named", affinity="m+n@24~env-b", priority=0)
    await claims_nothing(kit)
    await claims_nothing(kit, environment="env-a")
    await claims_nothing(kit, environment="env-a", aside=True)
    assert (await claim(kit, environment="env-b", aside=True)).prompt_id == "named"
    await submit(kit, "again", affinity="m+n~env-b")
    assert (await claim(kit, environment="env-b")).prompt_id == "again"


async def test_a_job_that_names_none_goes_to_no_backend_that_is_there_for_others(kit: Kit) -> None:
    await submit(kit, "plain", affinity="m+n")
    await submit(kit, "bare")
    await claims_nothing(kit, environment="env-a", aside=True)
    assert {(await claim(kit, environment="env-a")).prompt_id, (await claim(kit)).prompt_id} == {"plain", "bare"}


async def test_backends_of_two_environments_wait_side_by_side(kit: Kit) -> None:
    plain = await asking(kit, Claimer("w"))
    beside = await asking(kit, Claimer("w", environment="env-b", aside=True))
    await submit(kit, "named", affinity="m+n~env-b")
    assert (await soon(beside)).prompt_id == "named"
    await submit(kit, "plain", affinity="m+n")
    assert (await soon(plain)).prompt_id == "plain"
