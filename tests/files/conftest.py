"""The implementations that the contract holds for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from obstore.store import MemoryStore

from tests.files.link_site import link_site
from viewcomfy.files.base import Files
from viewcomfy.files.cloud import CloudFiles
from viewcomfy.files.linked import LinkedFiles
from viewcomfy.files.local import LocalFiles
from viewcomfy.files.open import open_files

KINDS = ("local", "moto", "seaweedfs", "memory", "linked", "linked-moto", "linked-seaweedfs")


@dataclass(frozen=True)
class House:
    """Files, and those `behind` them, where the same bytes can be counted and removed."""

    files: Files
    behind: Files


@pytest.fixture(params=KINDS)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """Empty files of each implementation."""
    kind = request.param.removeprefix("linked-").replace("linked", "local")
    makers: dict[str, Callable[[], Files]] = {
        "local": lambda: LocalFiles(tmp_path / "files"),
        "moto": lambda: open_files(request.getfixturevalue("moto").bucket(), tmp_path),
        "seaweedfs": lambda: open_files(request.getfixturevalue("seaweedfs").bucket(), tmp_path),
        "memory": lambda: CloudFiles(MemoryStore(), tmp_path / "tmp", "memory"),
    }
    behind = makers[kind]()
    if not request.param.startswith("linked"):
        yield House(behind, behind)
        return

    async def signed(key: str, verb: str) -> str:
        return await behind.sign(key, verb, 60) or ""

    async with httpx2.AsyncClient() as http, link_site(behind) as site:
        yield House(LinkedFiles(site.ask if kind == "local" else signed, http, tmp_path / "tmp", patience=5.0), behind)


@pytest.fixture
def files(house: House) -> Files:
    """The files of the house."""
    return house.files


@pytest.fixture
def behind(house: House) -> Files:
    """What counts and removes them."""
    return house.behind
