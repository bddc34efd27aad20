"""Print the environment that ComfyUI has when it begins to load torch, as JSON, and end there.

    python early_environment.py MAIN [ARGUMENT…]

Packages read some variables when they are loaded, and ComfyUI sets some of those itself, by its options and the GPU that it sees.
Custom nodes are left out: what they do before ComfyUI starts may be done only once.
"""

import json
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class Reached(BaseException):
    """It has come to torch."""


class Guard(MetaPathFinder):
    """Stop the import of torch, but not a look for where it is."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return nothing: it is found by others."""
        del path, target
        if name == "torch" and self._is_import():
            raise Reached
        return None

    @staticmethod
    def _is_import() -> bool:
        frame = sys._getframe(2)  # the import system tells a finder no other way
        return frame is not None and frame.f_back is not None and frame.f_back.f_code.co_name == "_find_and_load_unlocked"


if __name__ == "__main__":
    told = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    main = sys.argv[1]
    sys.argv = [main, *sys.argv[2:], "--disable-all-custom-nodes"]
    sys.path[0] = str(Path(main).parent)
    os.chdir(sys.path[0])
    sys.meta_path.insert(0, Guard())
    try:
        runpy.run_path(main, run_name="__main__")
    except Reached:
        os.write(told, json.dumps(dict(os.environ)).encode())
