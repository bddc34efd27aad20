"""Freeze an installation: look at what it consists of, and write that down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from viewcomfy.comfy.install import RegistryCopy
from viewcomfy.comfy.installation import RECORD, Installation
from viewcomfy.core.errors import Conflict
from viewcomfy.environments.checkout import checkout_of
from viewcomfy.environments.checks import check_document, is_remote
from viewcomfy.environments.document import Code, Document
from viewcomfy.environments.interpreter import ask
from viewcomfy.environments.models_here import models_of
from viewcomfy.environments.packages_here import packages_of, torch_of
from viewcomfy.environments.packs_here import packs_of
from viewcomfy.models.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document, and sentences about what it can't say or leaves out; `is_whole`: nothing is left out."""

    document: Document
    notes: tuple[str, ...] = ()
    is_whole: bool = True


def freeze(
    installation: Installation,
    *,
    allow_unknown: bool = False,
    hash_models: bool = False,
    extra_args: tuple[str, ...] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Frozen:
    """Return what an installation consists of; it is only read.

    Raises Conflict, naming all that can't be had elsewhere, unless `allow_unknown` leaves that out. With `hash_models` models
    without a known hash are read whole, which takes long for large ones. `extra_args` are ComfyUI's further options.
    """
    code, code_notes = _code(installation)
    interpreter = ask(installation.python)
    packages, packs = packages_of(interpreter.packages), packs_of(installation)
    unknown = [*packs.unknown, *packages.unknown]
    if unknown and not allow_unknown:
        raise Conflict(
            f"This can't be frozen: {'; '.join(unknown)}.",
            hint="Put it under git with a remote, or install it from where others can have it too; --allow-unknown leaves it out.",
            problems=[{"message": sentence} for sentence in unknown],
        )
    document = Document(
        comfyui=code,
        python=interpreter.version,
        torch=torch_of(interpreter.packages),
        packs=tuple(packs.packs),
        packages=tuple(packages.lines),
        models=models_of(Shelf(installation, extra_args=extra_args), hashed=hash_models, say=say),
    )
    left_out = [f"Left out: {sentence}." for sentence in unknown]
    return Frozen(check_document(document.in_order()), (*code_notes, *packs.notes, *packages.notes, *left_out), not unknown)


def _code(installation: Installation) -> tuple[Code, tuple[str, ...]]:
    folder = installation.main.parent
    checkout = checkout_of(folder)
    if checkout is not None and is_remote(checkout.url):
        changed = f"ComfyUI has been changed here: its commit {checkout.commit[:12]} is frozen, the changes are not."
        return Code(installation.version, repository=checkout.url, commit=checkout.commit), (changed,) if checkout.changed else ()
    if found := _registry_copy(installation):
        return found, ()
    raise Conflict(
        f"Where the ComfyUI in {folder} is from can't be told: it is no git checkout with a remote, and not installed by viewcomfy.",
        hint="`viewcomfy comfyui install` makes one that can be frozen.",
    )


def _registry_copy(installation: Installation) -> Code | None:
    """Return the package that our install took ComfyUI from; None where it did not."""
    try:
        facts = json.loads((installation.main.parents[1] / RECORD).read_text())
    except (OSError, ValueError):
        return None
    taken = re.match(r"([A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+) of the package registry", installation.source)
    if not isinstance(facts, dict):
        return None
    if all(isinstance(facts.get(name), str) for name in ("package", "package_sha256", "package_folder")):
        return Code(installation.version, package=facts["package"], sha256=facts["package_sha256"], folder=facts["package_folder"])
    ours = RegistryCopy()  # an install of before its facts were kept has taken this one, or none
    if taken and taken[1] == ours.package:
        return Code(installation.version, package=ours.package, sha256=ours.sha256, folder=ours.folder)
    return None
