"""Write the tables of settings and error codes into docs/, from the code: `python -m tools.docs_tables`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from viewcomfy.core.errors import all_errors
from viewcomfy.settings import ClientSettings, Settings

DOCS = Path(__file__).parents[1] / "docs"


def settings_table() -> str:
    """Return a row for each VIEWCOMFY_* variable."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    fields = {**ClientSettings.model_fields, **Settings.model_fields}
    for name, field in sorted(fields.items()):
        default = "" if field.default is None else f"`{field.default}`" if str(field.default) else ""
        rows.append(f"| `VIEWCOMFY_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def errors_table() -> str:
    """Return a row for each error code."""
    rows = ["| code | status | when |", "|---|---|---|"]
    for error in sorted(all_errors(), key=lambda cls: (cls.status, cls.code)):
        rows.append(f"| `{error.code}` | {error.status} | {(error.__doc__ or '').splitlines()[0]} |")
    return "\n".join(rows)


TABLES: dict[str, Callable[[], str]] = {"settings.md": settings_table, "errors.md": errors_table}


def with_table(page: str, table: str) -> str:
    """Return the page with what stands between its two markers replaced."""
    return re.sub(r"(<!-- table -->\n).*?(<!-- end -->)", lambda found: f"{found[1]}{table}\n{found[2]}", page, flags=re.DOTALL)


def main() -> None:
    """Bring every page up to date."""
    for name, table in TABLES.items():
        page = DOCS / name
        page.write_text(with_table(page.read_text(), table()))


if __name__ == "__main__":
    main()
