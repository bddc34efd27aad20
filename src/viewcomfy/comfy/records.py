"""Records: what we write about an installation, in a folder of its own beside its models and custom nodes."""

from __future__ import annotations

import secrets
from pathlib import Path

from viewcomfy.comfy.installation import Installation

REVISION = "revision"


def records_folder(installation: Installation) -> Path:
    """Return the folder of the records, which is made where it is missing; git does not see it."""
    folder = installation.records
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return folder


def bump(installation: Installation) -> None:
    """Tell those who run this installation that it has changed: they start it anew when their jobs have ended."""
    folder = records_folder(installation)
    fresh = folder / f"{REVISION}.{secrets.token_hex(4)}"
    fresh.write_text(secrets.token_hex(8))
    fresh.replace(folder / REVISION)  # a reader sees the one or the other


def revision(installation: Installation) -> str:
    """Return what changes with every `bump`; empty before the first."""
    try:
        return (installation.records / REVISION).read_text()
    except OSError:
        return ""
