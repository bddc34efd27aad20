"""`viewcomfy backends`: look at the ComfyUIs behind a server, start, stop, drain and restart them, read their logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from viewcomfy.cli.options import AsJson, with_client
from viewcomfy.core.backends import BackendAction
from viewcomfy.core.errors import BadInput, UnknownBackend

if TYPE_CHECKING:
    from viewcomfy.client.client import Client
    from viewcomfy.wire.workers import BackendOut

LOOK_SECONDS = 1.0
STATE_COLORS = {"ready": "green", "starting": "cyan", "failed": "red", "stopped": "yellow"}

backends = typer.Typer(help="Look at the ComfyUIs behind a server; start, stop, drain and restart them.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(metavar="BACKEND", help="The backend, as `list` names it.", show_default=False),
]


@backends.command("list")
@with_client
def list_backends(client: Client, as_json: AsJson = False) -> None:
    """List the backends of all workers."""
    from viewcomfy.cli import show

    found = client.workers().workers
    if as_json:
        return show.as_json([{"worker": worker.name, **backend.model_dump(mode="json")} for worker in found for backend in worker.backends])
    pairs = [(worker.name, backend) for worker in found for backend in worker.backends]
    if not pairs:
        return show.say("No backends: no ComfyUI is connected.")
    names = [backend.name for _, backend in pairs]
    rows = [
        (
            backend.name if names.count(backend.name) == 1 else f"{worker}/{backend.name}",
            show.colored(_state(backend), STATE_COLORS.get(backend.state, "")),
            backend.device or "",
            _memory(backend),
            f"{backend.environment} (aside)" if backend.aside else backend.environment or "",
            str(len(backend.prompt_ids)),
            str(backend.starts),
            _failure(backend).partition("\n")[0],
        )
        for worker, backend in pairs
    ]
    return show.table(["BACKEND", "STATE", "DEVICE", "FREE", "ENVIRONMENT", "JOBS", "STARTS", "LAST FAILURE"], rows)


def _state(backend: BackendOut) -> str:
    warm_up = backend.warm_up.state if backend.warm_up else ""
    more = "draining" if backend.draining else "warming up" if warm_up == "running" else "warm" if warm_up == "done" else ""
    return f"{backend.state}, {more}" if more else backend.state


def _failure(backend: BackendOut) -> str:
    """Return what went wrong last: with its warm-up, or with itself."""
    warm_up = backend.warm_up
    if warm_up and warm_up.state == "failed":
        return f"warm-up of {warm_up.deployment}: {warm_up.error}"
    return backend.last_failure or ""


def _memory(backend: BackendOut) -> str:
    """Return the memory that is free, the GPU's where there is one."""
    from viewcomfy.cli import show

    free, total = (backend.vram_free, backend.vram_total) if backend.vram_total else (backend.ram_free, backend.ram_total)
    return f"{show.size(free)} of {show.size(total)}" if free is not None and total else ""


@backends.command()
@with_client
def start(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Start a backend, and give it jobs again."""
    _order(client, name, BackendAction.START, as_json=as_json)


@backends.command()
@with_client
def stop(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Stop a backend now.

    Its jobs go back to the queue and run again; the next job starts it, unless it is drained.
    """
    _order(client, name, BackendAction.STOP, as_json=as_json)


@backends.command()
@with_client
def drain(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Give a backend no more jobs.

    It is stopped when its running ones have ended, and stays so until it is started.
    """
    _order(client, name, BackendAction.DRAIN, as_json=as_json)


@backends.command()
@with_client
def restart(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Restart a backend when its running jobs have ended."""
    _order(client, name, BackendAction.RESTART, as_json=as_json)


@backends.command()
@with_client
def logs(
    client: Client,
    name: Name,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", metavar="", help="Go on with what comes, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the last lines that a backend has printed.

    With --json one object a line: number, at, text.
    """
    from viewcomfy.cli import show

    worker, backend = _find(client, name)
    after = 0
    while True:
        found = client.backend_logs(worker, backend, after)
        for line in found.lines:
            show.as_json(line.model_dump()) if as_json else show.lines([line.text])
        after = found.next
        if not found.lines and not follow:
            return
        if not found.lines:
            time.sleep(LOOK_SECONDS)


def _order(client: Client, name: str, action: BackendAction, *, as_json: bool) -> None:
    from viewcomfy.cli import show

    told = client.order_backend(*_find(client, name), action)
    show.as_json(told.model_dump(mode="json")) if as_json else show.say(f"{name} is {_state(told)}.")


def _find(client: Client, name: str) -> tuple[str, str]:
    """Return the worker and the name of a backend."""
    pairs = [(worker.name, backend.name) for worker in client.workers().workers for backend in worker.backends]
    found = [pair for pair in pairs if name in (pair[1], "/".join(pair))]
    if len(found) > 1:
        raise BadInput(f"{name} is on {len(found)} workers.", hint=f"Say which: {', '.join('/'.join(pair) for pair in found)}.")
    if not found:
        known = ", ".join(dict.fromkeys(pair[1] for pair in pairs)) or "none"
        raise UnknownBackend(f"There is no backend {name!r}.", hint=f"There are: {known}.")
    return found[0]
