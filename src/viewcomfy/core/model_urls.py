"""The URLs of models: the one to fetch from for a page that people copy, and what of a URL may be shown or kept."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

HUGGING_FACE = ("huggingface.co", "hf.co", "www.huggingface.co")
CIVITAI = ("civitai.com", "www.civitai.com", "civitai.green", "civitai.red")
_SECRET = re.compile(
    r"token|key|secret|sig|auth|pass|pwd|cred|policy|session|jwt|cookie|expire|hash|^x-|^s[eprvt]$|^spr$|^t$", re.IGNORECASE
)
_LONG = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+/=%-]{16,}")
_KNOWN = frozenset({"name", "filename", "file", "path", "format", "type", "fp", "size", "download", "modelversionid", "revision", "fileid"})


def download_url(url: str) -> str:
    """Return the URL of the file itself where this is the page of a file on Hugging Face or of a version on Civitai, else the URL as it is.

    A fragment goes: servers don't see it.
    """
    parts = urlsplit(url.strip())
    host, segments = (parts.hostname or "").lower(), parts.path.split("/")
    if host in HUGGING_FACE and len(segments) > 5 and segments[3] in ("blob", "resolve", "raw"):
        segments[3] = "resolve"
        return urlunsplit(("https", "huggingface.co", "/".join(segments), "", ""))
    version = dict(parse_qsl(parts.query)).get("modelVersionId", "")
    if host in CIVITAI and parts.path.startswith("/models/") and version.isdecimal():
        return urlunsplit(("https", host, f"/api/download/models/{version}", "", ""))
    return urlunsplit(parts._replace(fragment=""))


def without_secrets(url: str) -> str:
    """Return a URL as it may be shown and kept: without a user's name and password, and without what looks like a secret in its query."""
    parts = urlsplit(url.strip())
    netloc = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _is_secret(name, value)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit(parts._replace(netloc=netloc, query=query, fragment=""))


def file_name(url: str) -> str:
    """Return the last part of a URL's path, decoded, or nothing."""
    return unquote(urlsplit(url).path.rpartition("/")[2]).replace("/", "_").replace("\\", "_").strip()


def host_of(url: str) -> str:
    """Return the host of a URL, with its port where that is not the scheme's usual one."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    try:
        port = parts.port
    except ValueError:  # no number, or none that a port can have: nobody answers there
        return f"{host}:?"
    return host if port in (None, usual) else f"{host}:{port}"


def page_of(url: str) -> str:
    """Return where a person accepts the licence of a file, as far as that is known: its repository's or model's page, else its host."""
    parts = urlsplit(url)
    segments = parts.path.split("/")
    if (parts.hostname or "") in HUGGING_FACE and len(segments) > 3:
        return f"https://huggingface.co/{quote('/'.join(segments[1:3]))}"
    return f"{parts.scheme}://{host_of(url)}"


def _is_secret(name: str, value: str) -> bool:
    if name.lower() in _KNOWN:
        return False
    return bool(_SECRET.search(name) or _LONG.fullmatch(value))
