"""The three folders of a ComfyUI (input, output, temp), in memory or on the disk."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Folder(Protocol):
    """Files by their path relative to the folder, with forward slashes; callers have made the path safe."""

    @property
    def path(self) -> Path | None:
        """Return where it is on the disk, None in memory."""

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None if there is no such file."""

    def write(self, name: str, data: bytes) -> None:
        """Store the bytes, making the subfolders that are missing."""

    def names(self, subfolder: str = "") -> list[str]:
        """Return the names of the files that lie directly in the subfolder, sorted."""


class ModelFolders(Mapping[str, Sequence[str]]):
    """The model files below a folder, as they are now, by the kind that names their subfolder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __getitem__(self, kind: str) -> Sequence[str]:
        folder = self._root / kind
        if kind not in set(self):
            raise KeyError(kind)
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.name for path in self._root.iterdir() if path.is_dir()))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass
class MemoryFolder:
    """A folder that ends with its object."""

    path: Path | None = None
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None if there is no such file."""
        subfolder, base = posixpath.split(name)
        return self.files.get(subfolder, {}).get(base)

    def write(self, name: str, data: bytes) -> None:
        """Store the bytes."""
        subfolder, base = posixpath.split(name)
        self.files.setdefault(subfolder, {})[base] = data

    def names(self, subfolder: str = "") -> list[str]:
        """Return the names of the files that lie directly in the subfolder, sorted."""
        return sorted(self.files.get(subfolder, {}))


@dataclass(frozen=True)
class DiskFolder:
    """A real folder, made when it is missing."""

    path: Path

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None if there is no such file."""
        file = self.path / name
        return file.read_bytes() if file.is_file() else None

    def write(self, name: str, data: bytes) -> None:
        """Store the bytes, making the subfolders that are missing."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def names(self, subfolder: str = "") -> list[str]:
        """Return the names of the files that lie directly in the subfolder, sorted."""
        folder = self.path / subfolder
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []


@dataclass(frozen=True)
class Folders:
    """The three folders, by the names that ComfyUI's answers use."""

    input: Folder
    output: Folder
    temp: Folder

    def by_type(self, kind: str) -> Folder | None:
        """Return the folder of `input`, `output` or `temp`, None for another word."""
        return {"input": self.input, "output": self.output, "temp": self.temp}.get(kind)

    def locate(self, name: str) -> tuple[Folder | None, str]:
        """Split an annotated name such as `a.png [output]`; without annotation there is no folder."""
        for kind in ("output", "input", "temp"):
            if name.endswith(f"[{kind}]"):
                return self.by_type(kind), name[: -len(f" [{kind}]")]
        return None, name

    def read_input(self, name: str) -> bytes | None:
        """Return what a loader node means by this name, None if there is no such file."""
        folder, base = self.locate(name)
        path = inside("", base)
        return (folder or self.input).read(path) if path else None


def make_folders(*, input_dir: Path | None = None, output_dir: Path | None = None, temp_dir: Path | None = None) -> Folders:
    """Return the folders, on the disk where a path is given; like ComfyUI, empty the temp folder first."""
    if temp_dir is not None:
        shutil.rmtree(temp_dir, ignore_errors=True)
    return Folders(_open(input_dir), _open(output_dir), _open(temp_dir))


def inside(subfolder: str, name: str) -> str | None:
    """Return the normalised path of the file, relative to its folder, or None if it would lie outside."""
    path = posixpath.normpath(posixpath.join(subfolder, name))
    return None if path in {".", ".."} or path.startswith(("../", "/")) else path


def _open(path: Path | None) -> Folder:
    return MemoryFolder() if path is None else DiskFolder(path.absolute())
