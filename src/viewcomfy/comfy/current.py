"""Which of the environments below the data folder is the one to use, and where each lies."""

from __future__ import annotations

import re
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.core.deployments import ENVIRONMENT
from viewcomfy.core.errors import ComfyUINotFound

FOLDER = "environments"
CURRENT = "current"
NONE = "none"
"""What stands for the ComfyUI that is found where no environment is switched to."""
BACK_HINT = "`viewcomfy env back` switches to the one before, `viewcomfy env use none` to none."
_LINES = re.compile(rf"({ENVIRONMENT.pattern}|{NONE})\n({ENVIRONMENT.pattern}|{NONE})\n")


def environments_folder(data_dir: Path) -> Path:
    """Return the folder that environments lie in, each under its id."""
    return data_dir.expanduser().absolute() / FOLDER


def read_current(data_dir: Path) -> tuple[str, str]:
    """Return the ids of the environment to use and of the one before; empty for none.

    Raises ComfyUINotFound for a file that says neither.
    """
    path = environments_folder(data_dir) / CURRENT
    try:
        match = _LINES.fullmatch(path.read_text())
    except FileNotFoundError:
        return "", ""
    except (OSError, ValueError) as fault:
        raise ComfyUINotFound(f"{path} can't be read: {fault}.", hint=BACK_HINT) from fault
    if match is None:
        raise ComfyUINotFound(f"{path} names no environment.", hint=f"Remove it, or write it anew: {BACK_HINT}")
    return match[1].replace(NONE, ""), match[2].replace(NONE, "")


def current_installation(data_dir: Path) -> Installation | None:
    """Return the environment to use, None where none is switched to; raise ComfyUINotFound where it is gone or not whole."""
    current, _ = read_current(data_dir)
    if not current:
        return None
    try:
        return Installation.from_folder(environments_folder(data_dir) / current)
    except ComfyUINotFound as fault:
        raise ComfyUINotFound(f"The environment in use, {current}, is not there as a whole. {fault.message}", hint=BACK_HINT) from fault
