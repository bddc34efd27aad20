"""What ComfyUI prints while it starts, without what would only alarm the person who waits."""

from __future__ import annotations

from collections.abc import Iterable

LEAN = (
    "********** ERROR", "-----", "Please install the updated requirements.txt", "If you are on the portable package",
    "This error is happening because", "Error importing dependencies: No module named", "comfyui-workflow-templates is not installed",
    "comfyui-embedded-docs package not found", "WARNING: some comfy_extras/", "IMPORT FAILED: nodes_", "torchaudio missing",
    "This issue might be caused by new missing", "Please do a: pip install", "Context impl SQLiteImpl", "Will assume non-transactional",
    "No target revision found", "setup plugin alembic",
)  # fmt: skip
"""About parts that we leave out on purpose: the editor, its templates and documents, and nodes with heavy packages."""
PLACES = (
    "Setting output directory", "Setting input directory", "Setting user directory", "Setting temp directory", "To see the GUI",
    "[Prompt Server] web root",
)  # fmt: skip
"""About folders that are ours."""


class StartupLines:
    """Pick the lines of one start that are worth showing, each once; of a custom node that fails, the line that says why."""

    def __init__(self) -> None:
        self._shown: set[str] = set()
        self._in_trace = False

    def pick(self, lines: Iterable[str]) -> list[str]:
        """Return the lines to show."""
        return [line for line in lines if self._is_worth(line)]

    def _is_worth(self, line: str) -> bool:
        if self._in_trace:
            self._in_trace = line.startswith(" ")
            return False
        if line.startswith("Traceback (most recent call last)"):
            self._in_trace = True
            return False
        if line in self._shown or line.startswith(LEAN + PLACES) or "-m pip install -r" in line or "/comfy_extras/" in line:
            return False
        self._shown.add(line)
        return True
