"""`viewcomfy demo`: from nothing to pictures, through the API."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import DataDir, settings_from

if TYPE_CHECKING:
    from viewcomfy.settings import Settings


def demo(
    keep: Annotated[bool, typer.Option("--keep", metavar="", help="Go on serving afterwards, until Ctrl-C.")] = False,
    data_dir: DataDir = None,
    output: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder to save the pictures in.")] = Path(
        "viewcomfy-demo"
    ),
    comfyui: Annotated[
        Path | None, typer.Option("--comfyui", metavar="DIR", help="Use the ComfyUI there instead of installing one.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="N", help="The port to serve on with --keep; 8000 by default.")] = None,
) -> None:
    """See it work: install ComfyUI, serve two samples, call them.

    A second run takes seconds: what is there is used again.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.comfyui import install_comfyui
    from viewcomfy.cli.demo_tour import tour
    from viewcomfy.cli.logs import log_to_stderr
    from viewcomfy.cli.process import run_loop
    from viewcomfy.comfy.find import install_folder
    from viewcomfy.comfy.installation import Installation
    from viewcomfy.comfy.tiny_models import write_tiny_models
    from viewcomfy.settings import Settings

    settings = settings_from(Settings, data_dir=data_dir, port=port)
    log_to_stderr("warning")
    installation = Installation.from_folder(comfyui) if comfyui else install_comfyui(install_folder(settings.data_dir))
    show.say(f"ComfyUI {installation.version} (licence {installation.licence}, from {installation.source})", show.out())
    if write_tiny_models(installation):
        show.say(f"Tiny models, made on the spot, in {installation.models}", show.out())
    again = serve_command(settings, comfyui)
    changes = {
        "comfyui": str(comfyui or install_folder(settings.data_dir)),
        "backends": 1,
        **({} if keep else {"port": 0, "shutdown_grace": 0.0}),
    }
    run_loop(tour(settings.model_copy(update=changes), output, keep=keep, url_again=url_again(settings), again=again))


def serve_command(settings: Settings, comfyui: Path | None) -> str:
    """Return the command that serves the same data again, as it would be typed here."""
    from viewcomfy.settings import Settings

    program = sys.argv[0] if Path(sys.argv[0]).name == "viewcomfy" else "viewcomfy"
    words = [shorter(program), "serve"]
    if settings.data_dir != Settings.model_fields["data_dir"].default:
        words += ["--data-dir", str(settings.data_dir)]
    if settings.port != Settings.model_fields["port"].default:
        words += ["--port", str(settings.port)]
    if comfyui:
        words += ["--comfyui", str(comfyui)]
    return shlex.join(words)


def url_again(settings: Settings) -> str:
    """Return the URL that `viewcomfy serve` will answer at."""
    from viewcomfy.cli.serving import local_url

    return (settings.public_url or local_url(settings.host, settings.port)).rstrip("/")


def shorter(path: str) -> str:
    """Return a path below the current folder as it would be typed."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return path
