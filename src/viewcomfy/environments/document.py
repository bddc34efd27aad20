"""A document says what a ComfyUI consists of, exactly enough to make the same once more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from viewcomfy.core.models import Model

FORMAT = 1
"""Goes up with a change that an older viewcomfy would misread."""
ID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Code:
    """Where ComfyUI's own code is from: a commit of a repository, or a folder inside one wheel of the package registry."""

    version: str
    repository: str = ""
    commit: str = ""
    package: str = ""
    sha256: str = ""
    folder: str = ""

    @property
    def name(self) -> str:
        """What it is, in a few words."""
        return f"{self.version}, {f'{self.repository}@{self.commit}' if self.commit else self.package}"


@dataclass(frozen=True, slots=True)
class Torch:
    """PyTorch: `build` is "cpu", "cu128", "rocm6.4", or empty for the package registry's own.

    The versions of the other two are empty where they are not installed.
    """

    version: str
    build: str = ""
    torchvision: str = ""
    torchaudio: str = ""

    @property
    def name(self) -> str:
        """The version with its build."""
        return f"{self.version}+{self.build}" if self.build else self.version


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack of custom nodes in the folder `name`: a commit of a repository, or a version of an entry (`id`) of the registry of packs."""

    name: str
    url: str = ""
    commit: str = ""
    id: str = ""
    version: str = ""

    @property
    def source(self) -> str:
        """Where it is from, in a few words."""
        return f"{self.url}@{self.commit}" if self.commit else f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Document:
    """What a ComfyUI consists of. `packages` are requirement lines with exact versions or direct URLs, torch's own apart."""

    comfyui: Code
    python: str
    torch: Torch
    packs: tuple[Pack, ...] = ()
    packages: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()

    @property
    def id(self) -> str:
        """Its id: of what is in it, in whatever order. Models are no part of it: all environments of a machine share them."""
        parts = self.as_dict()
        del parts["models"]
        written = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"env-{hashlib.sha256(written.encode()).hexdigest()[:ID_DIGITS]}"

    @property
    def python_series(self) -> str:
        """Python's version without its last part: packages fit any of these."""
        return ".".join(self.python.split(".")[:2])

    def in_order(self) -> Document:
        """Return it with everything in the order that it is written in."""
        return replace(
            self,
            packs=tuple(sorted(self.packs, key=lambda pack: pack.name)),
            packages=tuple(sorted(self.packages)),
            models=tuple(sorted(self.models, key=lambda model: model.path)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as TOML would hold it, in its written order, without what is empty."""
        ordered = self.in_order()
        return {
            "format": FORMAT,
            "comfyui": _filled(asdict(ordered.comfyui)),
            "torch": _filled(asdict(ordered.torch)),
            "python": {"version": ordered.python, "packages": list(ordered.packages)},
            "packs": [_filled(asdict(pack)) for pack in ordered.packs],
            "models": [{"folder": "", "file": "", "url": "", "sha256": ""} | model.as_dict() for model in ordered.models],
        }


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != ""}
