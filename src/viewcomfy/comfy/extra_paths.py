"""Extra paths: the folders of models and custom nodes that `extra_model_paths.yaml` adds to ComfyUI's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from viewcomfy.comfy.installation import Installation

OPTION = "--extra-model-paths-config"
_ENTRY = re.compile(r"([\w-]+)\s*:\s*(.*)")


def extra_paths_files(installation: Installation, extra_args: tuple[str, ...]) -> list[Path]:
    """Return the files that ComfyUI reads extra paths from, whether they are there or not."""
    found = [installation.main.parent / "extra_model_paths.yaml"]
    for i, argument in enumerate(extra_args):
        if argument == OPTION:
            found += map(Path, takewhile(lambda value: not value.startswith("--"), extra_args[i + 1 :]))
        elif argument.startswith(f"{OPTION}="):
            found.append(Path(argument.partition("=")[2]))
    return found


def extra_folders(config: Path) -> list[tuple[str, Path]]:
    """Return the (kind, folder) pairs that such a file names.

    It is read as far as these files go, a mapping of mappings of paths, without the whole of YAML; what is not understood is left out.
    """
    try:
        text = config.read_text(errors="replace")
    except OSError:
        return []
    return [pair for section in _sections(text) for pair in _folders_of(section, config.absolute().parent)]


def _sections(text: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the entries of each section; each line of a block of paths is an entry of its own."""
    section: list[tuple[str, str]] = []
    kind = ""
    for line in text.splitlines():
        content = re.sub(r"(^|\s)#.*", "", line).strip()
        if not content:
            continue
        if not line[0].isspace():
            yield section
            section, kind = [], ""
        elif entry := _ENTRY.fullmatch(content):
            kind = entry[1]
            if entry[2] not in ("", "|", "|-", ">", ">-"):
                section.append((kind, entry[2].strip("'\"")))
        elif kind:
            section.append((kind, content.strip("'\"")))
    yield section


def _folders_of(section: list[tuple[str, str]], home: Path) -> Iterator[tuple[str, Path]]:
    base = home
    for kind, value in section:
        if kind == "base_path":
            base = home / Path(os.path.expandvars(value)).expanduser()
    for kind, value in section:
        if kind not in ("base_path", "is_default"):
            yield kind, base / value
