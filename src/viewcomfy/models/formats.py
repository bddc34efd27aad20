"""The formats of model files: which of them can run code when they are loaded, and what their first bytes must be."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from viewcomfy.core.errors import BadModel
from viewcomfy.models import safetensors
from viewcomfy.models.safetensors import Unsound

SAFETENSORS = (".safetensors", ".sft")
PICKLES = (".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".pickle", ".joblib")
"""Formats that hold Python objects: loading one can run any code of whoever made it."""
GGUF = b"GGUF"
HEAD = 1024
"""How many of the first bytes of a file are looked at before the rest is fetched."""
PICKLE_HINT = "Look for a .safetensors of it. If you trust whoever made it, allow it with --allow-pickle."


class WebPage(Unsound):
    """It is a page for people, such as the one that asks to sign in."""


def is_pickle(file: str) -> bool:
    """Tell whether a file of this name can run code when it is loaded."""
    return file.lower().endswith(PICKLES)


def check_name(file: str, *, allow_pickle: bool) -> None:
    """Raise BadModel for a name of a format that can run code, unless that is allowed."""
    if is_pickle(file) and not allow_pickle:
        name = PurePosixPath(file).name
        raise BadModel(f"{name} is refused: loading a {PurePosixPath(file).suffix} file can run code that is in it.", hint=PICKLE_HINT)


def check_head(file: str, head: bytes, size: int | None, *, allow_pickle: bool, content_type: str = "") -> None:
    """Raise where a file that begins so is not what its name says: WebPage for a page of HTML, Unsound for the rest."""
    if is_html(head, content_type):
        raise WebPage("a web page came instead of the file")
    if file.lower().endswith(SAFETENSORS):
        safetensors.check_start(head, size)
    elif file.lower().endswith(".gguf") and not head.startswith(GGUF):
        raise Unsound("it is no GGUF file: its first bytes are others")
    elif looks_pickled(head) and not allow_pickle:
        raise Unsound("loading it can run code that is in it, whatever its name says")


def check_file(path: Path, *, name: str = "", allow_pickle: bool = True) -> None:
    """Raise Unsound for a file on the disk that is damaged or not what its name says; `name` is the one that it will have."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise Unsound("it is empty")
    check_head(name or path.name, head, path.stat().st_size, allow_pickle=allow_pickle)
    if (name or path.name).lower().endswith(SAFETENSORS):
        safetensors.check_file(path)


def is_html(head: bytes, content_type: str = "") -> bool:
    """Tell whether this is a web page, such as the one that asks to sign in."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    return content_type.partition(";")[0].strip().lower() == "text/html" or start.startswith((b"<!doctype html", b"<html", b"<head"))


def looks_pickled(head: bytes) -> bool:
    """Tell whether these are the first bytes of a pickle, or of the archive that PyTorch keeps one in."""
    return (len(head) > 1 and head[0] == 0x80 and head[1] in range(2, 6)) or (head.startswith(b"PK\x03\x04") and b"data.pkl" in head[:256])
