"""Make the virtual environment .venv with everything for development, in the versions of constraints.txt: `python3 tools/setup.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
NEEDED = (3, 11)

sys.path.insert(0, str(ROOT / "src"))


def main() -> None:
    """Make it, or bring it up to date."""
    if sys.version_info < NEEDED:
        sys.exit(f"This is Python {sys.version.split()[0]}; {NEEDED[0]}.{NEEDED[1]} or later is needed: make PYTHON=python3.11")
    make_venv()
    install()


def make_venv() -> None:
    """Make .venv unless it is there and works."""
    python = VENV / "bin" / "python"
    if python.exists() and subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return
    print("Making a virtual environment in .venv", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(f"{made.stdout}{made.stderr}\nOn Debian and Ubuntu, `apt-get install python{version}-venv` adds what is missing.")


def install() -> None:
    """Install the project and its tools: with uv where it can be had, with pip otherwise, by pip's own settings."""
    from viewcomfy.comfy.packages import Packages
    from viewcomfy.core.errors import InstallFailed

    packages = Packages(VENV, lambda line: print(f"  {line}", flush=True))
    print("Installing viewcomfy and its tools", flush=True)
    try:
        packages.can_install("-q", "-c", str(CONSTRAINTS), "uv")
        packages.install("-q", "-c", str(CONSTRAINTS), "-e", f"{ROOT}[dev]")
    except InstallFailed as fault:
        sys.exit(str(fault))
    # uv leaves this to the first import, and where Python may not write bytecode every start would do it anew
    subprocess.run([VENV / "bin" / "python", "-m", "compileall", "-q", "-j", "0", packages.site_packages, ROOT / "src"], check=False)


if __name__ == "__main__":
    main()
