"""Get ComfyUI's code and packs of custom nodes exactly as a document names them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import run
from viewcomfy.core.errors import InstallFailed, ViewComfyError
from viewcomfy.environments.document import Code, Pack
from viewcomfy.packs.fetch import fetch
from viewcomfy.packs.git import outside_of_any
from viewcomfy.packs.record import write_pack
from viewcomfy.packs.registry import Registry
from viewcomfy.packs.source import GitSource, RegistrySource

Say = Callable[[str], None]


def get_code(code: Code, folder: Path, say: Say) -> None:
    """Check the commit of ComfyUI's repository out into a new folder, without its history. Raises InstallFailed."""
    folder.mkdir(parents=True)
    _git(folder, say, "init", "--quiet")
    _git(folder, say, "remote", "add", "origin", code.repository)
    try:
        _git(folder, lambda _: None, "fetch", "--quiet", "--depth", "1", "origin", code.commit)
    except InstallFailed:  # not every server gives single commits
        _git(folder, say, "fetch", "--quiet", "--tags", "origin")
    _git(folder, say, "checkout", "--quiet", "--detach", code.commit)


def get_pack(installation: Installation, pack: Pack, registry: Registry) -> None:
    """Put a pack into an installation's folder of custom nodes, whole or not at all. Raises InstallFailed, which names it."""
    scratch = installation.records / "getting"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    source = GitSource(pack.url, pack.commit) if pack.commit else RegistrySource(pack.id, pack.version)
    try:
        recorded = fetch(source, scratch / pack.name, scratch, registry)
    except ViewComfyError as fault:
        hint = fault.hint or "Mend the cause and apply it again: it goes on where it stopped."
        raise InstallFailed(f"The pack {pack.name} can't be had here. {fault.message}", hint=hint) from fault
    (scratch / pack.name).rename(installation.base / "custom_nodes" / pack.name)
    shutil.rmtree(scratch)
    write_pack(installation, replace(recorded, added_at=datetime.now(UTC).isoformat(timespec="seconds")))


def _git(folder: Path, say: Say, *words: str) -> None:
    env = {**outside_of_any(os.environ), "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:ssh:git"}  # handed on, not read
    run(["git", "-C", folder, *words], on_line=say, env=env)
