"""Stop files that grow too long: `python -m tools.sizes`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITS = {"src": 400, "tools": 400, "bench": 400, "examples": 400, "tests": 600, "dashboard/src": 400}
"""Lines that a file below each folder may have."""
SUFFIXES = {"dashboard/src": (".ts", ".tsx", ".css")}
MADE = ("schema.d.ts",)
"""Written by a program, for no person to read."""


def too_long(root: Path) -> list[str]:
    """Return a sentence for each file over its limit."""
    found = []
    for folder, limit in LIMITS.items():
        suffixes = SUFFIXES.get(folder, (".py",))
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in suffixes or path.name in MADE:
                continue
            lines = len(path.read_text("utf-8").splitlines())
            if lines > limit:
                found.append(f"{path.relative_to(root)} has {lines} lines; {limit} is the most. Give its second noun a file of its own.")
    return found


def main() -> None:
    """Say what is too long, and fail."""
    if found := too_long(ROOT):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
