"""What the built dashboard weighs, without a browser."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

BUILT = Path(__file__).parents[2] / "src" / "viewcomfy" / "server" / "static" / "dashboard"
FIRST_PAGE = 200_000
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*["']\./([\w.-]+\.js)["']""")
LAZY = re.compile(r"""import\(\s*[`"']\./([\w.-]+\.js)[`"']\s*\)""")


@pytest.fixture(scope="module")
def assets() -> Path:
    """The folder of the built scripts; a clone that has not built them skips the test, but not CI."""
    if not BUILT.is_dir() and not os.environ.get("CI"):
        pytest.skip("the dashboard is not built: make dashboard")
    return BUILT / "assets"


@pytest.mark.parametrize("page", ["SignInPage", "DeploymentsPage"])
def test_the_first_page_is_light(assets: Path, page: str) -> None:
    index = (BUILT / "index.html").read_text()
    [entry] = re.findall(r'<script type="module"[^>]* src="/assets/([^"]+)"', index)
    [chunk] = assets.glob(f"{page}-*.js")
    messages = [file.name for name in ("common", "signIn", "deployments") for file in assets.glob(f"{name}-*.js")]
    scripts = reached(assets, {entry, chunk.name, *messages})
    weight = sum((assets / f"{name}.gz").stat().st_size for name in scripts)
    assert weight < FIRST_PAGE, {name: (assets / f"{name}.gz").stat().st_size for name in scripts}


def test_nothing_comes_from_another_host(assets: Path) -> None:
    index = (BUILT / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', index) == []
    styles = "".join(file.read_text() for file in assets.glob("*.css"))
    assert re.findall(r"url\(\s*[\"']?(?:https?:)?//[^)]*|@import[^;]*", styles) == []


def test_every_text_asset_is_there_compressed(assets: Path) -> None:
    texts = [file for file in assets.iterdir() if file.suffix in {".js", ".css", ".svg"} and file.stat().st_size > 1_400]
    assert len(texts) > 20
    assert [file.name for file in texts if not file.with_name(f"{file.name}.gz").exists()] == []


def reached(assets: Path, names: set[str]) -> set[str]:
    """Return these scripts with all that they import at once."""
    found: set[str] = set()
    while names - found:
        name = min(names - found)
        found.add(name)
        names = names | set(IMPORT.findall((assets / name).read_text()))
    return found
