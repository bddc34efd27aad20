"""Who works on a job gets links to its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.services.s3 import Moto
from viewcomfy.core.errors import InvalidName, KeyNotAllowed
from viewcomfy.files.base import Files
from viewcomfy.files.local import LocalFiles
from viewcomfy.files.open import open_files
from viewcomfy.service.link_desk import Linker
from viewcomfy.service.links import Links, WriteLink

pytestmark = pytest.mark.anyio
SENT, MADE = "jobs/1/in/ab/cat.png", "jobs/1/out-2-cat.png"
LINKS = Links("secret", 60)


def linker(files: Files, *, direct: bool = False) -> Linker:
    return Linker(links=LINKS, files=files, url="https://here/", max_bytes=1000, direct=direct)


async def test_links_lead_through_the_server(tmp_path: Path) -> None:
    ours = linker(LocalFiles(tmp_path))
    reading, writing = await ours.url(SENT, "GET"), await ours.url(MADE, "PUT")
    assert reading.startswith("https://here/files/")
    assert LINKS.open(reading.rpartition("/")[2]).file_key == SENT
    assert LINKS.open_write(writing.rpartition("/")[2]) == WriteLink(MADE, 1000)


async def test_there_are_links_to_read_and_to_write_only(tmp_path: Path) -> None:
    for verb in ("DELETE", "HEAD", "get", ""):
        with pytest.raises(KeyNotAllowed):
            await linker(LocalFiles(tmp_path)).url(SENT, verb)
    with pytest.raises(InvalidName):
        await linker(LocalFiles(tmp_path)).url("jobs/1/out-1-/../x", "PUT")


async def test_direct_links_lead_to_the_store_where_that_signs_them(moto: Moto, tmp_path: Path) -> None:
    in_the_cloud = linker(open_files(moto.bucket(), tmp_path), direct=True)
    assert (await in_the_cloud.url(MADE, "PUT")).startswith(f"{moto.url}/")
    assert (await linker(LocalFiles(tmp_path), direct=True).url(MADE, "PUT")).startswith("https://here/")
