"""`viewcomfy comfyui`: install a ComfyUI, or say which one is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, DataDir, settings_from
from viewcomfy.core.errors import JobCanceled

if TYPE_CHECKING:
    from viewcomfy.comfy.install import InstallProgress, Report
    from viewcomfy.comfy.installation import Installation

comfyui = typer.Typer(help="Install a ComfyUI, or say which one is used.", no_args_is_help=True)


@comfyui.command()
def install(
    folder: Annotated[Path | None, typer.Option("--dir", metavar="DIR", help="Where to; by default into the data folder.")] = None,
    data_dir: DataDir = None,
    cpu: Annotated[
        bool | None, typer.Option("--cpu/--gpu", metavar="", help="For the CPU alone or for the GPU; by default what is there.")
    ] = None,
    tiny_models: Annotated[
        bool,
        typer.Option("--tiny-models", metavar="", help="Add tiny models (28 MB, made on the spot) that sample plain pictures on a CPU."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Install ComfyUI, a program of its own (GPL-3.0).

    What it took from where is shown. Interrupted, it goes on where it stopped when it is run again.
    """
    from viewcomfy.cli import show
    from viewcomfy.comfy.tiny_models import write_tiny_models

    installation = install_comfyui(folder or _install_folder(data_dir), use_cpu=cpu)
    if tiny_models:
        write_tiny_models(installation)
    if as_json:
        return show.as_json(_as_dict(installation))
    show.say("ComfyUI is installed.", style="green")
    return show.facts(_facts(installation))


@comfyui.command()
def info(
    data_dir: DataDir = None,
    named: Annotated[str | None, typer.Option("--comfyui", metavar="URL|DIR", help="This one, instead of what `serve` would find.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which ComfyUI would be used, from where it came, and its licence."""
    from viewcomfy.cli import show
    from viewcomfy.comfy.find import find
    from viewcomfy.settings import Settings

    settings = settings_from(Settings, data_dir=data_dir, comfyui=named)
    found = find(settings.comfyui, settings.data_dir)
    if as_json:
        return show.as_json({"url": found} if isinstance(found, str) else _as_dict(found))
    return show.facts([("running at", found)] if isinstance(found, str) else _facts(found))


def install_comfyui(folder: Path, *, use_cpu: bool | None = None) -> Installation:
    """Install ComfyUI with its progress on stderr; a finished install is returned at once. Raises InstallFailed, DiskFull."""
    from viewcomfy.comfy.install import install

    try:
        with install_view() as report:
            return install(folder, report, use_cpu=use_cpu)
    except KeyboardInterrupt:
        raise JobCanceled("The installation was interrupted.", hint="Run it again: it goes on where it stopped.") from None


@contextmanager
def install_view() -> Iterator[Report]:
    """Give what shows the progress of an install: a bar in a terminal, a line for each step in a pipe."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    from viewcomfy.cli import show

    console = show.err()
    if not console.is_terminal:
        yield _step_lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(12),
        TimeElapsedColumn(),
        TextColumn(
            "{task.fields[line]}",
            style="dim",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis", max_width=max(8, console.width - 60)),
        ),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("ComfyUI", total=1.0, line="", visible=False)

        def report(at: InstallProgress) -> None:
            text = f"{at.number}/{at.total} {at.title}"
            bar.update(task, description=text, completed=at.fraction, line=at.line, visible=True)

        yield report


def _step_lines() -> Report:
    from viewcomfy.cli import show

    def report(at: InstallProgress) -> None:
        if not at.line:
            show.say(f"[{at.number}/{at.total}] {at.title}")
        elif at.step != "warm-up" and not at.line.startswith(" "):  # what ComfyUI says and lists of packages help nobody here
            show.say(f"  {at.line}")

    return report


def _install_folder(data_dir: Path | None) -> Path:
    from viewcomfy.comfy.find import install_folder
    from viewcomfy.settings import Settings

    return install_folder(settings_from(Settings, data_dir=data_dir).data_dir)


def _as_dict(found: Installation) -> dict[str, Any]:
    return {
        "version": found.version,
        "licence": found.licence,
        "source": found.source,
        "folder": str(found.main.parent),
        "models": str(found.models),
        "python": str(found.python),
        "cpu": found.use_cpu,
    }


def _facts(found: Installation) -> list[tuple[str, Any]]:
    return [
        ("version", found.version),
        ("licence", found.licence),
        ("taken from", found.source),
        ("folder", str(found.main.parent)),
        ("models", str(found.models)),
        ("runs on", "the CPU" if found.use_cpu else "the GPU"),
    ]
