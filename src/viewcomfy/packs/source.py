"""A source is where a pack comes from: a git repository, or the registry of packs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from viewcomfy.core.errors import BadInput

SCHEMES = ("https", "ssh", "file", "git")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,199}")
COMMIT = re.compile(r"[0-9a-f]{40}")
NIGHTLY = "nightly"
"""The version of a registry's entry that stands for the newest commit of its repository."""
_SHORT_SSH = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?P<path>[^:@]+)(?:@(?P<ref>.+))?")
_USAGE = (
    "Name a git URL, such as https://github.com/owner/pack or that with @commit, or an id of the registry. "
    "A repository on this machine is file:///its/folder."
)


@dataclass(frozen=True, slots=True)
class GitSource:
    """A repository: `url` without credentials, `ref` a commit, tag or branch (empty: its default branch).

    `secret_url` is the URL with the credentials that were given, for git alone; it is neither shown nor recorded.
    """

    url: str
    ref: str = ""
    secret_url: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The name of the pack's folder."""
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".git")

    def __str__(self) -> str:
        return f"{self.url}@{self.ref}" if self.ref else self.url


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """An entry of the registry; `version` empty: its newest."""

    id: str
    version: str = ""

    @property
    def name(self) -> str:
        """The name of the pack's folder."""
        return self.id

    def __str__(self) -> str:
        return f"{self.id}@{self.version}" if self.version else self.id


Source = GitSource | RegistrySource


def parse_source(text: str) -> Source:
    """Read `GIT_URL[@ref]` or `REGISTRY_ID[@version]`; raise BadInput for anything else."""
    if "://" in text:
        return _checked(_url(text))
    if short := _SHORT_SSH.fullmatch(text):
        return _checked(GitSource(f"ssh://{short['user']}@{short['host']}/{short['path'].lstrip('/')}", short["ref"] or ""))
    name, _, version = text.partition("@")
    if not NAME.fullmatch(name) or (version and not REF.fullmatch(version)):
        raise BadInput(f"{shown(text)!r} is neither a git URL nor an id of the registry.", hint=_USAGE)
    return RegistrySource(name, version)


def check_url(url: str) -> None:
    """Raise BadInput unless git may be given this URL."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise BadInput(f"A pack can't come from {shown(url)}: only https, ssh, file and git URLs are taken.", hint=_USAGE)
    parts = urlsplit(url)
    if "::" in parts.netloc or parts.netloc.startswith("-") or (scheme != "file" and not parts.hostname):
        raise BadInput(f"{shown(url)} is not a URL of a repository.", hint=_USAGE)


def shown(url: str) -> str:
    """Return a URL as it may be shown and recorded: without a password or token, and without a query."""
    if "://" not in url:
        return url.rpartition("@")[2] if url.count("@") == 1 and ":" in url.partition("@")[0] else url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://…"
    user, at, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0] if parts.scheme == "ssh" else ""  # an ssh address needs its user
    return urlunsplit((parts.scheme.lower(), f"{name}@{host}" if at and name else host, parts.path, "", ""))


def _url(text: str) -> GitSource:
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    path, _, ref = path.partition("@")
    full = f"{scheme}://{authority}{slash}{path}".rstrip("/")
    check_url(full)
    clean = shown(full)
    return GitSource(clean, ref, secret_url="" if clean == full else full)


def _checked(source: GitSource) -> GitSource:
    if source.ref and (not REF.fullmatch(source.ref) or ".." in source.ref or source.ref.endswith((".lock", "/"))):
        raise BadInput(f"{source.ref!r} is not the name of a commit, tag or branch.")
    if not NAME.fullmatch(source.name) or source.name.endswith(".disabled"):
        raise BadInput(f"{source.url} does not end with a name that a pack's folder could have.", hint=_USAGE)
    return source
