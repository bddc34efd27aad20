"""The names of subjects: what each is about, and tokens that stand for any text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def token(text: str) -> str:
    """Return a token that stands for a text and for no other: plain ones as they are, others by their bytes in hexadecimal after a "="."""
    return text if _PLAIN.fullmatch(text) else "=" + text.encode().hex()


def text_of(token: str) -> str:
    """Return the text that a token stands for; raise ValueError for what is no token."""
    return bytes.fromhex(token[1:]).decode() if token.startswith("=") else token


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects of a namespace, but for those of events."""

    namespace: str

    def desk(self, pool: str, call: str) -> str:
        """Return where a worker of a pool asks the leader; its credentials let it publish below its pool."""
        return f"{self.namespace}.desk.{token(pool)}.{call}"

    def lead(self, call: str) -> str:
        """Return where a server asks the leader."""
        return f"{self.namespace}.lead.{call}"

    def gone(self, pool: str, worker: str) -> str:
        """Return where a worker is told that a job of its was taken from it."""
        return f"{self.namespace}.gone.{token(pool)}.{token(worker)}"

    def order(self, pool: str, worker: str) -> str:
        """Return where a worker takes orders."""
        return f"{self.namespace}.order.{token(pool)}.{token(worker)}"

    @property
    def every_desk(self) -> str:
        """What the leader listens to for workers."""
        return f"{self.namespace}.desk.*.*"

    @property
    def every_lead(self) -> str:
        """What the leader listens to for servers."""
        return f"{self.namespace}.lead.*"

    @property
    def news(self) -> str:
        """Where it is told that a leader has come or gone."""
        return f"{self.namespace}.news"
