"""The jobs of a pool as scaling wants them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.test_queue import DONE, add, claim
from viewcomfy.core.keys import Key, KeyLimits
from viewcomfy.store.scale import Standing
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


async def test_an_empty_pool_has_nothing(store: Store) -> None:
    assert await store.scale.standing("default") == Standing({}, {}, None, frozenset(), {}, (), ())


async def test_jobs_are_counted_by_key_and_pool(store: Store) -> None:
    for number, (key, pool) in enumerate([("a", "default"), ("a", "default"), ("b", "default"), ("a", "big")]):
        await add(store, str(number), 100.0 + number, key_id=key, pool=pool)
    await store.keys.add(Key("a", "hash", "", 1.0, limits=KeyLimits(max_running=3)))
    await claim(store)
    found = await store.scale.standing("default")
    assert (sum(found.waiting.values()), sum(found.running.values())) == (2, 1)
    assert set(found.waiting) | set(found.running) == {"a", "b"}
    assert (found.workers, found.max_running) == (frozenset({"w"}), {"a": 3})
    assert (await store.scale.standing("big")).oldest == 103.0


async def test_the_last_jobs_of_the_pool_tell_how_long_they_took(store: Store) -> None:
    for number, (took, cold) in enumerate([(5.0, None), (30.0, 20.0)]):
        await add(store, str(number))
        lease = await claim(store, now=1000.0 + number)
        assert lease
        await store.queue.commit(*lease, replace(DONE, cold_start=cold), now=1000.0 + number + took)
    found = await store.scale.standing("default")
    assert (found.seconds, found.cold_starts) == ((10.0, 5.0), (20.0,))
    assert (await store.scale.standing("big")).seconds == ()


async def test_a_revoked_key_is_limited_as_before_in_the_queue_and_here(store: Store) -> None:
    await store.keys.add(Key("a", "hash", "", 1.0, limits=KeyLimits(max_running=3)))
    await store.keys.revoke("a", 2.0)
    assert await store.queue.running_limits() == (await store.scale.standing("default")).max_running == {"a": 3}
