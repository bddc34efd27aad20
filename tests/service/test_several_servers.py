"""What must hold when several servers serve one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from viewcomfy.core.errors import InvalidAdminToken, KeyLimit, RevokedKey
from viewcomfy.core.jobs import Job
from viewcomfy.core.keys import Caller, Key, KeyLimits
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.keys import CACHE_SECONDS, KeyService
from viewcomfy.service.quotas import Quotas
from viewcomfy.service.sessions import Sessions
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stores(postgres_url: str, anyio_backend: str) -> AsyncIterator[list[Store]]:
    """The stores of three servers."""
    async with AsyncExitStack() as stack:
        opened = await asyncio.gather(*(Store.open(postgres_url) for _ in range(3)))
        for store in opened:
            stack.push_async_callback(store.close)
        yield opened


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_servers_that_start_at_once_make_one_admin_token(stores: list[Store]) -> None:
    keys = [KeyService(store.keys, store.meta) for store in stores]
    [token] = [token for token in await asyncio.gather(*(one.ensure_admin_token(None) for one in keys)) if token]
    for one in keys:
        assert (await one.authenticate_admin(token)).is_admin


async def test_a_new_admin_token_holds_everywhere_soon_and_ends_the_sessions_of_the_old_one(stores: list[Store]) -> None:
    clock = Clock()
    here, there = (KeyService(store.keys, store.meta, clock) for store in stores[:2])
    old = await here.ensure_admin_token(None)
    assert old
    await there.authenticate_admin(old)
    sessions = Sessions(there, "secret" * 8, clock)
    value, _ = await sessions.begin(Caller())
    await here.set_admin_token("a-new-token-of-the-owner")
    clock.now += CACHE_SECONDS
    await there.authenticate_admin("a-new-token-of-the-owner")
    with pytest.raises(InvalidAdminToken):
        await there.authenticate_admin(old)
    with pytest.raises(Exception, match="not signed in"):
        await sessions.open(value)


async def test_a_key_that_is_revoked_on_one_server_is_soon_refused_by_the_others(stores: list[Store]) -> None:
    clock = Clock()
    here, there = (KeyService(store.keys, store.meta, clock) for store in stores[:2])
    key, secret = await here.create("app", None, None)
    await there.authenticate(key.client_id, secret)
    await here.revoke(key.client_id)
    clock.now += CACHE_SECONDS
    with pytest.raises(RevokedKey):
        await there.authenticate(key.client_id, secret)


async def test_the_last_use_of_a_key_is_the_latest_that_any_server_saw(stores: list[Store]) -> None:
    clock = Clock()
    here, there = (KeyService(store.keys, store.meta, clock) for store in stores[:2])
    key, secret = await here.create("app", None, None)
    await here.authenticate(key.client_id, secret)
    clock.now += 10
    await there.authenticate(key.client_id, secret)
    await there.write_last_used()
    assert [one.last_used_at for one in await here.list()] == [1010.0]


async def test_together_servers_let_a_key_have_as_many_jobs_as_it_may(stores: list[Store]) -> None:
    key = Key("vc_1", "hash", "app", 1.0, limits=KeyLimits(max_active=5, max_per_day=100))
    await stores[0].keys.add(key)
    quotas = [Quotas(store.accepted) for store in stores]

    async def submit(number: int) -> bool:
        try:
            async with quotas[number % 3].held(key, 1):
                await stores[number % 3].jobs.add(Job(f"job-{number}", "cats", 1, "vc_1", {}, 1.0))
        except KeyLimit:
            return False
        return True

    assert sum(await asyncio.gather(*(submit(number) for number in range(15)))) == 5


async def test_together_servers_take_as_many_jobs_of_a_key_in_a_day_as_it_may_send(stores: list[Store]) -> None:
    key = Key("vc_1", "hash", "app", 1.0, limits=KeyLimits(max_per_day=10))
    await stores[0].keys.add(key)
    takes = [stores[number % 3].accepted.take("vc_1", 1, 10, 50_000.0) for number in range(30)]
    assert [taken.refused_for for taken in await asyncio.gather(*takes)].count(None) == 10


async def test_versions_made_at_once_on_several_servers_get_numbers_of_their_own(stores: list[Store]) -> None:
    services = [DeploymentService(store.deployments) for store in stores]
    workflow = {"1": {"class_type": "X", "inputs": {}}}
    made = await asyncio.gather(*(services[number % 3].deploy("cats", workflow) for number in range(12)))
    assert sorted(one.version for one in made) == list(range(1, 13))


async def test_named_values_that_are_set_at_once_are_one_of_them(stores: list[Store]) -> None:
    await asyncio.gather(*(stores[number % 3].meta.set("name", str(number)) for number in range(12)))
    assert await stores[0].meta.get("name") in {str(number) for number in range(12)}
