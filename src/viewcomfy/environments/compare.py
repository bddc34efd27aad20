"""Compare two documents: what one has that the other has not, or has otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from viewcomfy.environments.checks import name_of, version_of
from viewcomfy.environments.document import Document

Kind = Literal["comfyui", "python", "torch", "pack", "package", "model"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs; `before` or `after` is empty where that document does not have it."""

    kind: Kind
    name: str
    before: str
    after: str

    @property
    def what(self) -> str:
        """Whether it was added, removed or changed."""
        if not self.before:
            return "added"
        return "changed" if self.after else "removed"


def compare(before: Document, after: Document) -> list[Difference]:
    """Return what differs: ComfyUI, Python, torch, then packs, packages and models by name."""
    kinds: tuple[Kind, ...] = ("comfyui", "python", "torch", "pack", "package", "model")
    return [difference for kind in kinds for difference in _of_kind(kind, _parts(kind, before), _parts(kind, after))]


def _of_kind(kind: Kind, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*before, *after}):
        one, other = before.get(name, ""), after.get(name, "")
        if one != other:
            yield Difference(kind, name, one, other)


def _parts(kind: Kind, document: Document) -> dict[str, str]:
    """Return what a document has of a kind: names and what is to be compared."""
    torch = document.torch
    if kind == "comfyui":
        return {"ComfyUI": document.comfyui.name}
    if kind == "python":
        return {"Python": document.python}
    if kind == "torch":
        found = {"torch": torch.name, "torchvision": torch.torchvision, "torchaudio": torch.torchaudio}
        return {name: version for name, version in found.items() if version}
    if kind == "pack":
        return {pack.name: pack.source for pack in document.packs}
    if kind == "package":
        return {name_of(line): version_of(line) for line in document.packages}
    return {model.path: f"{model.sha256 or 'hash not known'} {model.url}".strip() for model in document.models}
