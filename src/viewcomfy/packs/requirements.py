"""What a pack requires, and what it must leave as it is: read from files and compared, nothing is run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from viewcomfy.comfy.changes import canonical

TORCH = ("torch", "torchvision", "torchaudio", "torchsde")
MAX_FILES = 20
"""The most files that requirements may include one after the other."""
_COMMENT = re.compile(r"(^|\s+)#.*$")
_INCLUDE = re.compile(r"(?:-r|--requirement)[\s=]*(\S+)")
_LOCAL = re.compile(r"(?:-e|--editable)[\s=]*(.+)")
_OPTIONS_BEHIND = re.compile(r"\s--(?:hash|config-settings|global-option|install-option|index-url|extra-index-url)\b.*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The requirement lines of a pack, and the lines that are left out: options for the installer, which are not a pack's to set."""

    lines: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clash:
    """A package of which a version is installed that has to stay, and what the pack wants of it."""

    name: str
    installed: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.name} {self.installed} is installed and has to stay, the pack wants {self.wanted}."


def read_wanted(folder: Path) -> Wanted:
    """Return what a pack requires: its requirements.txt, or where it has none the dependencies in its pyproject.toml."""
    lines: list[str] = []
    left_out: list[str] = []
    if (folder / "requirements.txt").is_file():
        for line in _lines(folder / "requirements.txt", folder, [MAX_FILES]):
            kept, rest = _sorted_out(line, folder)
            lines += kept
            left_out += rest
    else:
        lines = _project_dependencies(folder / "pyproject.toml")
    return Wanted(tuple(dict.fromkeys(lines)), tuple(left_out))


def required_names(file: Path) -> set[str]:
    """Return the names of the packages in a requirements file; empty where there is none."""
    found = (parsed(line) for line in _lines(file, file.parent, [MAX_FILES]))
    return {canonical(each.name) for each in found if each is not None}


def parsed(line: str) -> Requirement | None:
    """Return a requirement line understood; None for a bare path or URL."""
    try:
        return Requirement(_OPTIONS_BEHIND.sub("", line).strip())
    except InvalidRequirement:
        return None


def clashes(lines: Iterable[str], pins: Mapping[str, str], python: str) -> list[Clash]:
    """Return which of the requirements can't be met by the pinned versions; `python` is the version that markers are for, "3.11.7"."""
    found = []
    for each in _that_apply(lines, python):
        name = canonical(each.name)
        if name in pins and not _allows(each, pins[name]):
            found.append(Clash(name, pins[name], str(each.specifier) or f"that of {each.url}"))
    return found


def constraints_of(lines: Iterable[str], installed: Mapping[str, str], python: str) -> list[str]:
    """Return what others require as constraints, as far as the installed packages meet it now."""
    return [
        f"{canonical(each.name)}{each.specifier}"
        for each in _that_apply(lines, python)
        if each.specifier and not each.url and (version := installed.get(canonical(each.name))) and _allows(each, version)
    ]


def protected(installed: Mapping[str, str], core: Collection[str]) -> dict[str, str]:
    """Return the packages that no pack may change, with their versions: torch's family, and what ComfyUI itself names (`core`)."""
    return {name: version for name, version in installed.items() if name in TORCH or name in core}


def without_names(lines: Iterable[str], names: Collection[str]) -> list[str]:
    """Return the lines that are not about one of these packages."""
    return [line for line in lines if (each := parsed(line)) is None or canonical(each.name) not in names]


def _that_apply(lines: Iterable[str], python: str) -> Iterator[Requirement]:
    short = ".".join(python.split(".")[:2])
    environment = {**default_environment(), "python_version": short, "python_full_version": python, "extra": ""}
    for line in lines:
        each = parsed(line)
        if each is not None and (each.marker is None or each.marker.evaluate(environment)):  # type: ignore[arg-type]  # a TypedDict plus "extra"
            yield each


def _allows(requirement: Requirement, version: str) -> bool:
    if requirement.url:
        return False
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _lines(file: Path, folder: Path, budget: list[int]) -> Iterator[str]:
    """Yield the lines of a requirements file and of those that it includes, as long as they lie in the folder."""
    budget[0] -= 1
    if budget[0] < 0 or not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
        return
    text = file.read_text(encoding="utf-8-sig", errors="replace").replace("\\\n", " ")
    for raw in text.splitlines():
        line = _COMMENT.sub("", raw).strip()
        if include := _INCLUDE.fullmatch(line):
            yield from _lines(file.parent / include[1], folder, budget)
        elif line:
            yield line


def _sorted_out(line: str, folder: Path) -> tuple[Sequence[str], Sequence[str]]:
    """Return what of a line is kept, and what is left out."""
    if local := _LOCAL.fullmatch(line):
        line = local[1].strip()
    if line.startswith("-"):
        return (), (line,)
    if parsed(line) is not None:
        rest = _OPTIONS_BEHIND.search(line)
        kept = _OPTIONS_BEHIND.sub("", line)
        return (kept,), ((rest[0].strip(),) if rest and "--hash" not in rest[0] else ())
    if "://" in line:
        return (line,), ()
    path = (folder / line).resolve()
    return ((str(path),), ()) if path.exists() and path.is_relative_to(folder.resolve()) else ((), (line,))


def _project_dependencies(file: Path) -> list[str]:
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project")
    except (OSError, UnicodeError, tomllib.TOMLDecodeError):
        return []
    found = project.get("dependencies") if isinstance(project, dict) else None
    return [line for line in found if isinstance(line, str)] if isinstance(found, list) else []
