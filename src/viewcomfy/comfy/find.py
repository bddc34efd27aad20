"""Find the ComfyUI to use: the one named, the environment switched to, one that runs, one in a usual folder, or the one we installed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from viewcomfy.comfy.current import current_installation
from viewcomfy.comfy.installation import RECORD, Installation
from viewcomfy.core.errors import ComfyUINotFound

USUAL_URL = "http://127.0.0.1:8188"
PROBE_SECONDS = 1.0
INSTALL_HINT = "Run `viewcomfy comfyui install`, or name one with --comfyui URL or --comfyui DIR."


def install_folder(data_dir: Path) -> Path:
    """Return the folder below the data folder that our own install goes to."""
    return data_dir.expanduser().absolute() / "comfyui"


def usual_folders() -> list[Path]:
    """Return the folders that people keep a ComfyUI in, the nearest first."""
    return [Path.cwd(), Path.cwd() / "ComfyUI", Path.home() / "ComfyUI", Path.home() / "comfy" / "ComfyUI"]


def find(named: str | None, data_dir: Path, *, url: str = USUAL_URL, folders: Sequence[Path] | None = None) -> str | Installation:
    """Return a URL to attach to, or an installation to start; raise ComfyUINotFound, saying what to do.

    What was named is taken at its word: a URL is not probed. Otherwise the first of: the environment that was switched to, one that
    answers at `url`, one in `folders` (None: the usual ones), the one installed below `data_dir`.
    """
    if named:
        return named.rstrip("/") if named.startswith(("http://", "https://")) else Installation.from_folder(Path(named))
    return current_installation(data_dir) or _without_environment(data_dir, url, usual_folders() if folders is None else folders)


def find_apart(data_dir: Path, *, url: str = USUAL_URL) -> str | Installation | None:
    """Return what is found where no environment is switched to; None where there is nothing."""
    try:
        return _without_environment(data_dir, url, usual_folders())
    except ComfyUINotFound:
        return None


def _without_environment(data_dir: Path, url: str, folders: Sequence[Path]) -> str | Installation:
    if is_comfyui(url):
        return url
    for folder in (*folders, install_folder(data_dir)):
        if (folder / "main.py").is_file() or (folder / RECORD).is_file():
            try:
                return Installation.from_folder(folder)
            except ComfyUINotFound:
                continue  # no ComfyUI after all, or not complete
    raise ComfyUINotFound("No ComfyUI was found.", hint=INSTALL_HINT)


def is_comfyui(url: str) -> bool:
    """Tell whether a ComfyUI answers at a URL."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy for the outside world would not find 127.0.0.1
    try:
        with opener.open(f"{url}/system_stats", timeout=PROBE_SECONDS) as response:
            answer = json.load(response)
    except (OSError, ValueError):
        return False
    return isinstance(answer, dict) and "comfyui_version" in (answer.get("system") or {})
