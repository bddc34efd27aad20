"""What the editor does with texts when it sends them: choices in prompts, and names of files that quote other nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

SAVERS = frozenset({
    "SaveImage", "SaveVideo", "SaveAnimatedWEBP", "SaveWEBM", "SaveAudio", "SaveGLB", "SaveAnimatedPNG", "CLIPSave", "VAESave",
    "ModelSave", "LoraSave", "SaveLatent",
})  # fmt: skip
"""The classes whose `filename_prefix` may quote other nodes."""
_COMMENT = re.compile(r"//|/\*")
_LINE_COMMENT = re.compile(r"//")
_LINE_END = re.compile("[\n\r\u2028\u2029]")
_ESCAPED = re.compile(r"\\([{}|])")
_QUOTE = re.compile(r"%([^%]+)%")
_DATE_PART = re.compile(r"yyyy|yy|dd?|MM?|hh?|mm?|ss?")
_FORBIDDEN = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
_DATES = {"d": "%day%", "M": "%month%", "h": "%hour%", "m": "%minute%", "s": "%second%"}


def resolve_choices(text: str) -> str:
    """Return a prompt without its comments, `{one|other}` replaced by the first of the choices, `\\{` by a plain brace.

    The editor takes one of the choices by chance. A conversion must say the same each time, so it takes the first.
    """
    return _ESCAPED.sub(r"\1", "".join(_chosen("".join(_without_comments(text)))))


def _without_comments(text: str) -> Iterator[str]:
    """Yield what is left without `/* these */` and `// these`; one that is never closed is none."""
    place, pattern = 0, _COMMENT
    start = pattern.search(text)
    while start:
        end = _line_end(text, start.end()) if start[0] == "//" else text.find("*/", start.end()) + 2
        if end == 1:  # nothing closes this one, so nothing closes those after it
            pattern = _LINE_COMMENT
            start = pattern.search(text, start.end())
            continue
        yield text[place : start.start()]
        place = end
        start = pattern.search(text, place)
    yield text[place:]


def _line_end(text: str, place: int) -> int:
    found = _LINE_END.search(text, place)
    return found.start() if found else len(text)


def _chosen(text: str) -> list[str]:
    """Return the parts of a text that are left when the first of all choices is taken everywhere."""
    kept: list[str] = []
    over: list[bool] = []  # for each open brace: whether its first choice is over
    dropping = 0
    place = 0
    while place < len(text):
        char = text[place]
        step = text[place : place + 2] if char == "\\" else char
        place += len(step)
        if step == "{":
            over.append(False)
        elif step == "}" and over:
            dropping -= over.pop()
        elif step == "|" and over:
            dropping += not over[-1]
            over[-1] = True
        elif not dropping:
            kept.append(step)
    return kept


def resolve_quotes(text: str, value_of: Callable[[str, str], str | None]) -> str:
    """Return the name of a file with `%Node.widget%` replaced by what `value_of(node, widget)` returns, if that is not None.

    `%date:yyyy-MM-dd%` becomes ComfyUI's own `%year%-%month%-%day%`, so that it says the day of the run.
    """

    def replaced(match: re.Match[str]) -> str:
        parts = match[1].split(".")
        if len(parts) != 2:
            return _dates(parts[0][5:]) if parts[0].startswith("date:") else match[0]
        value = value_of(parts[0], parts[1])
        return match[0] if value is None else _FORBIDDEN.sub("_", value)

    return _QUOTE.sub(replaced, text)


def _dates(pattern: str) -> str:
    return _DATE_PART.sub(lambda match: _DATES.get(match[0][0], "%year%"), pattern)
