"""Quotas: what a limited key may have at once and send in a day, exactly so many and no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.service.kit import Desk
from viewcomfy.core.errors import KeyLimit, NoBackend, QueueFull
from viewcomfy.core.keys import Caller, KeyLimits
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.store.accepted import STEP

pytestmark = pytest.mark.anyio

DAY = 86_400.0


async def limited(desk: Desk, **limits: Any) -> Caller:
    key, secret = await desk.keys.create("limited", None, None, limits=KeyLimits(**limits))
    return await desk.keys.authenticate(key.client_id, secret)


async def test_a_key_has_so_many_jobs_at_once(desk: Desk) -> None:
    deployment, caller = await desk.deploy(), await limited(desk, max_active=2)
    first = await desk.submit(deployment, caller=caller)
    await desk.submit(deployment, caller=caller)
    with pytest.raises(KeyLimit, match="2 jobs at once, and 2 are waiting") as refused:
        await desk.submit(deployment, caller=caller)
    assert refused.value.retry_after
    await desk.finish(first.prompt_id)
    await desk.submit(deployment)  # others go on
    await desk.submit(deployment, caller=caller)
    with pytest.raises(KeyLimit):
        await desk.submit(deployment, caller=caller)


async def test_calls_at_the_same_moment_do_not_slip_through(desk: Desk) -> None:
    deployment = await desk.deploy()
    for limits in ({"max_active": 3}, {"max_per_day": 3}, {"max_active": 3, "max_per_day": 3}):
        caller = await limited(desk, **limits)
        sent = await asyncio.gather(*(desk.submit(deployment, caller=caller) for _ in range(9)), return_exceptions=True)
        assert [isinstance(one, KeyLimit) for one in sent].count(True) == 6


async def test_a_refused_call_leaves_nothing_and_can_be_sent_again(desk: Desk) -> None:
    deployment, caller = await desk.deploy(), await limited(desk, max_active=1)
    first = await desk.submit(deployment, None, desk.file(), caller=caller)
    kept = desk.stored()
    with pytest.raises(KeyLimit):
        await desk.submit(deployment, None, desk.file(), caller=caller)
    assert desk.stored() == kept
    again = await desk.submit(deployment, caller=caller, prompt_id=first.prompt_id)  # a repeated call is no new job
    assert again.prompt_id == first.prompt_id


async def test_a_key_sends_so_many_jobs_in_a_day(desk: Desk) -> None:
    deployment, caller = await desk.deploy(), await limited(desk, max_per_day=3)
    begun = desk.clock.now
    for _ in range(2):
        await desk.submit(deployment, caller=caller)
    desk.clock.now += 3600
    job = await desk.submit(deployment, caller=caller)
    await desk.finish((await desk.store.jobs.page())[0][-1].prompt_id)
    await desk.store.jobs.forget([job.prompt_id])  # deleted jobs count as well
    with pytest.raises(KeyLimit, match="3 jobs in 24 hours, and 0 are left") as refused:
        await desk.submit(deployment, caller=caller)
    wait = refused.value.retry_after
    assert wait is not None
    assert begun + DAY <= desk.clock.now + wait <= begun + DAY + STEP
    desk.clock.now += wait
    for _ in range(2):
        await desk.submit(deployment, caller=caller)
    with pytest.raises(KeyLimit):
        await desk.submit(deployment, caller=caller)


async def test_what_is_not_accepted_does_not_count(desk: Desk) -> None:
    deployment, caller = await desk.deploy(), await limited(desk, max_per_day=1)
    await desk.engine.present(WorkerInfo("test", "default", ()))
    with pytest.raises(NoBackend):
        await desk.submit(deployment, caller=caller)
    await desk.engine.present(WorkerInfo("test", "default", ({"name": "comfyui-0"},)))
    await desk.submit(deployment, caller=caller)
    with pytest.raises(KeyLimit):
        await desk.submit(deployment, caller=caller)


async def test_more_than_the_limit_at_once_never_fits(desk: Desk) -> None:
    for limits in ({"max_active": 2}, {"max_per_day": 2}):
        caller = await limited(desk, **limits)
        with pytest.raises(KeyLimit, match="3 jobs are more than") as refused:
            async with desk.infer.room(caller, 3):
                pytest.fail("there is no room")
        assert refused.value.retry_after is None
        async with desk.infer.room(caller, 2):
            pass


async def test_the_visitors_of_a_link_share_its_limits(desk: Desk) -> None:
    deployment = await desk.deploy()
    caller = await limited(desk, max_active=2)
    other = await limited(desk, max_active=2)
    assert caller.key
    assert other.key
    link, other_link = replace(caller.key, share=True), replace(other.key, share=True)
    for visitor in ("a", "b"):
        await desk.submit(deployment, caller=Caller(link, visitor))
    for visitor in ("a", "b", "c", ""):
        with pytest.raises(KeyLimit):
            await desk.submit(deployment, caller=Caller(link, visitor))
    await desk.submit(deployment, caller=Caller(other_link, "a"))


async def test_a_key_without_limits_is_not_counted(desk: Desk) -> None:
    deployment, caller = await desk.deploy(), await desk.new_caller()
    for _ in range(5):
        await desk.submit(deployment, caller=caller)
    assert (await desk.store.accepted.take(str(caller.key_id), 1, 1, desk.clock.now)).refused_for is None


def test_a_limit_is_told_as_a_full_queue_to_clients_that_do_not_know_it() -> None:
    assert issubclass(KeyLimit, QueueFull)
    assert (KeyLimit.code, KeyLimit.status) == ("key_limit", 429)
