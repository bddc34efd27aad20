"""Addresses as they may stand in a document: without anybody's password or token."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from viewcomfy.core import model_urls


def without_secrets(url: str) -> str:
    """Return a URL without user, password and what looks like a secret in its query; what is no URL stays as it is, empty if it is broken.

    The user of an ssh address stays: it is part of the address, and no secret.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not parts.scheme or not parts.netloc:
        return url
    plain = model_urls.without_secrets(url)
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    if not parts.scheme.endswith("ssh") or not user:
        return plain
    return urlunsplit(urlsplit(plain)._replace(netloc=f"{user}@{urlsplit(plain).netloc}"))
