"""What a worker remembers of catalogs: which revision belongs to which fingerprint, kept over restarts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import structlog

MOST = 32
"""How many fingerprints are remembered: enough to go back and forth between a few sets of models and custom nodes."""
SPARE = 8
"""How many revisions are kept that no fingerprint has any more: somebody may be about to read them."""

log = structlog.get_logger(__name__)


class CatalogMemory:
    """Revisions by fingerprint, in a JSON file. A file that is damaged, or can't be written, only costs asking again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = _read(path)
        fingerprints, replaced = kept.get("fingerprints"), kept.get("replaced")
        self._revisions = {str(name): str(value) for name, value in fingerprints.items()} if isinstance(fingerprints, dict) else {}
        self._replaced = [str(revision) for revision in replaced] if isinstance(replaced, list) else []

    def revision(self, fingerprint: str) -> str | None:
        """Return the revision that was last seen with this fingerprint."""
        return self._revisions.get(fingerprint)

    def revisions(self) -> set[str]:
        """Return every revision that belongs to a fingerprint."""
        return set(self._revisions.values())

    def note(self, fingerprint: str, revision: str) -> list[str]:
        """Remember a revision; return those that nobody needs any more, because newer ones have long taken their places."""
        before = self.revisions()
        self._revisions.pop(fingerprint, None)
        self._revisions[fingerprint] = revision
        while len(self._revisions) > MOST:
            del self._revisions[next(iter(self._revisions))]
        now = self.revisions()
        replaced = [old for old in self._replaced if old not in now] + sorted(before - now)
        self._replaced = replaced[-SPARE:]
        return replaced[:-SPARE]

    def forget(self, revision: str) -> None:
        """Forget a revision whose file is gone."""
        self._revisions = {fingerprint: kept for fingerprint, kept in self._revisions.items() if kept != revision}

    def save(self) -> None:
        """Write everything down; it blocks for a moment."""
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps({"fingerprints": self._revisions, "replaced": self._replaced}, indent=1))
            draft.replace(self._path)
        except OSError as fault:
            log.warning("what is known of catalogs could not be written down", path=str(self._path), reason=str(fault))


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
