"""A PNG without its texts: ComfyUI writes the whole workflow into them."""

from __future__ import annotations

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"comf"})
HEAD = 8
"""Bytes before a chunk's data: its length and its type."""
CHECK = 4
"""Bytes after it."""


class TextRemover:
    """Takes in a file piece by piece and gives it out without the chunks that hold text; what is no PNG stays as it is."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._left = 0
        self._dropping = False
        self._is_png: bool | None = None

    def feed(self, data: bytes) -> bytes:
        """Return what can be given out now."""
        if self._is_png is False:
            return data
        self._waiting += data
        out = bytearray()
        if self._is_png is None and not self._look(out):
            return bytes(out)
        while self._waiting and (self._left or self._begin_chunk(out)):
            piece = self._waiting[: self._left]
            del self._waiting[: self._left]
            self._left -= len(piece)
            if not self._dropping:
                out += piece
        return bytes(out)

    def rest(self) -> bytes:
        """Return what is left at the end of a file that was cut off."""
        return b"" if self._dropping else bytes(self._waiting)

    def _look(self, out: bytearray) -> bool:
        """See whether it is a PNG, once enough of it is there to tell."""
        start = bytes(self._waiting[: len(SIGNATURE)])
        if len(start) < len(SIGNATURE) and SIGNATURE.startswith(start):
            return False
        self._is_png = start == SIGNATURE
        taken = len(SIGNATURE) if self._is_png else len(self._waiting)
        out += self._waiting[:taken]
        del self._waiting[:taken]
        return self._is_png

    def _begin_chunk(self, out: bytearray) -> bool:
        """Read the head of the next chunk, once it is there."""
        if len(self._waiting) < HEAD:
            return False
        self._dropping = bytes(self._waiting[4:HEAD]) in TEXTS
        self._left = int.from_bytes(self._waiting[:4], "big") + CHECK
        if not self._dropping:
            out += self._waiting[:HEAD]
        del self._waiting[:HEAD]
        return True
