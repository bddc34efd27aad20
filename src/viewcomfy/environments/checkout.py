"""A checkout of git: its commit, where it is from, and whether somebody has changed it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from viewcomfy.core.errors import ViewComfyError
from viewcomfy.packs.git import changes, commit_in, origin_of, own_commits
from viewcomfy.packs.source import shown


@dataclass(frozen=True, slots=True)
class Checkout:
    """`url` is empty where it has no remote, and without credentials; `changed`: files of the commit have been changed since.

    `is_own`: the commit was made here, and its repository does not have it as far as that is known.
    """

    url: str
    commit: str
    changed: bool
    is_own: bool = False


def checkout_of(folder: Path) -> Checkout | None:
    """Return what a folder is a checkout of; None where it is none, or only part of a larger one."""
    commit = commit_in(folder)
    return Checkout(shown(origin_of(folder)[0]), commit, _is_changed(folder), _is_own(folder, commit)) if commit else None


def _is_own(folder: Path, commit: str) -> bool:
    try:
        return any(commit.startswith(line.partition(" ")[0]) for line in own_commits(folder))
    except ViewComfyError:  # without git that can't be told
        return False


def _is_changed(folder: Path) -> bool:
    try:
        return bool(changes(folder))
    except ViewComfyError:  # without git, or in a folder of somebody else, that can't be told
        return False
