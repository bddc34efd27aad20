"""A model is a file that a workflow loads: where it lies in ComfyUI's models folder, and where it can be had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Self
from urllib.parse import urlsplit

from viewcomfy.core.errors import BadInput
from viewcomfy.core.model_urls import without_secrets

SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST = 500
LONGEST_FOLDER = 100
MOST = 500
"""How many models a deployment may name."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model file: `folder` is ComfyUI's name for its kind ("checkpoints"), `file` its path below that, as workflows name it.

    `url` and `sha256` (hex) say where it can be had and what it must be; both are empty where that is not known.
    """

    folder: str
    file: str
    url: str = ""
    sha256: str = ""

    @property
    def path(self) -> str:
        """Where it lies below the models folder."""
        return f"{self.folder}/{self.file}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"folder": self.folder, "file": self.file, "url": self.url, "sha256": self.sha256}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Return what `as_dict` has written."""
        return cls(value["folder"], value["file"], value.get("url", ""), value.get("sha256", ""))


def check_model(model: Model) -> Model:
    """Return a model with its hash in lower case; raise BadInput for one that could leave the models folder, or has no proper URL."""
    folder, file = PurePosixPath(model.folder), PurePosixPath(model.file)
    if len(folder.parts) != 1 or not _is_inside(model.folder) or len(model.folder) > LONGEST_FOLDER:
        raise BadInput(f"{model.folder[:80]!r} is no folder of models.", hint="It is one of ComfyUI's: checkpoints, loras, vae …")
    if not file.parts or not _is_inside(model.file):
        raise BadInput(f"{model.file[:80]!r} can't be the name of a model file.", hint="Name the file as the workflow does.")
    if model.url and not _is_url(model.url):
        raise BadInput(f"The URL of the model {file.name!r} is none.", hint="It starts with https:// or http://.")
    sha256 = model.sha256.lower()
    if sha256 and not SHA256.fullmatch(sha256):
        raise BadInput(f"The hash of the model {file.name!r} is no SHA-256.", hint="It has 64 hexadecimal digits.")
    return replace(model, sha256=sha256)


def check_models(models: Iterable[Model]) -> tuple[Model, ...]:
    """Return models, each path once; raise BadInput as `check_model` does, or where one path is to be two things."""
    by_path: dict[str, Model] = {}
    for model in map(check_model, models):
        known = by_path.setdefault(model.path, model)
        if known != model:
            raise BadInput(f"The model {model.path!r} is named twice, with another URL or hash.", hint="Name it once.")
    if len(by_path) > MOST:
        raise BadInput(f"A deployment can't name {len(by_path)} models; {MOST} is the most.")
    return tuple(by_path.values())


def add_models(models: Iterable[Model], more: Iterable[Model]) -> tuple[Model, ...]:
    """Return models and those of `more` whose paths are not among them."""
    by_path = {model.path: model for model in models}
    for model in more:
        by_path.setdefault(model.path, model)
    return tuple(by_path.values())


def as_kept(model: Model) -> Model:
    """Return a model as it may be kept and shown: without what is secret in its URL."""
    return replace(model, url=without_secrets(model.url))


def _is_inside(path: str) -> bool:
    """Tell whether a relative path stays where it is, on any system."""
    parts = path.split("/")
    plain = all(part and part not in (".", "..") and part == part.strip() for part in parts)
    return plain and len(path) <= LONGEST and not path.startswith("~") and not re.search(r"[\x00-\x1f\\:*?\"<>|]", path)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= 4 * LONGEST and text.isprintable() and " " not in text
    )
