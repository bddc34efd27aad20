"""The dashboard on its way from source to wheel: the types' source is up to date, the wheel carries what was built."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.dashboard import BUILT, MISSING, ROOT, node_is_there
from tools.openapi import DOCUMENT, document


def test_the_dashboards_types_are_made_of_todays_api() -> None:
    assert DOCUMENT.read_text() == document(), "run `python -m tools.openapi`"


def test_the_lock_file_names_no_address() -> None:
    assert '"resolved"' not in (ROOT / "dashboard" / "package-lock.json").read_text()


def test_without_node_a_build_says_what_to_install_and_is_no_failure(tmp_path: Path) -> None:
    asked = [sys.executable, str(ROOT / "tools" / "dashboard.py")]
    built = subprocess.run([*asked, "build"], capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=False)
    assert (built.returncode, built.stderr.strip()) == (0, MISSING)
    checked = subprocess.run([*asked, "check"], capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=False)
    assert (checked.returncode, checked.stderr.strip()) == (1, MISSING)


@pytest.mark.skipif(not BUILT.exists() and not node_is_there(), reason="there is no Node.js to build it with")
def test_a_wheel_carries_the_dashboard(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    folder = "viewcomfy/server/static/dashboard/"
    assert f"{folder}index.html" in names
    assert any(name.startswith(f"{folder}assets/index-") and name.endswith(".js.gz") for name in names)
    assert not any("node_modules" in name or name.startswith("dashboard/") for name in names)
