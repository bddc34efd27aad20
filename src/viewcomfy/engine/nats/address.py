"""The address of an engine on NATS, as one URL: servers, credentials, namespace."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from viewcomfy.core.errors import BadInput
from viewcomfy.engine.nats.subjects import token

PORT = 4222
_EXAMPLE = "Write it as nats://user:password@host:4222,host2:4222/namespace."


@dataclass(frozen=True, slots=True)
class Address:
    """Where NATS is. `servers` are URLs without credentials; `replicas` is how many servers keep what is stored, None: as is wise."""

    servers: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    namespace: str = "viewcomfy"
    replicas: int | None = None

    @property
    def inbox_prefix(self) -> str:
        """What the subjects begin with on which answers come: credentials let nobody listen to another user's."""
        return "_INBOX" if self.user is None else f"_INBOX.{token(self.user)}"

    @property
    def shown(self) -> str:
        """The servers, for people to read."""
        return ", ".join(self.servers)


def parse_address(url: str) -> Address:
    """Read a URL such as `nats://user:password@a:4222,b:4222/namespace?replicas=3`; `tls://` too. Raises BadInput."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("nats", "tls") or not parts.netloc:
        raise BadInput("The engine's URL can't be read.", hint=_EXAMPLE)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, colon, password = credentials.partition(":")
    namespace = parts.path.strip("/") or "viewcomfy"
    if token(namespace) != namespace:
        raise BadInput(f"{namespace[:80]!r} can't be a namespace.", hint="Use letters, digits, - and _.")
    servers = tuple(f"{parts.scheme}://{_with_port(host)}" for host in hosts.split(",") if host)
    if not servers:
        raise BadInput("The engine's URL names no server.", hint=_EXAMPLE)
    return Address(servers, unquote(user) or None, unquote(password) if colon else None, namespace, _replicas(parts.query))


def _with_port(host: str) -> str:
    return host if ":" in host.rpartition("]")[2] else f"{host}:{PORT}"


def _replicas(query: str) -> int | None:
    wanted = parse_qs(query).get("replicas")
    if wanted is None:
        return None
    if wanted[-1] not in ("1", "3", "5"):
        raise BadInput(f"{wanted[-1][:80]!r} can't be a number of replicas.", hint="It is 1, 3 or 5.")
    return int(wanted[-1])
