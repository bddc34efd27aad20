"""Start a ComfyUI whose arguments make it end after its start, and write down which node classes each pack brought.

Run by ComfyUI's own Python: `trial_start.py REPORT MAIN ARGUMENT…`.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run main.py as if it were the program; end at once when it has ended, whatever threads a pack has started."""
    report, program = Path(sys.argv[1]), sys.argv[2]
    _end_with_parent()
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(program).parent)
    code, stopped_in = 0, ""
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        stopped_in = _pack_file(end.__traceback__)
        if stopped_in:
            traceback.print_exception(end)
    report.write_text(json.dumps({"code": code, "stopped_in": stopped_in, "classes": _classes()}))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent() -> None:
    """Ask the kernel to kill this process when the one that waits for it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _pack_file(trace: TracebackType | None) -> str:
    """Return the file of a pack that an exception came from; empty where none had a part in it: the end that was asked for."""
    found = ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        found = name if "/custom_nodes/" in name else found
        trace = trace.tb_next
    return found


def _classes() -> dict[str, list[str]]:
    """Return the node classes by the name of the pack they came from."""
    found: dict[str, list[str]] = {}
    mappings = getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {})
    for name, node in mappings.items():
        module = str(getattr(node, "RELATIVE_PYTHON_MODULE", ""))
        if module.startswith("custom_nodes."):
            found.setdefault(module.removeprefix("custom_nodes."), []).append(str(name))
    return found


if __name__ == "__main__":
    main()
