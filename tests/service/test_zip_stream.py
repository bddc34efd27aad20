"""A zip of outputs is made while it is sent."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.outputs import Output
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.zip_stream import MISSING, ZipEntry, entries_of, stream_zip

pytestmark = pytest.mark.anyio
MEGABYTE = 1024 * 1024


async def blocks(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "files")


async def zipped(files: LocalFiles, entries: list[ZipEntry]) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join([block async for block in stream_zip(files, entries)])))


async def test_what_went_in_comes_out(files: LocalFiles) -> None:
    picture = os.urandom(3 * MEGABYTE + 7)
    await files.put("a", blocks(picture))
    await files.put("b", blocks("grüße".encode()))
    await files.put("c", blocks(b""))
    entries = [ZipEntry("1_α/cat.png", "a", len(picture), 1_700_000_000.0), ZipEntry("2/note.txt", "b", 7), ZipEntry("2/empty.bin", "c", 0)]
    archive = await zipped(files, entries)
    assert archive.testzip() is None
    assert archive.namelist() == ["1_α/cat.png", "2/note.txt", "2/empty.bin"]
    assert archive.read("1_α/cat.png") == picture
    assert archive.read("2/note.txt").decode() == "grüße"
    assert archive.getinfo("1_α/cat.png").date_time == (2023, 11, 14, 22, 13, 20)


async def test_media_are_stored_and_only_small_texts_are_compressed(files: LocalFiles) -> None:
    await files.put("a", blocks(b"x" * 100_000))
    names = {"a.png": 0, "a.mp4": 0, "a.wav": 0, "a.json": 8, "a.txt": 8}
    archive = await zipped(files, [ZipEntry(name, "a", 100_000) for name in names])
    assert {info.filename: info.compress_type for info in archive.infolist()} == names
    huge = await zipped(files, [ZipEntry("a.txt", "a", 17 * MEGABYTE)])
    assert huge.infolist()[0].compress_type == zipfile.ZIP_STORED


async def test_a_zip_of_nothing_is_a_zip(files: LocalFiles) -> None:
    assert (await zipped(files, [])).namelist() == []


async def test_blocks_go_out_as_they_are_read(files: LocalFiles) -> None:
    """Of a file of 40 MB, no more is held than a few blocks."""
    await files.put("big", blocks(os.urandom(MEGABYTE) * 40))
    sent = [len(block) async for block in stream_zip(files, [ZipEntry("a.mp4", "big", 40 * MEGABYTE)])]
    assert max(sent) <= MEGABYTE
    assert len(sent) >= 40


async def test_a_file_that_has_been_removed_is_named_and_the_others_are_there(files: LocalFiles) -> None:
    await files.put("a", blocks(b"a"))
    archive = await zipped(files, [ZipEntry("1/gone.png", "gone", 5), ZipEntry("2/here.png", "a", 1)])
    assert archive.namelist() == ["2/here.png", MISSING]
    assert b"1/gone.png" in archive.read(MISSING)


async def test_a_fault_in_mid_file_ends_the_stream_before_the_zip_is_whole(files: LocalFiles, tmp_path: Path) -> None:
    class Breaking(LocalFiles):
        async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
            yield b"some"
            raise OSError("the disk is gone")

    stream = stream_zip(Breaking(tmp_path / "other"), [ZipEntry("a.png", "a", 9)])
    sent = await anext(stream)
    with pytest.raises(OSError, match="the disk is gone"):
        await anext(stream)
    assert not zipfile.is_zipfile(io.BytesIO(sent))


async def test_whoever_stops_half_way_leaves_nothing_open(files: LocalFiles) -> None:
    await files.put("a", blocks(b"x" * (4 * MEGABYTE)))
    stream = stream_zip(files, [ZipEntry("a.png", "a", 4 * MEGABYTE)])
    assert await anext(stream)
    await stream.aclose()


async def test_a_file_of_over_4_gigabytes_is_announced_with_64_bits(files: LocalFiles) -> None:
    await files.put("a", blocks(b"x"))
    stream = stream_zip(files, [ZipEntry("a.mp4", "a", 5 << 30)])
    header = await anext(stream)
    await stream.aclose()
    assert int.from_bytes(header[4:6], "little") >= 45  # the version needed to read it


def output(name: str) -> Output:
    return Output(filename=name, content_type="image/png", size=1, file_key=f"k/{name}")


async def test_folders_are_numbered_and_named_by_their_label() -> None:
    jobs = [(f"prompt=a cat · seed={seed}", 0.0, [output("a.png"), output("A.png")]) for seed in range(10)]
    paths = [entry.path for entry in entries_of(jobs)]
    assert paths[:3] == ["01_prompt=a cat · seed=0/a.png", "01_prompt=a cat · seed=0/A (2).png", "02_prompt=a cat · seed=1/a.png"]
    assert entries_of([("x", 0.0, []), ("", 5.0, [output("b.png")])]) == [ZipEntry("2/b.png", "k/b.png", 1, 5.0)]


async def test_names_that_windows_keeps_for_itself_are_not_used() -> None:
    names = ["con.png", "NUL", "lpt1.tar.gz", "a:b?.png", "../../etc/passwd", "trailing. ", "console.png"]
    (*paths,) = (entry.path for entry in entries_of([("CON: a/b\\c <x>|", 0.0, [output(name) for name in names])]))
    assert paths == [
        f"1_CON a-b-c x/{name}" for name in ("_con.png", "_NUL", "_lpt1.tar.gz", "ab.png", "passwd", "trailing", "console.png")
    ]


@given(st.lists(st.tuples(st.text(), st.lists(st.text(), max_size=3)), max_size=12))
def test_paths_are_unique_and_safe_whatever_the_labels_and_names(jobs: list[tuple[str, list[str]]]) -> None:
    paths = [entry.path for entry in entries_of([(label, 0.0, [output(name) for name in names]) for label, names in jobs])]
    assert len({path.casefold() for path in paths}) == len(paths) == sum(len(names) for _, names in jobs)
    for path in paths:
        assert path.count("/") == 1
        assert not set(path) & set('<>:"|?*\\\0\r\n\t')
        assert all(part == part.strip(" .") and part not in ("", ".", "..") for part in path.split("/"))
        assert len(path) < 200
        path.encode()
