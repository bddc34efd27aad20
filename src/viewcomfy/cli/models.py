"""`viewcomfy models`: the models of the ComfyUI on this machine; fetched, checked, removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.exits import ExitCode
from viewcomfy.cli.options import AsJson, DataDir, settings_from
from viewcomfy.core.errors import BadInput, JobCanceled, NotManaged

if TYPE_CHECKING:
    from viewcomfy.models.shelf import Held, Shelf

models = typer.Typer(help="The models of the ComfyUI on this machine; fetch, check and remove them.", no_args_is_help=True)

Named = Annotated[str | None, typer.Option("--comfyui", metavar="DIR", help="The ComfyUI, instead of the one that `serve` would find.")]
Place = Annotated[str, typer.Argument(metavar="FOLDER/FILE", help="The model, as `list` names it.", show_default=False)]
STATES = {"sound": "green", "broken": "red", "missing": "yellow", "unfinished": "yellow"}


@models.command("list")
def list_models(
    folder: Annotated[str | None, typer.Argument(metavar="[FOLDER]", help="Only those of this folder, such as loras.")] = None,
    data_dir: DataDir = None,
    named: Named = None,
    as_json: AsJson = False,
) -> None:
    """List the models, those in folders of extra_model_paths.yaml too."""
    from viewcomfy.cli import show

    found = [held for held in _shelf(named, data_dir).list() if folder in (None, held.model.folder)]
    if as_json:
        return show.as_json([_as_dict(held) for held in found])
    if not found:
        return show.say("There are no models." if folder is None else f"There are no models in {folder}.")
    rows = [(held.model.path, show.size(held.size), _origin(held), show.when(held.used_at or None)) for held in found]
    show.table(["MODEL", "SIZE", "FROM", "USED"], rows)
    return show.say(f"{len(found)} model{'s' if len(found) != 1 else ''}, {show.size(sum(held.size for held in found))}", style="dim")


@models.command()
def add(
    *,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it can be had; a page of Hugging Face or Civitai will do.")],
    to: Annotated[str, typer.Option("--to", metavar="FOLDER", help="ComfyUI's folder for its kind: checkpoints, loras, vae …")],
    name: Annotated[str, typer.Option("--name", metavar="FILE", help="Its name here; by default the one that it has there.")] = "",
    sha256: Annotated[str, typer.Option("--sha256", metavar="HEX", help="What its bytes must come to.", show_default=False)] = "",
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", metavar="", help="Take a .ckpt, .pt, .pth or .bin, which can run code when it is loaded.")
    ] = False,
    data_dir: DataDir = None,
    named: Named = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model.

    Interrupted, it goes on where it stopped when it is run again. What is there is never overwritten. Tokens come from variables:
    HF_TOKEN, CIVITAI_API_TOKEN, VIEWCOMFY_MODEL_TOKENS.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.fetch_view import fetch_view
    from viewcomfy.core.model_urls import file_name
    from viewcomfy.core.models import Model, check_model

    check_model(Model(to, name or "unnamed", url, sha256))
    shelf = _shelf(named, data_dir)
    try:
        with fetch_view(name or file_name(url) or to) as report:
            added = shelf.add(Model(to, name, url, sha256.lower()), allow_pickle=allow_pickle, report=report)
    except KeyboardInterrupt:
        raise JobCanceled("The download was interrupted.", hint="Run it again: it goes on where it stopped.") from None
    if as_json:
        return show.as_json(_as_dict(added.held) | {"was_there": added.was_there})
    held = added.held
    if added.was_there:
        known = "" if held.model.sha256 and held.model.sha256 == sha256.lower() else " It was not compared: no hash was named."
        return show.say(f"{held.model.path} is there already ({show.size(held.size)}).{known if not sha256 else ''}", style="green")
    show.say(f"{held.model.path} is there: {show.size(held.size)}.", style="green")
    return show.facts([("sha256", held.model.sha256), ("file", str(held.path))])


@models.command()
def check(
    quick: Annotated[bool, typer.Option("--quick", metavar="", help="Only the headers; reading all bytes takes about 1 s a GB.")] = False,
    data_dir: DataDir = None,
    named: Named = None,
    as_json: AsJson = False,
) -> None:
    """Verify all models against their headers, and against the hashes that they came with.

    Ends with 1 where something is broken or missing.
    """
    from viewcomfy.cli import show
    from viewcomfy.cli.fetch_view import many_view

    with many_view() as report:
        found = list(_shelf(named, data_dir).check(quick=quick, report=report))
    if as_json:
        show.as_json([{"path": one.path, "state": one.state, "detail": one.told} for one in found])
    else:
        show.items([(one.state, STATES[one.state], f"{one.path}: {one.told}") for one in found], show.out())
        sound = sum(one.state == "sound" for one in found)
        show.say(f"{sound} of {len(found)} are sound." if found else "There are no models.", style="dim")
    if any(one.state in ("broken", "missing") for one in found):
        raise typer.Exit(ExitCode.RUN_FAILED)


@models.command()
def remove(
    model: Place,
    force: Annotated[bool, typer.Option("--force", metavar="", help="Remove it although viewcomfy did not fetch it.")] = False,
    data_dir: DataDir = None,
    named: Named = None,
    as_json: AsJson = False,
) -> None:
    """Remove a model, or what has come of one whose download was given up."""
    from viewcomfy.cli import show

    folder, slash, file = model.partition("/")
    if not slash or not file:
        raise BadInput(f"{model!r} is not the name of a model.", hint="Write its folder before it: checkpoints/base.safetensors.")
    held = _shelf(named, data_dir).remove(folder, file, force=force)
    if as_json:
        return show.as_json(_as_dict(held))
    again = f" It can be had again from {held.model.url}" if held.model.url else ""
    return show.say(f"{held.model.path} is removed: {show.size(held.size)} are free.{again}", style="green")


def _shelf(named: str | None, data_dir: Path | None) -> Shelf:
    """Return the shelf of the ComfyUI on this machine. Raises NotManaged for one that is known by its URL alone."""
    import shlex

    from viewcomfy.cli.shelves import tokens_of
    from viewcomfy.comfy.find import find
    from viewcomfy.models.shelf import Shelf
    from viewcomfy.settings import WorkerSettings

    settings = settings_from(WorkerSettings, data_dir=data_dir, comfyui=named)
    found = find(settings.comfyui, settings.data_dir)
    if isinstance(found, str):
        raise NotManaged(
            f"Where the ComfyUI at {found} has its models is not known: viewcomfy did not start it.",
            hint="Name its folder: --comfyui DIR.",
        )
    args = tuple(shlex.split(settings.comfyui_args))
    return Shelf(found, extra_args=args, tokens=tokens_of(settings), limit=settings.model_cache)


def _as_dict(held: Held) -> dict[str, Any]:
    return held.model.as_dict() | {
        "size": held.size,
        "path": str(held.path),
        "fetched": held.fetched,
        "cached": held.cached,
        "extra": held.extra,
        "added_at": held.added_at or None,
        "used_at": held.used_at or None,
    }


def _origin(held: Held) -> str:
    from viewcomfy.core.model_urls import host_of

    if held.extra:
        return str(held.path.parent)
    if not held.fetched:
        return ""
    return f"{host_of(held.model.url)}{', for deployments' if held.cached else ''}"
