"""The models of an installation with where they can be had, and those of a document that it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from viewcomfy.core.errors import BadInput, BadModel, Conflict, FetchFailed
from viewcomfy.core.models import Model, check_model
from viewcomfy.models.shelf import Held, Shelf

Say = Callable[[str], None]
SETTINGS = (".yaml", ".yml", ".json")
"""Beside models lie settings, which come with ComfyUI or with a model."""


def models_of(shelf: Shelf, *, hashed: bool, say: Say = lambda _: None) -> tuple[Model, ...]:
    """Return the models that are there; with `hashed` those without a known hash are read whole, `say` is told of each."""
    found: dict[str, Model] = {}
    for held in shelf.list():
        if not held.model.file.lower().endswith(SETTINGS):
            found.setdefault(held.model.path, _model(shelf, held, hashed, say))
    return tuple(model for model in found.values() if model.file)


def fetch_missing(shelf: Shelf, models: Iterable[Model], say: Say, *, fetch: bool = True) -> list[str]:
    """Fetch the models that are not there and have a URL; return a sentence for each that is missing still.

    Raises what stops all of them: DiskFull, JobCanceled.
    """
    missing: list[str] = []
    for model in models:
        if shelf.find(model.folder, model.file) is not None:
            continue
        if not model.url or not fetch:
            missing.append(f"The model {model.path} is not here{'' if model.url else ', and the document has no URL for it'}.")
            continue
        say(f"fetching {model.path}")
        try:
            shelf.add(model)
        except (FetchFailed, BadModel, BadInput, Conflict) as fault:
            missing.append(f"The model {model.path} could not be fetched. {fault}")
    return missing


def _model(shelf: Shelf, held: Held, hashed: bool, say: Say) -> Model:
    try:
        model = check_model(held.model)
    except BadInput:
        say(f"{held.path.name} has a name that can't be asked for: left out.")
        return replace(held.model, file="")
    if hashed and not model.sha256:
        say(f"reading {model.path}")
        return replace(model, sha256=shelf.sha256(held))
    return model
