"""The hash of a file's bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from viewcomfy.models.download import Progress, Report

BLOCK = 4 * 1024 * 1024


def file_sha256(path: Path, report: Report = lambda _: None) -> str:
    """Return the SHA-256 of a file in hex, and tell how far it is; some 0.5 to 2 s for each GB."""
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            report(Progress(done, size, "checking"))
    return digest.hexdigest()
