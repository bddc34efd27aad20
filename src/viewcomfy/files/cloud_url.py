"""The URL of files in the cloud, such as `s3://bucket/prefix?region=eu-central-1`, taken apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from viewcomfy.core.errors import InvalidName
from viewcomfy.files.keys import key_parts

NAMES = {"s3": "S3", "gs": "Google Cloud Storage", "az": "Azure Blob Storage"}
TIMEOUT = 30.0
"""Seconds without a byte after which a request is given up, where the URL does not say."""

_LOGIN = {"s3": ("access_key_id", "secret_access_key"), "gs": (), "az": ("account_name", "account_key")}
_OPTIONS = {
    "s3": {
        **{name: name for name in ("endpoint", "region", "access_key_id", "secret_access_key", "session_token", "role_arn")},
        **{"virtual_hosted": "virtual_hosted_style_request", "encryption": "server_side_encryption", "kms_key": "sse_kms_key_id"},
        "single_deletes": "disable_bulk_delete",
    },
    "gs": {"endpoint": "base_url", "service_account": "service_account"},
    "az": {"endpoint": "endpoint", "account": "account_name", "account_key": "account_key", "sas": "sas_key", "client_id": "client_id"},
}
"""What may stand behind the `?`, and what obstore calls it."""
_SWITCHES = ("virtual_hosted", "single_deletes")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]\Z", re.ASCII)
_PLAIN = re.compile(r"[a-z_]{1,30}\Z")
_EXAMPLE = "s3://bucket/prefix?region=eu-central-1"


@dataclass(frozen=True, slots=True)
class CloudUrl:
    """Where files lie. `options` are obstore's, credentials among them, so that they are in no text that this class makes.

    `timeout` are the seconds without a byte after which a request is given up.
    """

    scheme: str
    bucket: str
    prefix: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = TIMEOUT

    @property
    def shown(self) -> str:
        """Return the URL for messages: without credentials and options."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    @classmethod
    def parse(cls, text: str) -> CloudUrl:
        """Read a URL. Raises InvalidName, with no more of the URL in it than its scheme and the names of options."""
        scheme, separator, rest = text.partition("://")
        scheme = scheme.lower()
        if not separator or scheme not in NAMES:
            raise InvalidName("That can't be where files lie.", hint=f"Write a folder, or s3://, gs:// or az://, such as {_EXAMPLE}")
        place, _, query = rest.partition("?")
        login, _, place = place.rpartition("@")
        bucket, _, prefix = place.partition("/")
        if not _BUCKET.match(bucket):
            hint = f"Write it as {_EXAMPLE}; in credentials, / is %2F, @ is %40, ? is %3F."
            raise InvalidName(f"The {scheme}:// URL for files names no bucket.", hint=hint)
        prefix = unquote(prefix).strip("/")
        if prefix:
            key_parts(prefix)
        options = {**_login(scheme, login), **_options(scheme, query)}
        return cls(scheme, bucket, prefix, options, _timeout(options.pop("timeout", "")))


def _login(scheme: str, login: str) -> dict[str, str]:
    """Return what `user:password@` says; nothing where the surroundings of the process do."""
    if not login:
        return {}
    user, separator, password = login.partition(":")
    names = _LOGIN[scheme]
    if not (names and separator and user and password):
        wanted = f"{scheme}://{':'.join(names).upper()}@…" if names else "no credentials before the bucket"
        raise InvalidName(f"The {scheme}:// URL for files has credentials that can't be read.", hint=f"It takes {wanted}.")
    return {names[0]: unquote(user), names[1]: unquote(password)}


def _options(scheme: str, query: str) -> dict[str, str]:
    known = _OPTIONS[scheme]
    found = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known and name != "timeout":
            shown = f" {name!r}" if _PLAIN.match(name) and value else ""  # else it may be what a secret ends with
            hint = f"Known are {', '.join(known)}, timeout; in values, & is %26."
            raise InvalidName(f"The {scheme}:// URL for files has an option{shown} that nobody knows.", hint=hint)
        if not value or (name in _SWITCHES and value not in ("true", "false")):
            wanted = "true or false" if name in _SWITCHES else "a value"
            raise InvalidName(f"The option {name!r} of the {scheme}:// URL for files needs {wanted}.")
        found[known.get(name, name)] = unquote(value)
    return found


def _timeout(text: str) -> float:
    try:
        seconds = float(text or TIMEOUT)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise InvalidName("The option 'timeout' of the URL for files is in seconds, from 1 to 3600.")
    return seconds
