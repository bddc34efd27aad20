"""`viewcomfy nodes`: packs of custom nodes, added so that a ComfyUI that works goes on working."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.cli.nodes_find import find
from viewcomfy.cli.options import AsJson, DataDir, settings_from

if TYPE_CHECKING:
    from pathlib import Path

    from viewcomfy.comfy.changes import Change
    from viewcomfy.comfy.installation import Installation
    from viewcomfy.packs.install import Installer, Outcome
    from viewcomfy.packs.shelf import Found

nodes = typer.Typer(help="Packs of custom nodes: add, list, update, remove.", no_args_is_help=True)

nodes.command()(find)

Named = Annotated[str | None, typer.Option("--comfyui", metavar="DIR", help="The ComfyUI, instead of the one that `serve` would find.")]
DryRun = Annotated[bool, typer.Option("--dry-run", metavar="", help="Only show what would change; nothing is installed.")]
Force = Annotated[bool, typer.Option("--force", metavar="", help="Also where files have been changed by hand: they are lost.")]


@nodes.command()
def add(
    source: Annotated[str, typer.Argument(metavar="GIT_URL[@REF]|ID[@VERSION]", help="A repository, or an id of the registry.")],
    dry_run: DryRun = False,
    named: Named = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a pack: https://github.com/owner/pack, that with @commit, @tag or @branch, or an id of the registry.

    Its packages are installed without changing torch or what ComfyUI itself needs; where that can't be, it is refused. Its install.py
    is run if it has one. Then ComfyUI is started once with it. If it, or another pack, is not imported, everything stays as it was.
    Backends take it up when their jobs have ended. A pack is a program: add what you trust.
    """
    from viewcomfy.packs.source import parse_source

    wanted = parse_source(source)
    _tell(_installer(named, data_dir).add(wanted, is_dry=dry_run), as_json=as_json)


@nodes.command()
def update(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME[@REF]]", help="The pack, and a commit, tag, branch or version of it.")
    ] = None,
    *,
    dry_run: DryRun = False,
    force: Force = False,
    named: Named = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring a pack, or all of ours, to the newest commit of its branch or its newest version, with the same trial as `add`.

    What is pinned to a commit, tag or version stays, unless another is named. Files that the pack or you have added to its folder stay.
    """
    installer = _installer(named, data_dir)
    if name is None:
        return _update_all(installer, is_dry=dry_run, force=force, as_json=as_json)
    pack, _, ref = name.partition("@")
    return _tell(installer.update(pack, ref, is_dry=dry_run, force=force), as_json=as_json)


@nodes.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The pack.")],
    force: Force = False,
    named: Named = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a pack away. The packages that it brought stay: others may use them by now.

    Deployments that need its nodes fail from then on; `viewcomfy deployments report NAME` tells what is missing.
    """
    from viewcomfy.cli import show
    from viewcomfy.packs import shelf

    gone = shelf.remove(_installation(named, data_dir), name, force=force, say=show.say)
    if as_json:
        return show.as_json({"removed": gone.name, "classes": list(gone.pack.classes)})
    show.say(f"{gone.name} is gone; the packages that it brought stay.", style="green")
    if gone.pack.classes:
        show.say(f"Deployments with these nodes will fail now: {_some(gone.pack.classes)}")
    return None


