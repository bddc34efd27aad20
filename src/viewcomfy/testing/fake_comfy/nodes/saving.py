"""Where a saving node puts its files: the prefix split into subfolder and name, and the next free number."""

from __future__ import annotations

import posixpath
import time
from dataclasses import dataclass

from viewcomfy.testing.fake_comfy.folders import Folder, inside


@dataclass(frozen=True)
class Place:
    """Where the next files of a prefix go."""

    folder: Folder
    kind: str
    subfolder: str
    name: str
    first_number: int

    def save(self, data: bytes, extension: str, offset: int = 0) -> dict[str, str]:
        """Write the file with the number first_number + offset; return the entry that goes into a node's `ui`."""
        filename = f"{self.name.replace('%batch_num%', str(offset))}_{self.first_number + offset:05}_.{extension}"
        self.folder.write(posixpath.join(self.subfolder, filename), data)
        return {"filename": filename, "subfolder": self.subfolder, "type": self.kind}


def find_place(folder: Folder, kind: str, prefix: str, size: tuple[int, int] = (0, 0)) -> Place:
    """Return the place for a prefix such as `a/b/ComfyUI`; raise ValueError for one that leads out of the folder."""
    path = inside("", _fill(prefix, size))
    if path is None:
        raise ValueError("**** ERROR: Saving image outside the output folder is not allowed.")
    subfolder, name = posixpath.split(path)
    numbers = [_number(found, name) for found in folder.names(subfolder)]
    return Place(folder, kind, subfolder, name, max(numbers, default=0) + 1)


def _number(filename: str, name: str) -> int:
    digits = filename.removeprefix(f"{name}_").split("_")[0] if filename.startswith(f"{name}_") else ""
    return int(digits) if digits.isdecimal() else 0


def _fill(prefix: str, size: tuple[int, int]) -> str:
    now = time.localtime()
    values = {"width": str(size[0]), "height": str(size[1]), "year": str(now.tm_year)}
    values |= {word: f"{number:02}" for word, number in zip(("month", "day", "hour", "minute", "second"), now[1:6], strict=True)}
    for word, value in values.items():
        prefix = prefix.replace(f"%{word}%", value)
    return prefix
