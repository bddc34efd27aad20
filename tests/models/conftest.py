"""An installation without a ComfyUI in it, its shelf of models, and servers to fetch them from."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.broken_files import BrokenFiles, broken_files
from viewcomfy.comfy.installation import Installation
from viewcomfy.models.download import Pace
from viewcomfy.models.shelf import Shelf

QUICK = Pace(parts=4, least=32 * 1024, tries=3, pause=0.01, longest=0.05, note_seconds=0.0, tell_seconds=0.01)


def safetensors(size: int = 300_000, seed: int = 1) -> bytes:
    """Return a sound model of about this many bytes."""
    values = random.Random(seed).randbytes(size // 4 * 4)
    header = json.dumps(
        {"__metadata__": {"seed": str(seed)}, "w": {"dtype": "F32", "shape": [len(values) // 4], "data_offsets": [0, len(values)]}}
    )
    return len(header).to_bytes(8, "little") + header.encode() + values


@pytest.fixture
def site() -> Iterator[BrokenFiles]:
    with broken_files() as served:
        yield served


@pytest.fixture
def elsewhere() -> Iterator[BrokenFiles]:
    """Another host: it has another port."""
    with broken_files() as served:
        yield served


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    base = tmp_path / "base"
    (base / "models" / "checkpoints").mkdir(parents=True)
    return Installation(tmp_path / "python", tmp_path / "ComfyUI" / "main.py", base, "0.3.75", "a test")


@pytest.fixture
def shelf(installation: Installation) -> Shelf:
    return Shelf(installation, pace=QUICK)


def with_options(installation: Installation, **options: Any) -> Shelf:
    """Return a shelf that is set up in another way."""
    return Shelf(installation, **{"pace": QUICK, **options})
