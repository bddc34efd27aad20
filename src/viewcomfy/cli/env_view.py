"""How environments are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from viewcomfy.cli import show
from viewcomfy.comfy.current import NONE
from viewcomfy.environments.compare import Difference, compare
from viewcomfy.environments.trial import LOG

if TYPE_CHECKING:
    from viewcomfy.cli.env_apply import Applied
    from viewcomfy.cli.env_place import Entry
    from viewcomfy.environments.document import Document

COLORS = {"added": "green", "removed": "red", "changed": "yellow"}
LONG_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,52}\b")


def applied(found: Applied, *, as_json: bool) -> None:
    """Tell what came of applying an environment."""
    built = found.built
    if as_json:
        return show.as_json(_applied_dict(found))
    for sentence in built.missing:
        show.say(sentence, style="yellow")
    if built.failed:
        log = built.installation.base.parent / LOG
        show.say(f"ComfyUI does not import: {', '.join(built.failed)}. What it says about that is in {log}.", style="yellow")
    if found.switched:
        return switched(built.document.id, found.before, as_json=False)
    for name in found.unfit:
        show.say(f"{name} could not run in it.", style="yellow")
    return show.say(f"{built.document.id} is made. `viewcomfy env use {built.document.id}` switches to it.", style="green")


def switched(now: str, before: str, *, as_json: bool) -> None:
    """Tell what is used from now on."""
    if as_json:
        return show.as_json({"id": now or None, "before": before or None})
    if now == before:
        return show.say(f"{now or NONE} is in use already.")
    what = f"{now} is in use" if now else "No environment is in use"
    return show.say(f"{what} from now on; `viewcomfy env back` goes back to {before or NONE}.", style="green")


def entries(found: Sequence[Entry]) -> None:
    """Write a table of environments."""
    if not found:
        return show.say("There are no environments here. `viewcomfy env freeze` writes one down, `viewcomfy env apply FILE` makes it.")
    rows = [
        (entry.id, entry.use, entry.comfyui, entry.python, entry.torch, str(entry.packs), _state(entry), entry.folder) for entry in found
    ]
    return show.table(["ID", "IN USE", "COMFYUI", "PYTHON", "TORCH", "PACKS", "STATE", "FOLDER"], rows)


def changes(before: Document, after: Document) -> None:
    """Tell on stderr what differs."""
    for each in compare(before, after):
        show.say(f"  {each.what} {each.name} {_short(each.before)}{' → ' if each.before and each.after else ''}{_short(each.after)}")


def differences(found: Sequence[Difference]) -> None:
    """Write a table of what differs."""
    rows = [(show.colored(each.what, COLORS[each.what]), each.kind, each.name, _short(each.before), _short(each.after)) for each in found]
    show.table(["", "KIND", "NAME", "BEFORE", "AFTER"], rows)


def as_dict(difference: Difference) -> dict[str, Any]:
    """Return a difference as JSON values."""
    return {"what": difference.what, **asdict(difference)}


def _applied_dict(found: Applied) -> dict[str, Any]:
    return {
        "id": found.built.document.id,
        "folder": str(found.built.installation.base.parent),
        "switched": found.switched,
        "before": found.before or None,
        "missing_models": list(found.built.missing),
        "failed_packs": list(found.built.failed),
        "checked_deployments": found.checked,
        "unfit_deployments": list(found.unfit),
    }


def _state(entry: Entry) -> str:
    if not entry.whole:
        return "not whole: apply it again"
    return "changed since" if entry.changed else ""


def _short(text: str) -> str:
    return LONG_HASH.sub(r"\1", text)
