"""Which environment an installation is: noted when it was made or frozen, and true until it is changed."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from viewcomfy.comfy.fingerprint import contents_fingerprint
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import records_folder
from viewcomfy.environments.document import Document
from viewcomfy.environments.toml import write_toml

DOCUMENT = "environment.toml"
STAMP = "environment.json"


def environment_id(installation: Installation) -> str:
    """Return the id of the environment that an installation is; empty where that is not known, or packs or packages have changed since.

    It blocks for some milliseconds.
    """
    try:
        stamp = json.loads((installation.records / STAMP).read_text())
        found, fingerprint = str(stamp["id"]), str(stamp["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return found if fingerprint == contents_fingerprint(installation) else ""


def note_environment(installation: Installation, document: Document) -> None:
    """Note that an installation is as this document says, from now on until it changes. Raises OSError where it can't be written."""
    folder = records_folder(installation)
    write_whole(folder / DOCUMENT, write_toml(document))
    stamp = {"id": document.id, "fingerprint": contents_fingerprint(installation)}
    write_whole(folder / STAMP, json.dumps(stamp, indent=2) + "\n")


def try_note(installation: Installation, document: Document) -> bool:
    """Note it as `note_environment` does, if its folder can be written to; tell whether it was."""
    try:
        note_environment(installation, document)
    except OSError:
        return False
    return True


def write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever reads it, a crash of the machine in between or not, finds the old content or the new."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
