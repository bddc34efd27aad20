"""What the commands about environments work on: the ComfyUI in use, the documents that are there, the environments made here."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from viewcomfy.cli.options import connect
from viewcomfy.cli.values import read_file
from viewcomfy.comfy.current import environments_folder, read_current
from viewcomfy.comfy.find import find
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.deployments import ENVIRONMENT
from viewcomfy.core.errors import BadInput, ServerUnavailable, UnknownEnvironment
from viewcomfy.environments.applied import applied, document_of
from viewcomfy.environments.document import Document
from viewcomfy.environments.freeze import freeze
from viewcomfy.environments.here import environment_id
from viewcomfy.environments.toml import read_toml
from viewcomfy.settings import Settings

Connection = tuple[str | None, str | None, str | None, str | None]
"""The options that say where the server is and who calls."""
CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Entry:
    """An environment on this machine. `use` is current, before or empty; it is `whole` unless its making was cut off."""

    id: str
    use: str
    whole: bool
    changed: bool
    comfyui: str
    python: str
    torch: str
    packs: int
    folder: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class Documents:
    """Documents as people name them: by a file, an id, or `current`."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection

    def read(self, named: str) -> Document:
        """Return a document. Raises BadInput, UnknownEnvironment."""
        if named == CURRENT:
            return freeze(here(self._settings), allow_unknown=True, extra_args=extra_args(self._settings)).document
        if not ENVIRONMENT.fullmatch(named) or Path(named).is_file():
            return read_toml(_text(Path(named)), named)
        try:
            return document_of(self._settings.data_dir, named)
        except UnknownEnvironment:
            return self._of_server(named)

    def _of_server(self, environment: str) -> Document:
        try:
            with connect(*self._connection) as client:
                found = read_toml(client.environment(environment), environment)
        except ServerUnavailable as fault:
            hint = "`viewcomfy env list` shows those there are; --server names a server that may know it."
            raise UnknownEnvironment(
                f"There is no environment {environment} here, and no server to ask. {fault.message}", hint=hint
            ) from fault
        if found.id != environment:
            raise BadInput(f"What the server keeps as {environment} is another environment: {found.id}.")
        return found


def here(settings: Settings) -> Installation:
    """Return the ComfyUI in use; raise ComfyUINotFound, or BadInput for one that is only known by its URL."""
    found = find(settings.comfyui, settings.data_dir)
    if isinstance(found, str):
        raise BadInput(
            f"The ComfyUI at {found} was not started by viewcomfy, so that it is not known what it consists of.",
            hint="Name its folder: --comfyui DIR.",
        )
    return found


def extra_args(settings: Settings) -> tuple[str, ...]:
    """Return the further options that ComfyUI is started with."""
    return tuple(shlex.split(settings.comfyui_args))


def entries(settings: Settings) -> list[Entry]:
    """Return the environments on this machine, those included whose making was cut off."""
    data = settings.data_dir
    now, before = read_current(data)
    whole = dict(applied(data))
    folder = environments_folder(data)
    names = sorted(path.name for path in folder.iterdir() if ENVIRONMENT.fullmatch(path.name)) if folder.is_dir() else []
    uses = {before: "before", now: "current"}
    return [_entry(data, name, uses.get(name, ""), whole.get(name)) for name in names]


def _entry(data: Path, name: str, use: str, installation: Installation | None) -> Entry:
    changed = installation is not None and environment_id(installation) != name
    folder = str(environments_folder(data) / name)
    try:
        found = document_of(data, name)
    except UnknownEnvironment:
        return Entry(name, use, installation is not None, changed, "", "", "", 0, folder)
    version, torch = found.comfyui.version, found.torch.name
    return Entry(name, use, installation is not None, changed, version, found.python, torch, len(found.packs), folder)


def _text(path: Path) -> str:
    try:
        return read_file(path).decode()
    except UnicodeDecodeError as fault:
        raise BadInput(f"{path} is not a text.", hint="`viewcomfy env freeze` writes an environment.toml.") from fault
