"""Log lines out of terminal output, progress bars included."""

from __future__ import annotations

import codecs
import re

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
SEPARATORS = re.compile(r"(\r\n|\r|\n)")
MAX_LINE = 4000
CUT = " …"


class LineSplitter:
    """Cut a terminal's output into lines.

    A line that is redrawn after a carriage return (a progress bar) comes at most every `redraw_every` seconds, and its
    last state always comes: with its line end, or by `tick`. Empty lines, colours and cursor moves are dropped; a line longer
    than MAX_LINE characters is cut.
    """

    def __init__(self, *, redraw_every: float = 0.1) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._redraw_every = redraw_every
        self._line = ""
        self._redrawn = False
        self._shown = ""
        self._held = ""
        self._last_redraw = float("-inf")

    @property
    def is_holding(self) -> bool:
        """Tell whether a redrawn line waits for `tick`."""
        return bool(self._held)

    def feed(self, data: bytes | str, now: float) -> list[str]:
        """Take in output as it came, cut anywhere, and return the lines that are due; `now` is any clock in seconds."""
        text = self._decoder.decode(data) if isinstance(data, bytes) else data
        lines: list[str] = []
        for piece in SEPARATORS.split(text):
            if piece == "\r":
                self._hold()
                self._line, self._redrawn = "", True
            elif piece in ("\n", "\r\n"):
                self._end(lines)
            elif piece and len(self._line) <= MAX_LINE:
                self._line += piece[: MAX_LINE + 1]
        if self._redrawn:
            self._hold()
        return lines + self.tick(now)

    def tick(self, now: float) -> list[str]:
        """Return the held state of a progress bar once it is due."""
        if not self._held or now - self._last_redraw < self._redraw_every:
            return []
        self._shown, self._held, self._last_redraw = self._held, "", now
        return [self._shown]

    def close(self) -> list[str]:
        """Return what is left when no more output comes."""
        lines: list[str] = []
        self._line += self._decoder.decode(b"", final=True)
        self._end(lines)
        return lines

    def _hold(self) -> None:
        text = _clean(self._line)
        if text:
            self._held = "" if text == self._shown else text

    def _end(self, lines: list[str]) -> None:
        text = _clean(self._line) or self._held
        if text and text != self._shown:
            lines.append(text)
        self._line, self._shown, self._held, self._redrawn = "", "", "", False


def _clean(line: str) -> str:
    text = CONTROLS.sub("", ESCAPES.sub("", line)).rstrip()
    return text[:MAX_LINE] + CUT if len(text) > MAX_LINE else text if text.strip() else ""
