"""Keys and the admin token: who may call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from viewcomfy.core.errors import BadInput, ExpiredKey, InvalidAdminToken, InvalidKey, MissingKey, RevokedKey, UnknownKey
from viewcomfy.core.keys import NO_LIMITS, Caller, Key, KeyLimits, hash_secret, new_client_id, new_secret, secret_matches
from viewcomfy.store.keys import KeyRows
from viewcomfy.store.meta import MetaRows

ADMIN_TOKEN_HASH = "admin_token_hash"  # noqa: S105 - the name of a row, not a secret
CACHE_SECONDS = 1.0
"""How long another server process may take to notice a revoked key; this one notices at once."""


class KeyService:
    """Make, check and revoke keys."""

    def __init__(self, rows: KeyRows, meta: MetaRows, clock: Callable[[], float] = time.time) -> None:
        self._rows = rows
        self._meta = meta
        self._clock = clock
        self._cache: dict[str, tuple[Key, float]] = {}
        self._used: dict[str, float] = {}
        self._admin_hash: tuple[str | None, float] | None = None

    async def authenticate(self, client_id: str | None, client_secret: str | None) -> Caller:
        """Return the caller with this key. Raises MissingKey, InvalidKey or RevokedKey."""
        if not client_id or not client_secret:
            raise MissingKey(
                "Send the headers client_id and client_secret.",
                hint="Make a key with `viewcomfy keys create`. Behind nginx, set `underscores_in_headers on`.",
            )
        key = await self._find(client_id)
        if key is None or not secret_matches(client_secret, key.secret_hash):
            raise InvalidKey("client_id and client_secret do not belong to a key.", hint="Make a key with `viewcomfy keys create`.")
        if key.revoked_at is not None:
            raise RevokedKey("This key has been revoked.", hint="Ask the owner of the server for a new one.")
        if key.has_expired(self._clock()):
            raise ExpiredKey("This key has expired.", hint="Ask the owner of the server for a new one.")
        self._used[client_id] = self._clock()
        return Caller(key)

    async def valid(self, client_id: str) -> Key | None:
        """Return a key that somebody has signed in with, unless it has been revoked or has expired since."""
        key = await self._find(client_id)
        if key is None or key.revoked_at is not None or key.has_expired(self._clock()):
            return None
        self._used[client_id] = self._clock()
        return key

    async def _find(self, client_id: str) -> Key | None:
        cached = self._cache.get(client_id)
        if cached and self._clock() - cached[1] < CACHE_SECONDS:
            return cached[0]
        key = await self._rows.get(client_id)
        if key is not None:
            self._cache[client_id] = (key, self._clock())
        return key

    async def authenticate_admin(self, token: str | None) -> Caller:
        """Return the admin as the caller. Raises InvalidAdminToken."""
        stored = await self.admin_hash()
        if not token or stored is None or not secret_matches(token, stored):
            raise InvalidAdminToken(
                "The management API needs the admin token: `Authorization: Bearer <token>`.",
                hint="`viewcomfy serve` prints it on its first start; VIEWCOMFY_ADMIN_TOKEN sets another.",
            )
        return Caller()

    async def admin_hash(self) -> str | None:
        """Return what is stored of the admin token."""
        cached = self._admin_hash
        if cached and cached[0] is not None and self._clock() - cached[1] < CACHE_SECONDS:
            return cached[0]
        self._admin_hash = (await self._meta.get(ADMIN_TOKEN_HASH), self._clock())
        return self._admin_hash[0]

    async def ensure_admin_token(self, wanted: str | None) -> str | None:
        """Set the admin token that the owner wants, or make one if there is none; return it if it is new to the store."""
        if wanted is not None and len(wanted) < 16:
            raise BadInput("The admin token is shorter than 16 characters.", hint="`openssl rand -hex 32` makes a good one.")
        if wanted is not None and ":" in wanted:  # `Bearer a:b` is a key
            raise BadInput("The admin token has a ':' in it.", hint="`openssl rand -hex 32` makes a good one.")
        if wanted is not None:
            return await self.set_admin_token(wanted)
        token = new_secret("vca_")
        # of several servers that start for the first time at once, one has made the token that holds
        return token if await self._meta.set_default(ADMIN_TOKEN_HASH, hash_secret(token)) == hash_secret(token) else None

    async def set_admin_token(self, token: str) -> str:
        """Replace the admin token."""
        await self._meta.set(ADMIN_TOKEN_HASH, hash_secret(token))
        self._admin_hash = (hash_secret(token), self._clock())
        return token

    async def create(
        self, name: str, deployments: list[str] | None, allow_override: bool | None, *, limits: KeyLimits = NO_LIMITS, share: bool = False
    ) -> tuple[Key, str]:
        """Make a key; return it and its secret, which is not kept. Raises BadInput for one that would have expired already."""
        if limits.expires_at is not None and limits.expires_at <= self._clock():
            raise BadInput("expires_at is in the past.", hint="It is a Unix time in seconds.")
        secret = new_secret()
        key = Key(
            client_id=new_client_id(),
            secret_hash=hash_secret(secret),
            name=name,
            created_at=self._clock(),
            deployments=None if deployments is None else tuple(deployments),
            allow_override=deployments is None if allow_override is None else allow_override,
            limits=limits,
            share=share,
        )
        await self._rows.add(key)
        return key, secret

    async def revoke(self, client_id: str) -> Key:
        """Revoke a key for good. Raises UnknownKey."""
        self._cache.pop(client_id, None)
        key = await self._rows.revoke(client_id, self._clock())
        if key is None:
            raise UnknownKey(f"There is no key {client_id[:80]!r}.", hint="`viewcomfy keys list` shows them.")
        self._cache.pop(client_id, None)  # a call may have cached it again while the row was written
        return self._with_last_use(key)

    async def list(self) -> list[Key]:
        """Return all keys, revoked ones too, the newest first."""
        return [self._with_last_use(key) for key in await self._rows.list()]

    def _with_last_use(self, key: Key) -> Key:
        used = max(self._used.get(key.client_id, 0.0), key.last_used_at or 0.0)  # another server may have seen it later than this one
        return replace(key, last_used_at=used) if used else key

    async def write_last_used(self) -> None:
        """Write down when keys were last used; called now and then, so that no call waits for it."""
        used, self._used = self._used, {}
        if used:
            await self._rows.touch(used)
