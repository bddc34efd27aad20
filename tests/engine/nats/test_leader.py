"""Who leads: by each one's own clock, and never two at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from viewcomfy.engine.nats.address import parse_address
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.leader import TAKE_OVER_AFTER, VALID_FOR, Election

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Candidate:
    """A server's part in the election, with a clock of its own."""

    def __init__(self, link: Connection, name: str) -> None:
        self.clock = Clock()
        self.election = Election(link, name, self.clock)

    async def looks(self) -> bool:
        """Look once; tell whether it leads then."""
        return await self.election._try()

    async def renews(self) -> bool:
        return await self.election._renew()


@pytest.fixture
async def candidates(nats_url: str) -> AsyncIterator[list[Candidate]]:
    async with AsyncExitStack() as stack:
        links = [await stack.enter_async_context(Connection(parse_address(nats_url), name)) for name in "abc"]
        found = [Candidate(link, name) for link, name in zip(links, "abc", strict=True)]
        for candidate in found:
            await candidate.election.setup()
        yield found


def test_a_leader_stops_before_another_one_can_begin() -> None:
    assert VALID_FOR < TAKE_OVER_AFTER


async def test_the_first_leads_and_the_others_wait_for_as_long_as_it_renews(candidates: list[Candidate]) -> None:
    first, second, third = candidates
    assert [await one.looks() for one in candidates] == [True, False, False]
    for _ in range(5):
        for one in candidates:
            one.clock.now += 2.0
        assert await first.renews()
        assert not await second.looks()
        assert not await third.looks()
    assert [one.election.may_act() for one in candidates] == [True, False, False]


async def test_a_leader_that_can_not_renew_stops_by_its_own_clock_and_one_other_takes_over(candidates: list[Candidate]) -> None:
    first, second, third = candidates
    assert await first.looks()
    assert not await second.looks()
    assert not await third.looks()
    first.clock.now += VALID_FOR
    assert not first.election.may_act()
    for one in (second, third):
        one.clock.now += TAKE_OVER_AFTER
    assert await second.looks()
    assert not await third.looks()  # the key is fresh again
    assert not await first.renews()
    assert not first.election.may_act()


async def test_clocks_that_differ_by_a_year_make_no_difference(candidates: list[Candidate]) -> None:
    first, second, _ = candidates
    first.clock.now += 3e7
    assert await first.looks()
    assert not await second.looks()
    second.clock.now += TAKE_OVER_AFTER - 0.1
    assert not await second.looks()
    assert first.election.may_act()


async def test_who_resigns_is_followed_at_once(candidates: list[Candidate]) -> None:
    first, second, _ = candidates
    assert await first.looks()
    assert not await second.looks()
    await first.election.resign()
    assert await second.looks()
    assert not first.election.may_act()


async def test_a_renewal_whose_answer_was_lost_is_still_ours(candidates: list[Candidate]) -> None:
    first, second, _ = candidates
    assert await first.looks()
    known = first.election._revision
    assert await first.renews()
    first.election._revision = known  # as if the answer had not come
    assert await first.renews()
    assert first.election.may_act()
    assert not await second.looks()


async def test_who_took_the_key_and_did_not_hear_of_it_leads_when_it_looks_again(candidates: list[Candidate]) -> None:
    first, second, _ = candidates
    assert await first.looks()
    first.election._revision = None
    assert await first.looks()
    assert not await second.looks()


async def test_a_key_that_went_with_the_disk_of_nats_is_made_anew(candidates: list[Candidate]) -> None:
    first, second, _ = candidates
    assert await first.looks()
    link = first.election._link
    await link.client.jetstream().delete_stream(f"KV_{link.namespace}-leader")
    assert not await second.looks()
    assert await second.looks()
