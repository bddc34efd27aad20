"""Build, check or test the dashboard, where Node.js is there: `python tools/dashboard.py build|check|test`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "dashboard"
BUILT = ROOT / "src" / "viewcomfy" / "server" / "static" / "dashboard" / "index.html"
PACKAGES = SOURCE / "node_modules" / ".package-lock.json"
NEEDED = 20
MISSING = f"The dashboard is not built: install Node.js {NEEDED} or newer, with npm, and run this again. Everything else works without it."


def main() -> None:
    """Do what is asked for. A build without Node.js says what to install and is no failure; a check or a test is."""
    wanted = sys.argv[1:]
    if wanted not in (["build"], ["check"], ["test"]):
        sys.exit("Say what to do: build, check or test.")
    if not node_is_there():
        print(MISSING, file=sys.stderr)
        sys.exit(0 if wanted == ["build"] else 1)
    if wanted == ["build"]:
        build()
    else:
        install()
        run("run", "--silent", *wanted)


def build() -> None:
    """Build it, unless what was built is newer than every source."""
    if BUILT.exists() and BUILT.stat().st_mtime > max(path.stat().st_mtime for path in sources()):
        return
    print("Building the dashboard", flush=True)
    install()
    run("run", "--silent", "build", "--", "--logLevel", "warn")


def install() -> None:
    """Fetch the packages that the lock file names, unless they are there."""
    if PACKAGES.exists() and PACKAGES.stat().st_mtime > (SOURCE / "package-lock.json").stat().st_mtime:
        return
    # not `ci`: that wants every platform's optional packages in the lock file, and a registry may not have them all
    run("install", "--no-save", "--loglevel", "error")


def sources() -> Iterator[Path]:
    """Yield what the build is made of."""
    yield from (path for path in SOURCE.iterdir() if path.is_file())
    yield from (path for path in (SOURCE / "src").rglob("*") if path.is_file() and path.name != "schema.d.ts")


def node_is_there() -> bool:
    """Tell whether npm and a Node.js that is new enough can be run."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", answer.stdout)
    return version is not None and int(version[1]) >= NEEDED


def run(*arguments: str) -> None:
    """Run npm in the dashboard's folder; end with its exit code when it fails."""
    npm = shutil.which("npm")
    code = subprocess.run([str(npm), *arguments], cwd=SOURCE, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
