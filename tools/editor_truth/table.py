"""The result of a comparison, to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.editor_truth.compare import Outcome, outcomes
from tools.editor_truth.truth import ABOUT, OBJECT_INFO, cases


def compare(folder: Path, only: str = "") -> list[Outcome]:
    """Convert the workflows of a set, and return what became of each."""
    about, nodes = _read(folder / ABOUT), _read(folder / OBJECT_INFO)
    return list(outcomes((case for case in cases(folder) if only in case.name), about["names"], nodes))


def table(name: str, folder: Path, found: list[Outcome]) -> str:
    """Return what is different and the figures.

    "by name" counts those alike in which a node that nobody has named is called as ComfyUI calls it, and not as the editor does;
    "same work" counts those, alike or not, with which a ComfyUI does just the same.
    """
    about = _read(folder / ABOUT)
    faults = [f"## {one.name}\n{one.fault}\n" for one in found if one.fault]
    left_out = [f"left out: {template} ({', '.join(lacking)})" for template, lacking in about["left_out"].items()]
    title = f"{name}: ComfyUI {about['comfyui']}, editor {about['frontend']}, templates {about['templates']}"
    kinds = {"templates": "", "saved as schema 0.4": "@0.4", "saved as schema 1.0": "@1.0", "edited": "@edit"}
    head = f"{'':24}{'compared':>10}{'alike':>8}{'by name':>9}{'differing':>11}{'rate':>9}{'same work':>12}"
    rows = [
        _row(kind, [one for one in found if _is_of(one.name, mark)])
        for kind, mark in kinds.items()
        if any(_is_of(one.name, mark) for one in found)
    ]
    return "\n".join([*faults, *left_out, title, head, *rows])


def _is_of(name: str, mark: str) -> bool:
    return mark in name if mark else "@" not in name


def _row(title: str, found: list[Outcome]) -> str:
    alike, by_name = sum(not one.fault for one in found), sum(one.by_name for one in found)
    rate = f"{alike / len(found):.1%}" if found else "-"
    same = sum(one.same_work for one in found)
    return f"{title:24}{len(found):>10}{alike:>8}{by_name:>9}{len(found) - alike:>11}{rate:>9}{same:>12}"


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())
