"""Fetching one model: asked for, looked at, got, verified, and given its name at last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from viewcomfy.core.errors import BadInput, BadModel, FetchFailed, JobCanceled
from viewcomfy.core.model_urls import download_url, host_of, without_secrets
from viewcomfy.core.models import Model, check_model
from viewcomfy.models import formats
from viewcomfy.models.download import Changed, Download, Pace, Progress, Report
from viewcomfy.models.hashes import file_sha256
from viewcomfy.models.partial import Partial, progress_of
from viewcomfy.models.remote import Remote
from viewcomfy.models.safetensors import Unsound
from viewcomfy.models.tokens import Tokens
from viewcomfy.models.web import Interrupted, Web, token_hint

H = TypeVar("H")

WAIT_SECONDS = 0.3
"""How often it is looked whether somebody else who fetches the file has ended."""
STARTS = 3
"""How often a file is begun anew because it has changed behind its URL."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """What is to be fetched and how. `place` says where a file of a folder goes."""

    model: Model
    place: Callable[[str, str], Path]
    tokens: Tokens
    pace: Pace
    allow_pickle: bool
    report: Report
    stopped: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that has come: with its name and its hash, at its path."""

    model: Model
    path: Path


def fetch(wanted: Fetching, *, room: Callable[[int, Path], None], there: Callable[[Model], H | None]) -> Fetched | H:
    """Fetch a model. `room` makes room for so many bytes on the disk of a folder, `there` returns a model that is there after all.

    Raises FetchFailed, BadModel, Conflict, DiskFull, BadInput, JobCanceled.
    """
    if not wanted.model.url:
        raise FetchFailed(f"Nobody has said where {wanted.model.path} can be had.", hint="Name its URL.")
    with Web(wanted.tokens) as web:
        remote = _probe(web, wanted)
        model = _named(wanted, remote)
        _look_at(wanted, model, remote)
        if (held := there(model)) is not None:
            return held
        path = wanted.place(model.folder, model.file)
        partial = _take(path, wanted)
        try:
            if (held := there(model)) is not None:  # somebody else has fetched it while we waited
                partial.remove()
                return held
            room(remote.size or 0, partial.part.parent)
            _download(web, wanted, remote, partial)
            return _finished(wanted, model, path, partial)
        except Exception:
            partial.remove_if_empty()
            raise
        finally:
            partial.close()


def _probe(web: Web, wanted: Fetching) -> Remote:
    """Return what the server says of the file; it is asked again where it is busy."""
    pace, url = wanted.pace, download_url(wanted.model.url)
    for attempt in range(pace.tries):
        try:
            remote = web.probe(url)
        except Interrupted as fault:
            if attempt == pace.tries - 1:
                raise FetchFailed(f"The file could not be fetched: {fault}.", hint="Try again later.") from None
            _pause(max(fault.wait, min(pace.longest, pace.pause * 2**attempt)), wanted.stopped)
        else:
            break
    asked = wanted.model.sha256.lower()
    if asked and remote.sha256 and asked != remote.sha256:
        raise BadModel(
            f"{host_of(url)} says that this file's SHA-256 is {remote.sha256[:12]}…, not {asked[:12]}….",
            hint="It is another version of the file: name the URL of the one that is meant, or its hash.",
        )
    return replace(remote, sha256=asked or remote.sha256)


def _named(wanted: Fetching, remote: Remote) -> Model:
    """Return the model with its name and its hash, as far as they are known by now. Raises BadInput, BadModel."""
    model = wanted.model
    if not model.file:
        if "." not in remote.name.strip("."):
            raise BadInput(f"{host_of(remote.url)} gives the file no name.", hint="Say it with --name, such as --name base.safetensors.")
        model = replace(model, file=remote.name)
    formats.check_name(model.file, allow_pickle=wanted.allow_pickle)
    return check_model(replace(model, url=without_secrets(wanted.model.url), sha256=remote.sha256))


def _look_at(wanted: Fetching, model: Model, remote: Remote) -> None:
    """Refuse what is not the file that was meant before the rest of it comes."""
    if not remote.head and not remote.size:
        raise BadModel(f"{model.file} is empty at {remote.host}.")
    try:
        formats.check_head(model.file, remote.head, remote.size, allow_pickle=wanted.allow_pickle, content_type=remote.content_type)
    except formats.WebPage:
        page = f"{remote.host} sends a web page instead of {model.file}: most often one that asks to sign in or to accept a licence."
        raise FetchFailed(page, hint=token_hint(remote.url, wanted.tokens)) from None
    except Unsound as fault:
        raise BadModel(f"{model.file} from {remote.host} is refused: {fault}.", hint=_hint(fault)) from None


def _take(path: Path, wanted: Fetching) -> Partial:
    """Return the partial of a file, once nobody else fetches it."""
    while (partial := Partial.take(path)) is None:
        received, size = progress_of(path)
        wanted.report(Progress(received, size or None, "waiting"))
        _pause(WAIT_SECONDS, wanted.stopped)
    return partial


def _download(web: Web, wanted: Fetching, remote: Remote, partial: Partial) -> None:
    """Fetch every byte; begin anew where the file behind the URL has become another one."""
    for _ in range(STARTS):
        try:
            Download(web, remote, partial, pace=wanted.pace, report=wanted.report, stopped=wanted.stopped).run()
        except Changed:
            fresh = _probe(web, wanted)
            is_same = fresh.identity() == remote.identity()
            remote = replace(fresh, ranges=fresh.ranges and not is_same)  # its parts can't be asked for, whatever it says
            partial.forget()
        else:
            return
    raise FetchFailed(f"The file at {remote.host} changes while it is fetched.", hint="Try again later, when it is whole.")


def _finished(wanted: Fetching, model: Model, path: Path, partial: Partial) -> Fetched:
    """Verify the bytes and give the file its name. What is wrong is thrown away: going on with it would never mend it."""
    try:
        formats.check_file(partial.part, name=model.file, allow_pickle=wanted.allow_pickle)
    except Unsound as fault:
        partial.remove()
        raise BadModel(f"{model.file} has come damaged: {fault}.", hint=_hint(fault) or "Fetch it again.") from None
    sha256 = file_sha256(partial.part, wanted.report)
    if model.sha256 and sha256 != model.sha256:
        partial.remove()
        raise BadModel(
            f"{model.file} is not the file that was meant: its SHA-256 is {sha256}, not {model.sha256}.",
            hint="It was thrown away. Fetch it again; if that is no better, the hash or the URL is wrong.",
        )
    partial.finish()
    return Fetched(replace(model, sha256=sha256), path)


def _pause(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopped():
            raise JobCanceled("The download was stopped.", hint="Begun again, it goes on where it stopped.")
        time.sleep(min(0.2, left))


def _hint(fault: Unsound) -> str | None:
    return formats.PICKLE_HINT if "run code" in str(fault) else None
