"""An installation is a ComfyUI on this machine that we can start."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.comfy.hardware import has_gpu
from viewcomfy.core.errors import ComfyUINotFound

RECORD = "install.json"
PYTHONS = ("venv/bin/python", ".venv/bin/python", "../venv/bin/python", "../.venv/bin/python")
LICENCE = "GPL-3.0"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where its Python and its main.py are, and `base`, the folder of models and custom nodes that its processes share.

    `source` says where it came from, `licence` under which terms; `use_cpu`: it must be told to do without a GPU.
    """

    python: Path
    main: Path
    base: Path
    version: str
    source: str
    licence: str = LICENCE
    use_cpu: bool = True

    @property
    def models(self) -> Path:
        """The folder that the models lie in."""
        return self.base / "models"

    @property
    def records(self) -> Path:
        """The folder of what we write about it, which need not be there."""
        return self.base / ".viewcomfy"

    def options(self) -> frozenset[str]:
        """Return the command line options that this version knows."""
        text = _read(self.main.parent / "comfy" / "cli_args.py")
        return frozenset(re.findall(r"[\"'](--[a-z0-9-]+)[\"']", text))

    @classmethod
    def from_folder(cls, folder: Path, *, python: Path | None = None) -> Installation:
        """Read a folder that our install made, or a checkout of ComfyUI with its virtual environment; raise ComfyUINotFound."""
        folder = folder.expanduser().absolute()
        if (folder / RECORD).is_file():
            return _installed(folder)
        main = folder / "main.py"
        if not main.is_file() or not (folder / "comfy").is_dir():
            raise ComfyUINotFound(f"There is no ComfyUI in {folder}.", hint="Name the folder that holds its main.py.")
        found = python or next((folder / place for place in PYTHONS if (folder / place).exists()), None)
        if found is None:
            hint = "Make a virtual environment named 'venv' in it, with ComfyUI's requirements."
            raise ComfyUINotFound(f"{folder} has no virtual environment to run ComfyUI with.", hint=hint)
        version, source = comfyui_version(folder), f"the folder {folder}"
        return cls(python=found.absolute(), main=main, base=folder, version=version, source=source, use_cpu=_needs_cpu(found))


def comfyui_version(folder: Path) -> str:
    """Return the version of a checkout, or "unknown"."""
    match = re.search(r"__version__\s*=\s*[\"']([^\"']+)", _read(folder / "comfyui_version.py"))
    return match.group(1) if match else "unknown"


def _installed(folder: Path) -> Installation:
    try:
        record = json.loads((folder / RECORD).read_text())
        facts = {name: str(record[name]) for name in ("version", "source", "licence")}
        is_complete = record["complete"] is True
        use_cpu = bool(record["use_cpu"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ComfyUINotFound(f"{folder / RECORD} cannot be read.", hint="Run `viewcomfy comfyui install` again.") from fault
    found = Installation(folder / "venv" / "bin" / "python", folder / "ComfyUI" / "main.py", folder / "base", use_cpu=use_cpu, **facts)
    if not is_complete or not found.python.exists() or not found.main.is_file():
        hint = "Run `viewcomfy comfyui install`: it goes on where it stopped."
        raise ComfyUINotFound(f"The installation in {folder} is not complete.", hint=hint)
    return found


def _needs_cpu(python: Path) -> bool:
    """Tell whether there is no GPU, or a torch that cannot use it; without importing torch, which takes seconds."""
    if not has_gpu():
        return True
    for version in python.absolute().parent.parent.glob("lib/python*/site-packages/torch/version.py"):
        return "+cpu" in version.read_text()
    return False


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
