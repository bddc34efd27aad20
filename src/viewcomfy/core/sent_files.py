"""A sent file is one that came with a call: what its bytes show it to be, and whether an input takes that."""

from __future__ import annotations

from dataclasses import dataclass

from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.core.values import Fault

_FAMILIES = {
    InputKind.IMAGE: ("image/",),
    InputKind.VIDEO: ("video/", "image/gif", "image/webp", "image/apng", "image/png"),  # video nodes read animations too
    InputKind.AUDIO: ("audio/", "video/"),  # ComfyUI takes the sound of a video
}
_NO_MEDIA = ("text/", "font/", "model/", "image/", "video/", "audio/")
_DOCUMENTS = frozenset(
    {"application/json", "application/pdf", "application/xml", "application/zip", "application/gzip", "application/xhtml+xml"}
)
_INSTEAD = {
    InputKind.TEXT: "is text",
    InputKind.INTEGER: "is a number",
    InputKind.NUMBER: "is a number",
    InputKind.SEED: "is a number",
    InputKind.BOOLEAN: "is a true-or-false value",
    InputKind.CHOICE: "is a choice from a list",
}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came: `content_type` is what its bytes show (None: they show nothing), `size` is in bytes."""

    content_type: str | None
    size: int


def file_fault(declared: Input, sent: SentFile, *, mask: bool = False) -> Fault | None:
    """Return why an input does not take a file, or None; `says` goes on after `The file for 'x'`.

    Only what is surely something else is refused: formats are many, and the nodes know more of them than we do.
    """
    if instead := _INSTEAD.get(declared.kind):
        return Fault("file", f"has no place: that input {instead}", "Send its value in params.")
    if mask and declared.kind in (InputKind.VIDEO, InputKind.AUDIO):
        return Fault("file", f"has no place: that input takes {declared.kind.value}, and only an image can have a mask")
    if declared.locked:
        return Fault("locked", "has no place: the owner of this deployment has locked that input")
    if sent.size <= 0:
        return Fault("file", "is empty (0 bytes)", "Check that the file was open and at its start.")
    kind = InputKind.IMAGE if mask else declared.kind
    if sent.content_type and _is_something_else(sent.content_type.partition(";")[0].strip().lower(), kind):
        wanted = "an image" if kind is InputKind.IMAGE else kind.value
        return Fault("file", f"is {sent.content_type[:80]} by its content, but that input takes {wanted}")
    return None


def _is_something_else(content_type: str, kind: InputKind) -> bool:
    families = _FAMILIES.get(kind)
    if families is None or content_type.startswith(families):
        return False
    return content_type.startswith(_NO_MEDIA) or content_type in _DOCUMENTS
