"""Claiming: a worker's side of claims, which stand until there is a job for them, whoever leads meanwhile."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError
from viewcomfy.engine.base import Claimer, Lease
from viewcomfy.engine.errands import Errands
from viewcomfy.engine.nats.calls import Calls
from viewcomfy.engine.nats.connection import Connection
from viewcomfy.engine.nats.envelope import unpacked
from viewcomfy.engine.nats.mailbox import answered
from viewcomfy.engine.nats.shapes import lease_of, of_claimer, of_lease

REPEAT_EVERY = 5.0
"""Seconds after which a claim is made again, by the same id: whoever leads may have forgotten it."""
RETRY_IN = 1.0
LINGER = 0.02
"""Seconds after the end of a call in which the next one of the same worker takes its place, and a job that was already on its way."""

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class _Claim:
    """A claim that stands. `lease` is there once a job has come for it; `again` sends it once more."""

    id: str
    claimer: Claimer
    news: asyncio.Event = field(default_factory=asyncio.Event)
    lease: Lease | None = None
    lingers: asyncio.TimerHandle | None = None

    @property
    def place(self) -> tuple[str, str, float, frozenset[str], str, bool]:
        """What a claim has in common with one that may take its place, and the job that is on its way to it."""
        one = self.claimer
        return one.worker, one.pool, one.patience, one.unfit, one.environment, one.aside


class Claiming:
    """Claim jobs from whoever leads. Use it as an async context manager; `took` is called with each lease before it is handed out."""

    def __init__(self, link: Connection, calls: Calls, took: Callable[[Lease], None]) -> None:
        self._link = link
        self._calls = calls
        self._took = took
        self._inbox = ""
        self._claims: dict[str, _Claim] = {}
        self._errands = Errands()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Claiming:
        await self._errands.__aenter__()
        self._inbox = self._link.client.new_inbox()
        with answered():
            self._subscription = await self._link.client.subscribe(self._inbox, cb=self._take)
        self._link.on_return.append(self.repeat)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send everyone away who waits; what comes for them is given back."""
        for claim in list(self._claims.values()):
            self._leave(claim)
            claim.news.set()
        await self._errands.__aexit__()
        if self._subscription is not None:
            with suppress(Error, OSError):
                await self._subscription.unsubscribe()

    def repeat(self) -> None:
        """Make every claim again: whoever leads now may not know them."""
        for claim in self._claims.values():
            claim.news.set()

    async def claim(self, claimer: Claimer) -> Lease:
        """Wait for a job and lease it; see the protocol."""
        self._errands.check()
        claim = _Claim(secrets.token_hex(10), claimer)
        before = self._lingering(claim)
        if before is not None and before.lease is not None:
            return self._hand_out(before, before.lease)
        self._claims[claim.id] = claim
        if before is not None:
            for id in self._forget(before):
                self._claims[id] = claim  # a job that is on its way to the one before is for this one
        try:
            return await self._wait(claim, before)
        except asyncio.CancelledError:
            claim.lingers = asyncio.get_running_loop().call_later(LINGER, self._leave, claim)
            raise
        except ViewComfyError:
            self._forget(claim)
            raise

    async def _wait(self, claim: _Claim, before: _Claim | None) -> Lease:
        instead_of = None if before is None else before.id
        while claim.lease is None:
            claim.news.clear()
            stands = await self._ask(claim, instead_of)
            if stands is False:  # whoever leads has given it up: it is made anew
                self._rename(claim)
                continue
            if stands and claim.lease is None:
                instead_of = None
                self._forget(claim)  # the ids of those before it: what was on its way to them would be here
                self._claims[claim.id] = claim
            with suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_EVERY if stands else RETRY_IN):
                    await claim.news.wait()
            self._errands.check()
        return self._hand_out(claim, claim.lease)

    async def _ask(self, claim: _Claim, instead_of: str | None) -> bool | None:
        """Make a claim; return whether it stands, None when nobody has answered."""
        body: dict[str, Any] = {"claim": claim.id, "claimer": of_claimer(claim.claimer), "inbox": self._inbox}
        try:
            answer = await self._calls.ask(self._subject(claim, "claim"), body | {"instead_of": instead_of}, timeout=2.0)
        except ServerUnavailable:
            return None
        return bool(answer.get("stands")) or claim.lease is not None

    async def _take(self, message: Msg) -> None:
        """Take in what whoever leads says of a claim."""
        with suppress(ServerUnavailable, LookupError, TypeError):
            said = unpacked(message.data)
            claim = self._claims.get(said["claim"])
            if "lease" not in said:
                if claim is not None:  # it has failed there, and is made again in a while
                    asyncio.get_running_loop().call_later(RETRY_IN, claim.news.set)
            elif claim is None or claim.lease is not None:
                await self._calls.tell(self._link.subjects.desk(said["lease"]["pool"], "unclaim"), {"claim": said["claim"]})  # not wanted
            else:
                claim.lease = lease_of(said["lease"], claim.claimer.pool)
                claim.id = said["claim"]
                claim.news.set()

    def _hand_out(self, claim: _Claim, lease: Lease) -> Lease:
        """Tell that the job is taken, and whoever leads that other ids of the claim stand for nothing more."""
        self._took(lease)
        self._errands.start(self._tell_taken(claim, lease, self._forget(claim) - {claim.id}))
        return lease

    async def _tell_taken(self, claim: _Claim, lease: Lease, others: set[str]) -> None:
        await self._calls.tell(self._subject(claim, "taken"), {"claim": claim.id, "lease": of_lease(lease)})
        await self._tell_left(claim, others)

    async def _tell_left(self, claim: _Claim, ids: set[str]) -> None:
        for id in ids:
            await self._calls.tell(self._subject(claim, "unclaim"), {"claim": id})

    def _leave(self, claim: _Claim) -> None:
        """End a claim that nobody has taken over."""
        claim.lingers = None
        ids = self._forget(claim)
        if self._errands.is_open:
            self._errands.start(self._tell_left(claim, ids))

    def _lingering(self, claim: _Claim) -> _Claim | None:
        """Return a claim whose caller has just gone and whose place this one takes."""
        for before in self._claims.values():
            if before.lingers is not None and before.place == claim.place:
                before.lingers.cancel()
                before.lingers = None
                return before
        return None

    def _rename(self, claim: _Claim) -> None:
        self._forget(claim)
        claim.id = secrets.token_hex(10)
        self._claims[claim.id] = claim

    def _forget(self, claim: _Claim) -> set[str]:
        """Let go of a claim; return the ids under which it stood."""
        ids = {id for id, other in self._claims.items() if other is claim}
        for id in ids:
            del self._claims[id]
        return ids

    def _subject(self, claim: _Claim, call: str) -> str:
        return self._link.subjects.desk(claim.claimer.pool, call)
