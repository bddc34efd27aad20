"""Sessions: a browser that has signed in, known again by a signed value that it keeps as a cookie."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer

from viewcomfy.core.durations import DAY
from viewcomfy.core.errors import NoSession
from viewcomfy.core.keys import ADMIN_ID, Caller, new_visitor
from viewcomfy.service.keys import KeyService

ADMIN_SECONDS = 7 * DAY
KEY_SECONDS = 30 * DAY
LONGEST = 1000
"""Characters; ours have 200."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who has signed in, and until when (Unix seconds)."""

    caller: Caller
    expires_at: float

    @property
    def role(self) -> Literal["admin", "key", "share"]:
        """Say what signed in."""
        if self.caller.is_admin:
            return "admin"
        return "share" if self.caller.is_guest else "key"


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a value says: the key's client_id or `admin`, the browser, an end, and which admin token it was."""

    who: str
    visitor: str
    expires_at: float
    mark: str


class Sessions:
    """Begin sessions and know them again. They are kept nowhere: a value says itself whose it is, signed with the installation's secret."""

    def __init__(self, keys: KeyService, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._secret = secret.encode()
        self._serializer = URLSafeSerializer(secret, salt="viewcomfy.session", signer_kwargs={"digest_method": hashlib.sha256})
        self._clock = clock

    async def begin(self, caller: Caller, earlier: str | None = None) -> tuple[str, Session]:
        """Return the value of a new session for a caller who has shown a secret, and the session.

        A browser that hands over its `earlier` value, though it may have expired, stays the same visitor.
        """
        known = self._read(earlier) if earlier else None
        visitor = known.visitor if known else new_visitor()
        session = self._session(caller, visitor)
        claim = [caller.key.client_id if caller.key else ADMIN_ID, visitor, int(session.expires_at), await self._mark(caller)]
        return str(self._serializer.dumps(claim)), session

    async def open(self, value: str) -> Session:
        """Return the session of a value. Raises NoSession when it is not ours, or has ended."""
        claim = self._read(value)
        if claim is None or claim.expires_at <= self._clock():
            raise _ended()
        caller = await self._caller(claim)
        if not hmac.compare_digest(claim.mark, await self._mark(caller)):
            raise _ended()
        return Session(caller, claim.expires_at)

    async def _caller(self, claim: _Claim) -> Caller:
        if claim.who == ADMIN_ID:
            return Caller()
        key = await self._keys.valid(claim.who)
        if key is None:
            raise _ended()
        return Caller(key, claim.visitor if key.share else "")

    def _session(self, caller: Caller, visitor: str) -> Session:
        now = self._clock()
        if caller.key is None:
            return Session(caller, float(int(now + ADMIN_SECONDS)))
        ends = [now + KEY_SECONDS] + ([] if caller.key.limits.expires_at is None else [caller.key.limits.expires_at])
        return Session(Caller(caller.key, visitor if caller.key.share else ""), float(int(min(ends))))

    async def _mark(self, caller: Caller) -> str:
        """Return what a new admin token changes, so that it ends the sessions of the old one."""
        if not caller.is_admin:
            return ""
        stored = await self._keys.admin_hash() or ""
        return hmac.new(self._secret, stored.encode(), hashlib.sha256).hexdigest()[:32]

    def _read(self, value: str) -> _Claim | None:
        if len(value) > LONGEST:
            return None
        try:
            who, visitor, expires_at, mark = self._serializer.loads(value)
        except (BadData, ValueError, TypeError):
            return None
        return _Claim(who, visitor, expires_at, mark)


def _ended() -> NoSession:
    return NoSession("You are not signed in, or your session has ended.", hint="Sign in again.")
