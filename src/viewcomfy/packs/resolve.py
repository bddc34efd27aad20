"""Resolve what a pack requires under constraints: torch, ComfyUI's own packages and other packs' requirements stay met."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from viewcomfy.comfy.changes import Change, canonical, differences
from viewcomfy.comfy.install import REQUIREMENTS, STAND_INS
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import Packages
from viewcomfy.core.errors import InstallFailed, PackConflict
from viewcomfy.packs.requirements import Clash, Wanted, clashes, constraints_of, parsed, protected, required_names, without_names

HINT = "Nothing was changed. Another version of the pack may fit (GIT_URL@TAG); or give it a ComfyUI of its own, see `viewcomfy env`."
QUOTED = 12


@dataclass(frozen=True, slots=True)
class Ground:
    """What the packages are before a pack comes: those installed, those that have to stay, those that are empty stand-ins here."""

    installed: Mapping[str, str]
    pins: Mapping[str, str]
    stand_ins: tuple[str, ...]
    python: str

    @classmethod
    def of(cls, installation: Installation, packages: Packages) -> Ground:
        """Look at an installation."""
        installed = packages.installed()
        named = {canonical(each.name) for line in REQUIREMENTS if (each := parsed(line)) is not None}
        core = named.union(*(required_names(installation.main.parent / f"{kind}requirements.txt") for kind in ("", "manager_")))
        stand_ins = tuple(name for name in STAND_INS if name not in installed and packages.has(name))
        return cls(installed, protected(installed, core), stand_ins, _python_version(packages))


@dataclass(frozen=True, slots=True)
class Plan:
    """What adding a pack does to the packages; `notes` are sentences about what is not done as the pack would have it."""

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    arguments: tuple[str, ...] = field(default=(), repr=False)


def resolve(wanted: Wanted, others: Collection[str], ground: Ground, packages: Packages, folder: Path) -> Plan:
    """Return what would change; `others` are the requirements of other packs, `folder` is for the files that the installer is given.

    Raises PackConflict where something would change that has to stay, and where what the pack wants can't be had.
    """
    lines = without_names(wanted.lines, ground.stand_ins)
    if found := clashes(lines, ground.pins, ground.python):
        raise conflict(found, "What the pack requires does not fit this ComfyUI")
    notes = _notes(wanted, lines)
    if not lines:
        return Plan(notes=notes)
    arguments = _write(folder, lines, constraints_of(others, ground.installed, ground.python), ground, packages, strict=True)
    try:
        changes = packages.would_change(*arguments)
    except InstallFailed as fault:
        if _fits_together(folder, packages):
            raise _unsolved(fault, ground) from fault
        # what has to stay does not even fit together as it is: it is only kept as it is, not looked into
        arguments = _write(folder, lines, (), ground, packages, strict=False)
        changes = _relaxed(packages, arguments, ground)
    check_changes(changes, ground)
    return Plan(tuple(changes), notes, tuple(arguments))


def check_changes(changes: Sequence[Change], ground: Ground) -> None:
    """Raise PackConflict where a package would change that has to stay, or a stand-in become a real package."""
    moved = [Clash(each.name, each.before, each.after or "to remove it") for each in changes if each.name in ground.pins]
    moved += [Clash(each.name, "(a stand-in)", each.after) for each in changes if each.name in ground.stand_ins]
    if moved:
        raise conflict(moved, "The pack would replace packages that ComfyUI needs as they are")


def conflict(found: Sequence[Clash], what: str) -> PackConflict:
    """Return the error that names packages, what is installed and what the pack wants."""
    problems = [{"package": each.name, "installed": each.installed, "wanted": each.wanted, "message": str(each)} for each in found]
    return PackConflict(f"{what}: " + " ".join(str(each) for each in found), hint=HINT, problems=problems)


def changes_of(before: Mapping[str, str], packages: Packages) -> list[Change]:
    """Return what has become of the packages since."""
    return differences(before, packages.installed())


def _notes(wanted: Wanted, lines: Sequence[str]) -> tuple[str, ...]:
    notes = [f"Left out of its requirements, since where packages come from is not a pack's to say: {line}" for line in wanted.left_out]
    kept = set(lines)
    names = sorted({canonical(each.name) for line in wanted.lines if line not in kept and (each := parsed(line)) is not None})
    return (*notes, *(stand_in_note(name) for name in names))


def stand_in_note(name: str) -> str:
    """Say what it means that a package is a stand-in."""
    return (
        f"It requires {name}, which is an empty stand-in in this ComfyUI for the CPU, because there is no build that fits its torch: "
        f"nodes that really use {name} will fail."
    )


def _write(
    folder: Path, lines: Sequence[str], constraints: Sequence[str], ground: Ground, packages: Packages, *, strict: bool
) -> list[str]:
    """Write the files for the installer and return its arguments.

    What has to stay is required (`strict`), so that what it needs itself stays too, and not only constrained.
    """
    pins = [f"{name}=={version}" for name, version in ground.pins.items()]
    files = {
        "requirements.txt": lines,
        "core.txt": pins,
        "constraints.txt": [*pins, *constraints],
        "override.txt": [f"{name}; python_version < '0'" for name in ground.stand_ins],
    }
    for name, content in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in content))
    arguments = ["-r", str(folder / "requirements.txt"), "-c", str(folder / "constraints.txt")]
    if strict:
        arguments += ["-r", str(folder / "core.txt")]
    if ground.stand_ins and packages.has_uv:
        arguments += ["--override", str(folder / "override.txt")]
    return arguments


def _fits_together(folder: Path, packages: Packages) -> bool:
    try:
        packages.would_change("-r", str(folder / "core.txt"), *_override(folder, packages))
    except InstallFailed:
        return False
    return True


def _override(folder: Path, packages: Packages) -> list[str]:
    return ["--override", str(folder / "override.txt")] if packages.has_uv else []


def _relaxed(packages: Packages, arguments: Sequence[str], ground: Ground) -> list[Change]:
    try:
        return packages.would_change(*arguments)
    except InstallFailed as fault:
        raise _unsolved(fault, ground) from fault


def _unsolved(fault: InstallFailed, ground: Ground) -> PackConflict:
    """Say in the resolver's words why there is no solution, and what of it is installed."""
    text = "\n".join(fault.message.splitlines()[-QUOTED:])
    words = {canonical(word) for word in re.findall(r"[A-Za-z][A-Za-z0-9._-]*", text)}
    named = [name for name in ground.pins if name in words]
    installed = ", ".join(f"{name} {ground.pins[name]}" for name in named)
    stays = f"\nInstalled, and to stay: {installed}." if named else ""
    problems = [{"package": name, "installed": ground.pins[name], "wanted": "", "message": f"{name} {ground.pins[name]}"} for name in named]
    return PackConflict(f"What the pack requires can't be installed here:\n{text}{stays}\n", hint=HINT, problems=problems)


def _python_version(packages: Packages) -> str:
    text = (packages.python.parent.parent / "pyvenv.cfg").read_text(errors="replace")
    found = re.search(r"^version(?:_info)?\s*=\s*([0-9.]+)", text, re.MULTILINE)
    return found[1].rstrip(".") if found else packages.site_packages.parent.name.removeprefix("python")
