"""The node map says which packs bring a node class, as ComfyUI-Manager publishes it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from viewcomfy.core.errors import BadInput
from viewcomfy.core.remedies import Pack, Providers

MAX_BYTES = 32 * 1024 * 1024
MAX_PACKS = 50_000
MAX_CLASSES = 10_000
"""The most classes of one pack."""
MAX_NAME = 300
MAX_PATTERNS = 1_000
MAX_PATTERN = 200
OFFERED = 10
"""So many packs are offered for one class."""

URL = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~-]+){2,}")
"""People type what we print into a shell, so that nothing else may be in it."""
_CORE = re.compile(r"https://github\.com/(comfyanonymous|comfy-org)/comfyui(\.git)?", re.IGNORECASE)
_SLOW = re.compile(r"\)[*+?{]|\{|\(\?|\\[0-9]|[*+?][*+]")
"""What may make a pattern take very long: repeated groups, references, lookarounds."""


class NodeMap:
    """Which packs bring which classes; `patterns` find classes that no pack names."""

    def __init__(
        self, classes: Mapping[str, Collection[Pack]], patterns: Collection[tuple[re.Pattern[str], Pack]], built_in: Collection[str]
    ) -> None:
        self._classes = classes
        self._patterns = patterns
        self._built_in = frozenset(built_in)

    @classmethod
    def parse(cls, data: bytes) -> NodeMap:
        """Read `{url: [[classes], {title, title_aux, nodename_pattern, preemptions}]}`, leaving out what is odd in it.

        Raises BadInput where it is nothing of the kind.
        """
        if len(data) > MAX_BYTES:
            raise BadInput(f"The map of nodes has more than {MAX_BYTES} bytes.")
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as fault:
            raise BadInput("The map of nodes is no JSON.") from fault
        if not isinstance(value, dict) or len(value) > MAX_PACKS:
            raise BadInput("The map of nodes is not an object of packs.")
        entries = [entry for url, what in value.items() if (entry := _Entry.read(url, what)) is not None]
        if not any(entry.classes for entry in entries):
            raise BadInput("The map of nodes names no nodes.")
        packs = [entry for entry in entries if not entry.is_core]
        return cls(_by_class(packs), _patterns(packs), [name for entry in entries if entry.is_core for name in entry.classes])

    def find(self, class_types: Iterable[str]) -> dict[str, Providers]:
        """Return who brings each of some classes, as far as that is known.

        A pack that names the class comes before those that have a pattern for it, of these the ones that bring most of the classes asked
        about come first.
        """
        wanted = dict.fromkeys(class_types)
        found = {name: list(self._packs_of(name)) for name in wanted if name not in self._built_in}
        weights = Counter(pack for packs in found.values() for pack in packs)
        named = {name: Providers(_ranked(packs, weights)) for name, packs in found.items() if packs}
        return named | {name: Providers(built_in=True) for name in wanted if name in self._built_in}

    def _packs_of(self, name: str) -> Iterable[Pack]:
        if name in self._classes or len(name) > MAX_NAME:
            return self._classes.get(name, ())
        return [pack for pattern, pack in self._patterns if pattern.search(name)]


class _Entry:
    """One pack of the map, with what is odd about it left out."""

    def __init__(self, pack: Pack, classes: list[str], facts: Mapping[str, Any]) -> None:
        self.pack = pack
        self.classes = classes
        self.is_core = bool(_CORE.fullmatch(pack.url))
        self.pattern = _text(facts.get("nodename_pattern"), MAX_PATTERN)
        own = facts.get("preemptions")
        self.own = frozenset(name for name in own if isinstance(name, str)) if isinstance(own, list) else frozenset()
        """The classes that it is the true source of."""

    @classmethod
    def read(cls, url: str, what: Any) -> _Entry | None:
        """Return the pack, None for what can't be installed as one, such as single files."""
        if not isinstance(what, list) or not what or not isinstance(what[0], list) or len(what[0]) > MAX_CLASSES:
            return None
        if len(url) > MAX_NAME or not URL.fullmatch(url) or url.endswith(".py"):
            return None
        facts = what[1] if len(what) > 1 and isinstance(what[1], dict) else {}
        name = _text(facts.get("title_aux"), 100) or _text(facts.get("title"), 100) or url.rstrip("/").rpartition("/")[2]
        return cls(Pack(name, url), [name for name in what[0] if isinstance(name, str) and 0 < len(name) <= MAX_NAME], facts)


def _by_class(entries: Iterable[_Entry]) -> dict[str, list[Pack]]:
    classes: dict[str, list[Pack]] = {}
    for entry in entries:
        for name in dict.fromkeys(entry.classes):
            packs = classes.setdefault(name, [])
            packs.insert(0 if name in entry.own else len(packs), entry.pack)
    return classes


def _patterns(entries: Iterable[_Entry]) -> list[tuple[re.Pattern[str], Pack]]:
    return list(_compiled(entry for entry in entries if entry.pattern))[:MAX_PATTERNS]


def _compiled(entries: Iterable[_Entry]) -> Iterator[tuple[re.Pattern[str], Pack]]:
    for entry in entries:
        if not _SLOW.search(entry.pattern) and sum(map(entry.pattern.count, "*+?")) <= 2:
            try:
                yield re.compile(entry.pattern), entry.pack
            except re.error:
                continue


def _ranked(packs: list[Pack], weights: Mapping[Pack, int]) -> tuple[Pack, ...]:
    return tuple(sorted(packs, key=lambda pack: -weights[pack])[:OFFERED])


def _text(value: Any, most: int) -> str:
    """Return what may be shown of a value: nothing unless it is a text of one line."""
    return value.strip() if isinstance(value, str) and len(value) <= most and value.isprintable() else ""
