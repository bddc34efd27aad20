"""The environments that have been made below a data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from viewcomfy.comfy.current import environments_folder, read_current
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.deployments import ENVIRONMENT
from viewcomfy.core.errors import BadInput, ComfyUINotFound, UnknownEnvironment
from viewcomfy.environments.document import Document
from viewcomfy.environments.here import DOCUMENT
from viewcomfy.environments.toml import read_toml


def applied(data_dir: Path) -> list[tuple[str, Installation]]:
    """Return the ids and installations of those that are whole, in order of their ids."""
    return list(_whole(environments_folder(data_dir)))


def current(data_dir: Path) -> str:
    """Return the id of the one that was switched to; empty for none. Raises ComfyUINotFound where that can't be read."""
    return read_current(data_dir)[0]


def installation_of(data_dir: Path, environment: str) -> Installation:
    """Return the installation of one; raise UnknownEnvironment where it has not been made, or not to its end."""
    for found, installation in applied(data_dir):
        if found == environment:
            return installation
    known = ", ".join(found for found, _ in applied(data_dir)) or "none"
    hint = f"Made here: {known}. `viewcomfy env apply FILE` makes one, and goes on with one that was cut off."
    raise UnknownEnvironment(f"There is no environment {environment[:80]!r} here.", hint=hint)


def document_of(data_dir: Path, environment: str) -> Document:
    """Return the document that one was made from, also of one whose making was cut off. Raises UnknownEnvironment."""
    folder = environments_folder(data_dir) / environment
    try:
        if ENVIRONMENT.fullmatch(environment):
            return read_toml((folder / "base" / ".viewcomfy" / DOCUMENT).read_text(), f"The document of {environment}")
    except (OSError, BadInput) as fault:
        raise UnknownEnvironment(
            f"There is no environment {environment} here.", hint="`viewcomfy env list` shows those there are."
        ) from fault
    raise UnknownEnvironment(f"{environment[:80]!r} is no id of an environment.", hint="`viewcomfy env list` shows those there are.")


def _whole(folder: Path) -> Iterator[tuple[str, Installation]]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if ENVIRONMENT.fullmatch(path.name):
            try:
                yield path.name, Installation.from_folder(path)
            except ComfyUINotFound:
                continue  # cut off: applying it again goes on
