"""Write constraints.txt: the newest version of everything that development installs: `python -m tools.lock`."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
HEAD = "# Exact versions of everything that is installed for development and tests; `make lock` writes them."
BESIDES = "uv\nhatchling\n"
"""What installs the rest."""


def main() -> None:
    """Resolve and write; no name of a package host gets into the file."""
    options = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--universal", "--python-version", "3.11"]
    what = ["--extra", "dev", str(ROOT / "pyproject.toml"), "-"]
    command = [str(ROOT / ".venv/bin/uv"), "pip", "compile", "--quiet", *options, *what]
    answer = subprocess.run(command, input=BESIDES, stdout=subprocess.PIPE, text=True, check=True)
    CONSTRAINTS.write_text(f"{HEAD}\n{answer.stdout}", encoding="utf-8")


if __name__ == "__main__":
    main()
