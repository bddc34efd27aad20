"""`viewcomfy serve`: the server."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.options import AsJson, DataDir, settings_from

if TYPE_CHECKING:
    from rich.text import Text

    from viewcomfy.cli.serving import Running
    from viewcomfy.settings import Settings


def serve(
    *,
    host: Annotated[str | None, typer.Option("--host", metavar="NAME", help="The address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="N", help="The port, 8000 by default; 0 takes a free one.")] = None,
    data_dir: DataDir = None,
    comfyui: Annotated[
        str | None, typer.Option("--comfyui", metavar="URL|DIR", help="The ComfyUI to use; by default one that runs, or the one installed.")
    ] = None,
    backends: Annotated[
        int | None, typer.Option("--backends", metavar="N", help="How many ComfyUI processes may run at once; 1 by default, 0: none here.")
    ] = None,
    idle_timeout: Annotated[
        float | None,
        typer.Option("--idle-timeout", metavar="SECONDS", help="Stop a ComfyUI that is idle for so long; 300 by default, 0: never."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="Where rows are kept: postgresql://…; SQLite in the data folder by default."),
    ] = None,
    files: Annotated[
        str | None, typer.Option("--files", metavar="URL", help="Where files are kept: s3://…, gs://…, az://…; the data folder by default.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="URL", help="Who gives out jobs: nats://…, for workers elsewhere and many servers.")
    ] = None,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="NAME", help="The pool whose jobs this machine runs; `default` by default.")
    ] = None,
    public_url: Annotated[str | None, typer.Option("--public-url", metavar="URL", help="The URL that callers use, behind a proxy.")] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error; info by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the API.

    Every option can be set by a variable too: VIEWCOMFY_PORT for --port.
    With --json one line is written once the server answers: {"url", "admin_token"}.
    """
    gc.disable()  # what is imported lives for ever: to look for garbage in it takes a fifth of the start
    from viewcomfy.cli.logs import log_to_stderr
    from viewcomfy.cli.process import run_loop
    from viewcomfy.settings import Settings

    settings = settings_from(
        Settings, host=host, port=port, data_dir=data_dir, comfyui=comfyui, backends=backends, idle_timeout=idle_timeout,
        store=store, files=files, engine=engine, pool=pool, public_url=public_url, log_level=log_level,
    )  # fmt: skip
    log_to_stderr(settings.log_level)
    run_loop(_serve(settings, as_json=as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    from viewcomfy.cli import show
    from viewcomfy.cli.process import told_by_signals
    from viewcomfy.cli.serving import running_server

    with told_by_signals() as told:
        async with running_server(settings, told) as running:
            gc.freeze()
            # a job makes thousands of objects that die young: to look less often spares a tenth of its CPU
            gc.set_threshold(20_000, 20, 10)
            gc.enable()
            if as_json:
                show.as_json({"url": running.url, "admin_token": running.opened.admin_token})
            else:
                show.panel(title(), start_facts(settings, running), footer="Ctrl-C stops it.")
            await told.once.wait()
            if (console := show.err()).is_terminal:
                console.print()  # the terminal has written ^C
            show.say("Stopping: running jobs get time to end. Once more stops at once.", console, style="dim")


def title() -> Text:
    """Return what stands above the facts of a server that has started."""
    from rich.text import Text

    from viewcomfy.cli.version import version

    return Text.assemble(("viewcomfy ", "bold"), version(), " is serving")


def start_facts(settings: Settings, running: Running) -> list[tuple[str, Any]]:
    """Return what a person needs to know of a server that has started; a token of their own is not repeated."""
    from viewcomfy.cli.engines import nats_url, shown_engine

    facts: list[tuple[str, Any]] = [
        ("dashboard", dashboard_facts(running.url)),
        ("API", f"{running.url}/docs"),
        ("data", str(settings.data_dir.resolve())),
        ("ComfyUI", comfyui_facts(running.opened.comfyui)),
    ]
    if nats_url(settings):
        facts.append(("engine", f"NATS at {shown_engine(settings)}"))
    if running.opened.admin_token and settings.admin_token is None:
        facts.append(("admin token", running.opened.admin_token))
        facts.append(("", "Keep it: it is not shown again."))
    return facts


def dashboard_facts(url: str) -> Text:
    """Say where the dashboard is, or what it lacks to be built."""
    from rich.text import Text

    from viewcomfy.server.dashboard import BUILT

    if (BUILT / "index.html").exists():
        return Text(f"{url}/")
    return Text("not built: install Node.js 20 or newer and run `make dashboard`", style="yellow")


def comfyui_facts(comfyui: Any) -> Text:
    """Say which ComfyUI is used: an installation, the URL of one that runs, why there is none, or that none is wanted here."""
    from rich.text import Text

    from viewcomfy.comfy.installation import Installation
    from viewcomfy.core.errors import ComfyUINotFound

    if comfyui is None:
        return Text("none in this process: workers run the jobs")
    if isinstance(comfyui, Installation):
        return Text(f"{comfyui.version} in {comfyui.main.parent}, started when a job needs it")
    if isinstance(comfyui, ComfyUINotFound):
        return Text(f"{comfyui.message} Calls answer 503 until there is one. {comfyui.hint or ''}", style="yellow")
    return Text(f"the one that runs at {comfyui}")
