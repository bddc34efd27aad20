"""Backends of our own, each a ComfyUI in memory in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Launch

MAIN = """import sys
sys.path[:0] = {path!r}
from viewcomfy.testing.fake_comfy.__main__ import main
main()
"""


def managed_pool(folder: Path, *, backends: int = 1, extra_args: tuple[str, ...] = ()) -> Pool:
    """Return a pool that starts its own ComfyUIs; `break_start` and `mend_start` say whether they can be started."""
    return Pool.managed(Launch(installed(folder), folder / "backends", extra_args=extra_args), backends, gpus=())


def installed(folder: Path) -> Installation:
    """Return a ComfyUI in memory as an installation in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mend_start(folder)
    return Installation(Path(sys.executable), folder / "main.py", folder / "base", "0.3.75", "test")


def mend_start(folder: Path) -> None:
    """Have ComfyUIs be started again."""
    (folder / "main.py").write_text(MAIN.format(path=[place for place in sys.path if place]))


def break_start(folder: Path) -> None:
    """Have ComfyUIs end as soon as they are started."""
    (folder / "main.py").write_text("import sys\nprint('no such CUDA device')\nsys.exit(3)\n")
