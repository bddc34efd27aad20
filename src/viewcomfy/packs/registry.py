"""The registry of packs: what a version of an entry is, and the archive that holds it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import httpx2

from viewcomfy.core.errors import FetchFailed, PackBroken, UnknownPack
from viewcomfy.packs.source import RegistrySource, shown

SECONDS = 60.0
"""Without a byte for so long, a transfer counts as stalled."""
MAX_ARCHIVE = 4 * 1024**3
MAX_FILES = 200_000
REFUSED = {"NodeVersionStatusFlagged": "flagged as suspicious", "NodeVersionStatusBanned": "banned", "NodeVersionStatusDeleted": "deleted"}
TRACKING = ".tracking"
"""The list of files that ComfyUI-Manager leaves in a pack from the registry, and looks for."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of an entry."""

    id: str
    version: str
    download_url: str


class Registry:
    """The registry at a URL, asked as comfy-cli and ComfyUI-Manager do."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def release(self, source: RegistrySource) -> Release:
        """Return the version that was asked for, or the newest. Raises UnknownPack, FetchFailed, PackBroken for a version it warns of."""
        query = f"?version={quote(source.version, safe='')}" if source.version else ""
        answer = self._get(f"/nodes/{quote(source.id, safe='')}/install{query}", source)
        status = str(answer.get("status", ""))
        if status in REFUSED:
            raise PackBroken(f"The registry says that {source} is {REFUSED[status]}.", hint="Name another version: ID@VERSION.")
        version, url = str(answer.get("version", "")), str(answer.get("downloadUrl", ""))
        if not version or not url:
            raise UnknownPack(f"The registry has no archive of {source}.", hint=f"`{source.id}@nightly` takes the repository instead.")
        return Release(source.id, version, url)

    def newest(self, source: RegistrySource) -> str:
        """Return the newest version of an entry, without counting as an installation; empty where it does not say."""
        latest = self._get(f"/nodes/{quote(source.id, safe='')}", source).get("latest_version")
        return str(latest.get("version", "")) if isinstance(latest, Mapping) else ""

    def repository(self, source: RegistrySource) -> str:
        """Return the URL of an entry's repository; raise UnknownPack where it has none."""
        url = str(self._get(f"/nodes/{quote(source.id, safe='')}", source).get("repository") or "")
        if not url:
            raise UnknownPack(f"The registry names no repository for {source.id}.")
        return url

    def _get(self, path: str, source: RegistrySource) -> Mapping[str, Any]:
        try:
            answer = httpx2.get(self._url + path, timeout=SECONDS, follow_redirects=True)
            value = answer.json() if answer.is_success else {}
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as fault:
            raise self._unreachable(str(fault) or type(fault).__name__) from fault
        if answer.status_code == httpx2.codes.NOT_FOUND:
            hint = "`viewcomfy nodes find` looks for the pack of a node class; a git URL works as well."
            raise UnknownPack(f"The registry {shown(self._url)} has no {source}.", hint=hint)
        if not answer.is_success or not isinstance(value, dict):
            raise self._unreachable(f"status {answer.status_code}")
        return value

    def _unreachable(self, why: str) -> FetchFailed:
        hint = "A git URL works without it; VIEWCOMFY_NODE_REGISTRY names another registry."
        return FetchFailed(f"The registry of packs at {shown(self._url)} did not answer: {why}.", hint=hint)


def download(release: Release, file: Path) -> None:
    """Write the archive of a release into a file. Raises FetchFailed."""
    try:
        with httpx2.stream("GET", release.download_url, timeout=SECONDS, follow_redirects=True) as answer, file.open("wb") as target:
            answer.raise_for_status()
            size = 0
            for chunk in answer.iter_bytes():
                size += target.write(chunk)
                if size > MAX_ARCHIVE:
                    raise FetchFailed(f"The archive of {release.id} is larger than {MAX_ARCHIVE // 1024**3} GiB.")
    except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
        raise FetchFailed(f"The archive of {release.id} {release.version} could not be fetched: {fault}.") from fault


def unpack(file: Path, folder: Path) -> list[str]:
    """Unpack an archive into a folder and return the paths of its files. Raises PackBroken for one that is no archive, or a trap."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(members)
            for member in members:
                archive.extract(member, folder)
            return [member.filename for member in members]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as fault:
        raise PackBroken(f"The archive of the pack can't be unpacked: {fault}.") from fault


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_ARCHIVE:
        raise PackBroken("The archive of the pack holds more than a pack can.")
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or not path.parts:
            raise PackBroken(f"The archive of the pack names a file outside its folder: {member.filename!r}.")
