"""Write the tables of settings, error codes and commands into docs/, from the code: `python -m tools.docs_tables`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from viewcomfy.cli.commands import app
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


def commands_table() -> str:
    """Return a section for each command, with its arguments and options."""
    return "\n".join(line for path, command in walk(typer.main.get_command(app), "viewcomfy") for line in _command(path, command))


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with the words that call it."""
    for name, sub in getattr(command, "commands", {}).items():
        yield from walk(sub, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command


def _command(path: str, command: Any) -> Iterator[str]:
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    words = [path, *(f"{word.metavar or word.name.upper()}" for word in arguments)]
    yield f"\n## `{' '.join(words)}`\n\n{' '.join((command.help or '').split())}\n"
    options = [parameter for parameter in command.params if parameter.opts[0].startswith("-") and parameter.name != "help"]
    if options:
        yield "| option | meaning |\n|---|---|"
    for option in options:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        default = option.show_default if isinstance(option.show_default, str) else ""
        yield f"| {names} | {' '.join((option.help or '').split())}{f' Default: {default}.' if default else ''} |"


TABLES: dict[str, Callable[[], str]] = {"settings.md": settings_table, "errors.md": errors_table, "cli.md": commands_table}


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
