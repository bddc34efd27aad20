"""Requests for a model: redirects followed step by step, tokens sent to their own host alone, and no secret in anything that is said."""

from __future__ import annotations

import email.message
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

from viewcomfy.core.errors import FetchFailed
from viewcomfy.core.model_urls import HUGGING_FACE, file_name, host_of, page_of, without_secrets
from viewcomfy.models.formats import HEAD
from viewcomfy.models.remote import Remote, read_range
from viewcomfy.models.tokens import VARIABLE, Tokens

REDIRECTS = 10
CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 30.0
"""How long a server may send nothing before its connection counts as broken."""
_REDIRECT = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)
LONGEST_WAIT = 120.0


class Interrupted(Exception):
    """A request did not come to its end; it may at another attempt, after `wait` seconds where the server says how many."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Web:
    """Makes requests; safe in threads. Use it as a context manager."""

    def __init__(self, tokens: Tokens | None = None, *, silence: float = SILENCE_SECONDS) -> None:
        self._tokens = tokens or Tokens()
        timeout = httpx2.Timeout(silence, connect=CONNECT_SECONDS)
        here = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))  # a proxy for the outside would not find these
        self._client = httpx2.Client(timeout=timeout, mounts=here, headers={"User-Agent": "viewcomfy", "Accept": "*/*"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def probe(self, url: str) -> Remote:
        """Ask for the first bytes of a file and return what there is to know of it. Raises FetchFailed, Interrupted."""
        seen: dict[str, str] = {}
        with self.get(url, 0, HEAD - 1, seen=seen) as answer:
            head = b""
            for chunk in self.chunks(answer):
                head += chunk
                if len(head) >= HEAD:
                    break
            part = read_range(answer.headers.get("content-range")) if answer.status_code == 206 else None
            length = answer.headers.get("content-length", "")
            size = part.total if part else int(length) if length.isdecimal() else None
            return Remote(
                url=url,
                size=size,
                ranges=part is not None and size is not None,
                etag=answer.headers.get("etag", ""),
                modified=answer.headers.get("last-modified", ""),
                sha256=seen.get("sha256", ""),
                head=head[:HEAD],
                content_type=answer.headers.get("content-type", ""),
                name=_disposition(answer.headers.get("content-disposition", "")) or file_name(url),
                host=host_of(str(answer.url)),
            )

    @contextmanager
    def get(
        self, url: str, start: int, last: int | None, *, etag: str = "", seen: dict[str, str] | None = None
    ) -> Iterator[httpx2.Response]:
        """Yield the answer (200 or 206) to a request for some bytes of a file; `etag` has it answer 200 when the file is another.

        `seen` gets what is told on the way. Raises FetchFailed where trying again won't help, Interrupted where it may.
        """
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={start}-{'' if last is None else last}"}
        if etag.startswith('"'):  # a weak one may not be used for this
            headers["If-Range"] = etag
        try:
            answer = self._follow(url, headers, seen if seen is not None else {})
        except (httpx2.TransportError, httpx2.InvalidURL) as fault:
            reason = _reason(fault)
        else:
            try:
                yield answer
            finally:
                answer.close()
            return
        # raised out here, where the fault is not its context: what it says may repeat a URL with its secrets
        raise Interrupted(f"{host_of(url)} {reason}")

    @staticmethod
    def chunks(answer: httpx2.Response) -> Iterator[bytes]:
        """Yield the bytes of an answer as they come. Raises Interrupted."""
        try:
            yield from answer.iter_raw()
        except httpx2.TransportError as fault:
            reason = _reason(fault)
        else:
            return
        raise Interrupted(f"{host_of(str(answer.url))} {reason}")

    def _follow(self, url: str, headers: dict[str, str], seen: dict[str, str]) -> httpx2.Response:
        own, at = True, url
        for _ in range(REDIRECTS + 1):
            own = own and host_of(at) == host_of(url) and urlsplit(at).scheme == urlsplit(url).scheme
            token = self._tokens.headers(at) if own else {}
            answer = self._client.send(self._client.build_request("GET", at, headers=headers | token), stream=True, follow_redirects=False)
            if answer.status_code in (200, 206):
                if answer.headers.get("content-encoding", "identity").strip().lower() == "identity":
                    return answer
                answer.close()
                raise FetchFailed(f"{host_of(at)} sends the file compressed, although it was asked not to.")
            answer.close()
            if answer.status_code not in _REDIRECT:
                self._refuse(answer, url, at)
            _look(answer, at, seen)
            at = _next(at, answer.headers.get("location"))
        raise FetchFailed(f"{host_of(url)} redirects more than {REDIRECTS} times.")

    def _refuse(self, answer: httpx2.Response, url: str, at: str) -> None:
        status, host = answer.status_code, host_of(at)
        if status in _PASSING:
            raise Interrupted(f"{host} answered {status}", _wait(answer.headers.get("retry-after", "")))
        if status in (401, 403):
            raise FetchFailed(f"{host} does not give this file to everybody (it answered {status}).", hint=token_hint(url, self._tokens))
        if status in (404, 410):
            raise FetchFailed(f"There is no file at {without_secrets(url)}: {host} answered {status}.", hint="Look at it in a browser.")
        if status == 416:
            raise FetchFailed(f"The file from {host} is empty, or shorter than it said.")
        raise FetchFailed(f"{host} answered {status} instead of the file.", hint="Open the URL in a browser to see why.")


def token_hint(url: str, tokens: Tokens) -> str:
    """Return what a person does about a file that is not for everybody."""
    host = host_of(url)
    if host in HUGGING_FACE:
        sent = "The token in HF_TOKEN was refused" if tokens.has(url) else "Set HF_TOKEN to a token of yours"
        return f"{sent}; the model's licence may have to be accepted first, at {page_of(url)}."
    if "civitai" in host:
        said = "The token in CIVITAI_API_TOKEN was refused." if tokens.has(url) else "Set CIVITAI_API_TOKEN to an API key of your account."
        return f"{said} Some models are for people alone who have signed in."
    if tokens.has(url):
        return f"The token for {host} was refused."
    return f"If it wants a token, set {VARIABLE}={host}=TOKEN; open {page_of(url)} in a browser to see what it asks."


def _look(answer: httpx2.Response, at: str, seen: dict[str, str]) -> None:
    """Take in the hash that Hugging Face tells of a file before it redirects to where the bytes are."""
    linked = answer.headers.get("x-linked-etag", "").strip('"').lower()
    if host_of(at) in HUGGING_FACE and re.fullmatch(r"[0-9a-f]{64}", linked):
        seen["sha256"] = linked


def _next(at: str, location: str | None) -> str:
    if not location:
        raise FetchFailed(f"{host_of(at)} redirects without saying where to.")
    try:
        target = urljoin(at, location.strip())
        parts = urlsplit(target)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        known = False
    if not known:
        raise FetchFailed(f"{host_of(at)} redirects to a URL that can't be read.")
    if urlsplit(at).scheme == "https" and parts.scheme == "http":
        raise FetchFailed(f"{host_of(at)} redirects to http, which is not encrypted.")
    return target


def _disposition(header: str) -> str:
    """Return the file name that a server gives to what it sends, bare."""
    message = email.message.Message()
    message["content-disposition"] = header
    name = message.get_filename() or ""
    return re.sub(r"[\x00-\x1f]", "", name).replace("\\", "/").rpartition("/")[2].strip()


def _wait(header: str) -> float:
    return min(LONGEST_WAIT, float(header)) if re.fullmatch(r"\d{1,6}", header.strip()) else 0.0


def _reason(fault: Exception) -> str:
    if isinstance(fault, httpx2.ConnectTimeout | httpx2.ConnectError):
        return "can't be reached"
    if isinstance(fault, httpx2.TimeoutException):
        return "sent nothing for too long"
    return "broke the connection"
