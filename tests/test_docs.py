"""The documentation names everything there is: routes, settings, commands, error codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.docs_tables import DOCS, TABLES, with_table
from viewcomfy.server.app import create_app
from viewcomfy.settings import Settings

ROOT = DOCS.parent


def routes(tmp_path: Path) -> list[str]:
    app = create_app(None, Settings(data_dir=tmp_path))  # type: ignore[arg-type]  # only its description is read
    described = app.openapi()["paths"]
    return [f"{method.upper()} {path}" for path, methods in described.items() for method in methods]


def test_every_route_is_documented(tmp_path: Path) -> None:
    text = (DOCS / "api.md").read_text()
    found = routes(tmp_path)
    assert len(found) > 15
    assert [route for route in found if f"`{route}`" not in text] == []


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_tables_of_settings_errors_and_commands_are_up_to_date(name: str) -> None:
    page = (DOCS / name).read_text()
    assert page == with_table(page, TABLES[name]()), "run `python -m tools.docs_tables`"


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_in_the_site() -> None:
    site = (ROOT / "zensical.toml").read_text()
    assert [page.name for page in DOCS.rglob("*.md") if f'"{page.relative_to(DOCS)}"' not in site] == []
