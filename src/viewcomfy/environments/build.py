"""Make an environment from its document, in a folder of its own beside all others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewcomfy.comfy.current import environments_folder
from viewcomfy.comfy.find import find_apart
from viewcomfy.comfy.hardware import has_gpu
from viewcomfy.comfy.install import Report, install
from viewcomfy.comfy.installation import RECORD, Installation
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.errors import BadInput
from viewcomfy.environments.document import Document
from viewcomfy.environments.hardware import CPU, for_cpu, for_gpu, is_for_gpu
from viewcomfy.environments.models_here import fetch_missing
from viewcomfy.environments.steps import EXTRA_PATHS, Builder, Shared
from viewcomfy.environments.trial import known_catalog, try_start


@dataclass(frozen=True, slots=True)
class Built:
    """An environment that has been made. `missing` says which models are not here, `failed` names the packs that it does not import."""

    document: Document
    installation: Installation
    catalog: Catalog
    missing: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def fitted(document: Document, *, use_cpu: bool | None, gpu_here: bool | None = None) -> Document:
    """Return the document to make on this machine: as it is, or for the CPU or a GPU where that was asked for.

    Raises BadInput for one that needs a GPU where there is none and nothing was asked for.
    """
    here = has_gpu() if gpu_here is None else gpu_here
    if use_cpu is not None:
        return for_cpu(document) if use_cpu else for_gpu(document)
    if is_for_gpu(document) and not here:
        raise BadInput(
            f"This environment is for a GPU (torch {document.torch.name}), and there is none here.",
            hint="--cpu makes it with the build of torch for the CPU; it is then another environment, with an id of its own.",
        )
    return document


def build(document: Document, data_dir: Path, shared: Shared, report: Report = lambda _: None) -> Built:
    """Make it, or go on where that was cut off; one that is there is only looked at, and lacking models are fetched.

    Raises InstallFailed, naming what can't be had, DiskFull.
    """
    folder = environments_folder(data_dir) / document.id
    use_cpu = document.torch.build == CPU or not has_gpu()
    installation = install(folder, report, use_cpu=use_cpu, steps=Builder(document, shared).steps())
    facts = _facts(folder)
    missing = fetch_missing(shared.shelf(installation), document.models, lambda _: None, fetch=shared.fetch)
    catalog = known_catalog(installation, folder, shared.extra_args)
    if catalog is not None:
        return Built(document, installation, catalog, tuple(missing), tuple(facts.get("failed_packs", ())))
    trial = try_start(installation, folder, shared.extra_args)
    return Built(document, installation, trial.catalog, tuple(missing), trial.failed)


def shared_here(data_dir: Path, **more: Any) -> Shared:
    """Return what environments on this machine share: with the ComfyUI that is found where no environment is switched to, if it is ours.

    Else the models lie in a folder of their own below the data folder.
    """
    found = find_apart(data_dir)
    if not isinstance(found, Installation):
        return Shared(data_dir.expanduser().absolute() / "models", **more)
    return Shared(found.models, (found.main.parent / EXTRA_PATHS,), found.python.parent / "uv", **more)


def _facts(folder: Path) -> Mapping[str, Any]:
    value = json.loads((folder / RECORD).read_text())
    return value if isinstance(value, dict) else {}
