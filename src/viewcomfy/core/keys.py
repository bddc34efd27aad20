"""A key is the pair of client_id and client_secret that a caller sends."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

ADMIN_ID = "admin"
"""Stands in `key_id` for jobs sent with the admin token."""
VISITOR_MARK = "~"
"""Stands between a client_id and a visitor in `key_id`; no client_id has it."""


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What bounds a key, None for no bound: a Unix time, jobs queued or running at once, jobs accepted in 24 hours, jobs running at once.

    More than `max_running` jobs are accepted: the rest of them waits.
    """

    expires_at: float | None = None
    max_active: int | None = None
    max_per_day: int | None = None
    max_running: int | None = None

    @property
    def counts_jobs(self) -> bool:
        """Tell whether the jobs of the key have to be counted."""
        return self.max_active is not None or self.max_per_day is not None


NO_LIMITS = KeyLimits()


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored: the secret only as a hash. `deployments` is None for a key that may call all of them.

    The key of a `share` link is for people who are not told what is inside a deployment.
    """

    client_id: str
    secret_hash: str
    name: str
    created_at: float
    deployments: tuple[str, ...] | None = None
    allow_override: bool = True
    revoked_at: float | None = None
    last_used_at: float | None = None
    limits: KeyLimits = NO_LIMITS
    share: bool = False

    def allows(self, deployment: str) -> bool:
        """Tell whether the key may call this deployment."""
        return self.deployments is None or deployment in self.deployments

    def has_expired(self, now: float) -> bool:
        """Tell whether the time of the key is over."""
        return self.limits.expires_at is not None and self.limits.expires_at <= now


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: a key, or the admin (`key` is None). `visitor` tells apart the browsers that one share link let in.

    `trace` is the traceparent that what is done for them belongs to.
    """

    key: Key | None = None
    visitor: str = ""
    trace: str = field(default="", compare=False)

    @property
    def is_admin(self) -> bool:
        """Tell whether the admin token was sent."""
        return self.key is None

    @property
    def is_guest(self) -> bool:
        """Tell whether a share link let the caller in: such a one is never shown a workflow."""
        return self.key is not None and self.key.share

    @property
    def key_id(self) -> str:
        """Return the id that jobs are filed under."""
        if self.key is None:
            return ADMIN_ID
        return f"{self.key.client_id}{VISITOR_MARK}{self.visitor}" if self.is_guest else self.key.client_id


def is_guest_id(key_id: str) -> bool:
    """Tell whether jobs that are filed under this id are those of a share link."""
    return VISITOR_MARK in key_id


def client_of(key_id: str) -> str:
    """Return the client_id of the key that jobs are filed under, that of its visitors' ones too."""
    return key_id.partition(VISITOR_MARK)[0]


def new_client_id() -> str:
    """Return a fresh client_id; it is not secret."""
    return "vc_" + secrets.token_hex(8)


def new_visitor() -> str:
    """Return a fresh name for a browser; it is not secret, and nobody can choose it."""
    return secrets.token_hex(8)


def new_secret(prefix: str = "vcs_") -> str:
    """Return a fresh secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return what is stored of a secret. Secrets are 256 random bits, so a plain SHA-256 can't be searched."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def secret_matches(secret: str, secret_hash: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hash_secret(secret), secret_hash)