@nodes.command("list")
def list_packs(named: Named = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the packs, those that somebody put there by hand too."""
    from viewcomfy.cli import show
    from viewcomfy.packs.journal import recover_if_idle
    from viewcomfy.packs.shelf import listed

    installation = _installation(named, data_dir)
    recover_if_idle(installation, show.say)
    found = listed(installation)
    if as_json:
        return show.as_json([_as_dict(each) for each in found])
    show.table(("name", "state", "follows", "nodes", "from"), [_row(each) for each in found])
    return None


def _installation(named: str | None, data_dir: Path | None) -> Installation:
    from viewcomfy.comfy.find import find
    from viewcomfy.core.errors import ComfyUINotFound
    from viewcomfy.settings import Settings

    settings = settings_from(Settings, data_dir=data_dir, comfyui=named)
    found = find(settings.comfyui, settings.data_dir)
    if isinstance(found, str):
        hint = "Name its folder with --comfyui DIR."
        raise ComfyUINotFound(f"Packs go into the folder of a ComfyUI, and {found} is one that runs somewhere.", hint=hint)
    return found


def _installer(named: str | None, data_dir: Path | None) -> Installer:
    import shlex

    from viewcomfy.cli import show
    from viewcomfy.packs.install import Installer
    from viewcomfy.packs.registry import Registry
    from viewcomfy.settings import Settings

    settings = settings_from(Settings, data_dir=data_dir, comfyui=named)
    return Installer(
        _installation(named, data_dir),
        Registry(settings.node_registry),
        settings.start_timeout,
        tuple(shlex.split(settings.comfyui_args)),
        show.say,
    )


def _update_all(installer: Installer, *, is_dry: bool, force: bool, as_json: bool) -> None:
    """Update one pack after the other; those that can't be don't hold up the others, and make the command fail."""
    from viewcomfy.cli import show
    from viewcomfy.core.errors import Conflict, ViewComfyError
    from viewcomfy.packs.record import read_packs

    outcomes, failed = [], []
    for name in sorted(read_packs(installer.installation)):
        try:
            outcomes.append(installer.update(name, is_dry=is_dry, force=force))
        except ViewComfyError as fault:
            failed.append({"pack": name, "code": fault.code, "message": fault.message})
            if not as_json:
                show.failed(fault)
        else:
            if not as_json:
                _show(outcomes[-1])
    if as_json:
        show.as_json([_outcome_dict(each) for each in outcomes])
    if failed:
        raise Conflict(f"Not updated: {', '.join(each['pack'] for each in failed)}.", problems=failed)


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    from viewcomfy.cli import show

    return show.as_json(_outcome_dict(outcome)) if as_json else _show(outcome)


def _show(outcome: Outcome) -> None:
    from viewcomfy.cli import show

    for note in outcome.notes:
        show.say(note, style="yellow")
    if outcome.is_same:
        return None
    for change in outcome.changes:
        show.lines([_change_line(change)])
    state = f"{outcome.before} → {outcome.pack.state}" if outcome.before else outcome.pack.state
    if outcome.is_dry:
        packages = f"{_counted(outcome.changes, 'package')} would change" if outcome.changes else "no package would change"
        script = "; its install.py would be run, which may do more" if outcome.has_script else ""
        return show.say(f"{outcome.pack.name} {state} fits: {packages}{script}. It has not been tried.", style="green")
    show.say(
        f"{outcome.pack.name} {state} is in place, with {_counted(outcome.pack.classes, 'node')}: {_some(outcome.pack.classes)}",
        style="green",
    )
    show.say("Backends of this ComfyUI take it up when their jobs have ended.")
    return None


def _change_line(change: Change) -> str:
    if not change.before:
        return f"new   {change.name} {change.after}"
    if not change.after:
        return f"gone  {change.name} {change.before}"
    return f"{_direction(change):<5} {change.name} {change.before} → {change.after}"


def _direction(change: Change) -> str:
    """Return "up" or "down"; "other" for versions that can't be compared."""
    from packaging.version import InvalidVersion, Version

    try:
        return "up" if Version(change.after) > Version(change.before) else "down"
    except InvalidVersion:
        return "other"


def _outcome_dict(outcome: Outcome) -> dict[str, Any]:
    changes = [{**asdict(each), "direction": _kind(each)} for each in outcome.changes]
    pack = asdict(outcome.pack)
    return {
        "pack": pack,
        "before": outcome.before,
        "changed": not outcome.is_same and not outcome.is_dry,
        "packages": changes,
        "notes": list(outcome.notes),
        "runs_install_script": outcome.has_script,
    }


def _kind(change: Change) -> str:
    return "new" if not change.before else "gone" if not change.after else _direction(change)


def _as_dict(found: Found) -> dict[str, Any]:
    return {**asdict(found.pack), "by_hand": not found.is_ours, "enabled": found.is_enabled}


def _row(found: Found) -> Sequence[str]:
    pack = found.pack
    follows = pack.branch or ("newest" if pack.id and not pack.pinned else "pinned" if found.is_ours else "")
    origin = pack.url or (f"registry: {pack.id}" if pack.id else "")
    marks = [mark for mark, holds in (("by hand", not found.is_ours), ("off", not found.is_enabled)) if holds]
    return (found.name, pack.state, follows, str(len(pack.classes) or ""), " ".join([origin, *(f"({mark})" for mark in marks)]).strip())


def _counted(things: Sequence[object], what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
