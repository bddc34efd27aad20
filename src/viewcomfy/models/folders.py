"""Where models lie: the folders of an installation by ComfyUI's names of them, its own and those of extra_model_paths.yaml."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from viewcomfy.comfy.extra_paths import extra_folders, extra_paths_files
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import records_folder
from viewcomfy.core.errors import BadInput

KNOWN = (
    "audio_encoders", "checkpoints", "classifiers", "clip_vision", "configs", "controlnet", "diffusers", "diffusion_models",
    "embeddings", "gligen", "hypernetworks", "latent_upscale_models", "loras", "model_patches", "photomaker", "style_models",
    "text_encoders", "upscale_models", "vae", "vae_approx",
)  # fmt: skip
ALSO = {"text_encoders": ("clip",), "diffusion_models": ("unet",), "controlnet": ("t2i_adapter",)}
"""Folders that ComfyUI reads beside the one of the name."""
FORMER = {"clip": "text_encoders", "unet": "diffusion_models", "t2i_adapter": "controlnet"}
SUFFIXES = (
    ".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".gguf", ".onnx", ".yaml", ".json", ".engine", ".npz",
)  # fmt: skip
MISSPELT = 0.84
"""The likeness, 0 to 1, from which a folder that is not there is taken for a known one misspelt: custom nodes have folders of their own."""
MOST = 50_000
"""How many folders are looked at: links may lead round in a circle."""


class Folders:
    """The folders of an installation; `extra_args` are those that its ComfyUI is started with, which may name more of them."""

    def __init__(self, installation: Installation, extra_args: tuple[str, ...] = ()) -> None:
        self._installation = installation
        self._extra_args = extra_args

    @property
    def models(self) -> Path:
        """The installation's own models folder."""
        return self._installation.models

    def extra(self) -> list[tuple[str, Path]]:
        """Return the extra folders with their kinds."""
        configs = extra_paths_files(self._installation, self._extra_args)
        pairs = [pair for config in configs for pair in extra_folders(config) if pair[0] != "custom_nodes"]
        own = self.models.resolve()
        return [(FORMER.get(kind, kind), path) for kind, path in pairs if not path.resolve().is_relative_to(own)]

    def place(self, folder: str, file: str) -> Path:
        """Return where a file goes that is added. Raises BadInput for a folder that is a known one misspelt."""
        kinds = {*KNOWN, *ALSO, *FORMER, *(entry.name for entry in _entries(self.models))}
        near = get_close_matches(folder, sorted(kinds), 1, MISSPELT)
        if folder not in kinds and near:
            raise BadInput(f"ComfyUI has no folder {folder!r} of models.", hint=f"Did you mean {near[0]!r}?")
        return self.models / folder / file

    def find(self, folder: str, file: str) -> Path | None:
        """Return where a file is that a workflow names, in any folder of its kind."""
        kind = FORMER.get(folder, folder)
        own = [self.models / name for name in (folder, kind, *ALSO.get(kind, ()))]
        places = [*own, *(path for extra, path in self.extra() if extra == kind)]
        return next((place / file for place in places if (place / file).is_file()), None)

    def files(self) -> Iterator[tuple[str, str, Path, bool]]:
        """Yield folder, file, path and whether it is an extra one, of every model file."""
        for entry in sorted(_entries(self.models), key=lambda entry: entry.name):
            if entry.is_dir() and not entry.name.startswith("."):
                yield from ((entry.name, file, path, False) for file, path in _files(Path(entry.path)))
        for kind, folder in self.extra():
            yield from ((kind, file, path, True) for file, path in _files(folder))

    def records(self) -> Path:
        """Return the folder of what is known of these models.

        It lies beside the models folder itself, which other installations may link to, or in it where that place is not ours to write to.
        """
        real = self.models.resolve()
        if not self.models.is_symlink():
            return records_folder(self._installation)
        beside = real.parent / self._installation.records.name
        folder = beside if beside.is_dir() or (real.name == "models" and os.access(real.parent, os.W_OK)) else real / beside.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, below, names in itertools.islice(os.walk(root, followlinks=True), MOST):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                path = Path(folder, name)
                yield path.relative_to(root).as_posix(), path
