"""A key is the pair of client_id and client_secret that a caller sends."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

ADMIN_ID = "admin"
"""Stands in `key_id` for jobs sent with the admin token."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored: the secret only as a hash. `deployments` is None for a key that may call all of them."""

    client_id: str
    secret_hash: str
    name: str
    created_at: float
    deployments: tuple[str, ...] | None = None
    allow_override: bool = True
    revoked_at: float | None = None
    last_used_at: float | None = None

    def allows(self, deployment: str) -> bool:
        """Tell whether the key may call this deployment."""
        return self.deployments is None or deployment in self.deployments


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: a key, or the admin (`key` is None)."""

    key: Key | None = None

    @property
    def is_admin(self) -> bool:
        """Tell whether the admin token was sent."""
        return self.key is None

    @property
    def key_id(self) -> str:
        """Return the id that jobs are filed under."""
        return self.key.client_id if self.key else ADMIN_ID


def new_client_id() -> str:
    """Return a fresh client_id; it is not secret."""
    return "vc_" + secrets.token_hex(8)


def new_secret(prefix: str = "vcs_") -> str:
    """Return a fresh secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return what is stored of a secret. Secrets are 256 random bits, so a plain SHA-256 can't be searched."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_matches(secret: str, secret_hash: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hash_secret(secret), secret_hash)
