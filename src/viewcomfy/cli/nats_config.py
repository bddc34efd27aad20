"""The configuration of a NATS server for viewcomfy, as text: streams that are kept, a user for servers, one for each pool's workers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from viewcomfy.core.deployments import check_pool
from viewcomfy.core.errors import BadInput
from viewcomfy.engine.nats.permissions import SERVER, Permissions, worker_permissions, worker_user
from viewcomfy.engine.nats.subjects import token

CLUSTER_PORT = 6222
COST = 11
"""Of bcrypt: a tenth of a second for each connection that is made."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may connect. The token is in no file: its hash is."""

    name: str
    token: str
    permissions: Permissions | None = None

    def url(self, hosts: Sequence[str], port: int, namespace: str, *, tls: bool) -> str:
        """Return the engine's URL for this user."""
        named = "" if namespace == "viewcomfy" else f"/{namespace}"
        servers = ",".join(f"{host}:{port}" for host in hosts)
        return f"{'tls' if tls else 'nats'}://{quote(self.name, safe='')}:{self.token}@{servers}{named}"


@dataclass(frozen=True, slots=True)
class Node:
    """One server, of a cluster where there are other `hosts` than its own."""

    host: str
    hosts: tuple[str, ...]
    listen: str = "0.0.0.0"  # noqa: S104 - workers come from elsewhere; users and permissions are below
    port: int = 4222
    folder: str = "nats-data"
    certificate: Path | None = None
    key: Path | None = None

    @property
    def is_clustered(self) -> bool:
        """Tell whether it is one of several."""
        return len(self.hosts) > 1


def new_users(pools: Sequence[str], namespace: str, *, server: bool = True) -> list[User]:
    """Return users with fresh tokens: one for servers, one for the workers of each pool. Raises BadInput."""
    if token(namespace) != namespace:
        raise BadInput(f"{namespace[:80]!r} can't be a namespace.", hint="Use letters, digits, - and _.")
    workers = [User(worker_user(pool), _new_token(), worker_permissions(namespace, check_pool(pool))) for pool in dict.fromkeys(pools)]
    return [*([User(SERVER, _new_token())] if server else []), *workers]


def configuration(node: Node, users: Sequence[User], cluster_token: str) -> str:
    """Return the file for one server; hashing takes a tenth of a second for each user."""
    parts = [
        f"server_name: {_quoted(node.host)}",
        f"listen: {_quoted(f'{node.listen}:{node.port}')}",
        f"jetstream {{\n  store_dir: {_quoted(node.folder)}\n  sync_interval: always # what was acknowledged survives a power cut\n}}",
    ]
    if node.certificate and node.key:
        parts.append(f"tls {{\n  cert_file: {_quoted(str(node.certificate))}\n  key_file: {_quoted(str(node.key))}\n}}")
    if node.is_clustered:
        parts.append(_cluster(node, cluster_token))
    parts.append(authorization(users))
    return "\n".join(
        ["# Written by `viewcomfy nats config`. Tokens of users are hashed; keep this file to the servers all the same.", *parts, ""]
    )


def authorization(users: Sequence[User]) -> str:
    """Return the part that says who may do what."""
    blocks = "\n".join(user_block(user) for user in users)
    return f"authorization {{\n  timeout: 10 # seconds; a hash takes a while where many connect at once\n  users: [\n{blocks}\n  ]\n}}"


def user_block(user: User) -> str:
    """Return the lines of one user, as they stand in `users`."""
    lines = [f"      user: {_quoted(user.name)}", f"      password: {_quoted(_hash(user.token))}"]
    if user.permissions is not None:
        lines += [
            "      permissions: {",
            f"        publish: {{ allow: {_list(user.permissions.publish)} }}",
            f"        subscribe: {{ allow: {_list(user.permissions.subscribe)} }}",
            "      }",
        ]
    return "\n".join(["    {", *lines, "    }"])


def _cluster(node: Node, cluster_token: str) -> str:
    routes = ", ".join(_quoted(f"nats://route:{cluster_token}@{host}:{CLUSTER_PORT}") for host in node.hosts)
    return (
        f"cluster {{\n  name: viewcomfy\n  listen: {_quoted(f'{node.listen}:{CLUSTER_PORT}')}\n"
        f"  authorization {{ user: route, password: {_quoted(cluster_token)} }}\n  routes: [{routes}]\n}}"
    )


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def _hash(token: str) -> str:
    import bcrypt

    return bcrypt.hashpw(token.encode(), bcrypt.gensalt(COST, prefix=b"2a")).decode()


def _list(subjects: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, subjects)) + "]"


def _quoted(text: str) -> str:
    return json.dumps(text)
