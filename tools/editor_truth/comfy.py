"""A ComfyUI that says the same of its nodes on every machine: no models, no files, no nodes of others, and all of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tools.editor_truth.packages import node_packages
from viewcomfy.comfy.api import ComfyApi
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.process import ComfyProcess, Launch

SETTINGS = {"Comfy.TutorialCompleted": True, "Comfy.Locale": "en"}
"""What keeps the editor from greeting a newcomer."""


@dataclass(frozen=True, slots=True)
class BareLaunch(Launch):
    """How to start it: the API nodes are on, and `packages` is on Python's path."""

    packages: Path = Path()

    def arguments(self, port: int) -> list[str]:
        """Return main.py's arguments."""
        return [argument for argument in Launch.arguments(self, port) if argument != "--disable-api-nodes"]

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the process's environment."""
        return {**Launch.environment(self, inherited), "PYTHONPATH": str(self.packages)}


@asynccontextmanager
async def bare_comfy(installation: Installation, folder: Path, cache: Path, frontend: Path | None = None) -> AsyncIterator[str]:
    """Yield the URL of a ComfyUI with folders of its own below `folder`, and with the editor in `frontend`."""
    packages = node_packages(cache, installation.python)
    own = folder / "comfyui"
    (own / "user" / "default").mkdir(parents=True, exist_ok=True)
    (own / "user" / "default" / "comfy.settings.json").write_text(json.dumps(SETTINGS))
    page = ("--front-end-root", str(frontend)) if frontend else ()
    launch = BareLaunch(replace(installation, base=folder / "base"), own, extra_args=page, packages=packages)
    process = ComfyProcess(launch, on_lines=lambda _: None)
    await process.start()
    try:
        yield process.url
    finally:
        await process.stop()


async def object_info(url: str) -> dict[str, Any]:
    """Return what a ComfyUI says of its nodes."""
    api = ComfyApi(url)
    try:
        return dict(json.loads(await api.object_info()))
    finally:
        await api.close()
