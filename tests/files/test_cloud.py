"""What only files in the cloud can do, or suffer from."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from botocore.session import Session  # type: ignore[import-untyped]  # which has no types

from tests.files.rough_road import rough_road
from tools.services.process import free_port
from tools.services.s3 import REGION, Moto, S3Server, SeaweedFS
from viewcomfy.core.errors import InvalidName, ServerUnavailable, UnknownFile
from viewcomfy.files.base import Files
from viewcomfy.files.cloud import CloudFiles
from viewcomfy.files.open import open_files

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


async def repeat(part: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield part


async def read(files: Files, key: str) -> bytes:
    return b"".join([block async for block in files.read(key)])


def opened(url: str, tmp_path: Path) -> CloudFiles:
    files = open_files(url, tmp_path)
    assert isinstance(files, CloudFiles)
    return files


def bucket_of(url: str) -> str:
    return url.partition("@")[2].partition("/")[0]


@contextlib.contextmanager
def s3_client(server: S3Server) -> Iterator[Any]:
    """Yield another program's client, to look at what ours has left."""
    client = Session().create_client(
        "s3", REGION, endpoint_url=server.url, aws_access_key_id=server.access_key, aws_secret_access_key=server.secret_key
    )
    try:
        yield client
    finally:
        client.close()


def unfinished(server: S3Server, url: str) -> list[str]:
    with s3_client(server) as client:
        return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=bucket_of(url)).get("Uploads", [])]


# --- uploads in parts -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_canceled", [False, True])
async def test_an_abandoned_upload_is_taken_back_part_by_part(moto: Moto, tmp_path: Path, is_canceled: bool) -> None:
    url = moto.bucket()
    files = opened(url, tmp_path)
    under_way = asyncio.Event()

    async def broken() -> AsyncIterator[bytes]:
        for _ in range(14):
            yield bytes(MIB)
        assert await asyncio.to_thread(unfinished, moto, url) == ["files/key"]
        under_way.set()
        if is_canceled:
            await asyncio.Event().wait()
        raise ValueError("the caller has gone")

    put = asyncio.create_task(files.put("key", broken()))
    await under_way.wait()
    if is_canceled:
        put.cancel()
    with pytest.raises(asyncio.CancelledError if is_canceled else ValueError):
        await put
    assert await asyncio.to_thread(unfinished, moto, url) == []


def memory() -> int:
    """Return the resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
async def test_a_large_file_does_not_live_in_memory(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    files = opened(seaweedfs.bucket(), tmp_path)
    await files.put("warm", repeat(bytes(MIB), 32))
    before = most = memory()

    async def watched() -> AsyncIterator[bytes]:
        nonlocal most
        for _ in range(160):
            most = max(most, memory())
            yield bytes(MIB)

    assert await files.put("large", watched()) == 160 * MIB
    total = 0
    async for block in files.read("large"):
        total += len(block)
        most = max(most, memory())
    assert total == 160 * MIB
    assert most - before < 64 * MIB


# --- rough roads ------------------------------------------------------------------------------------------------------
async def test_reading_goes_on_where_a_connection_breaks(moto: Moto, tmp_path: Path) -> None:
    url = moto.bucket()
    content = bytes(range(256)) * 20_000
    await opened(url, tmp_path).put("key", repeat(content, 1))
    async with rough_road(moto.port) as road:
        road.down = [1_000_000, 100_000, 2_000_000]
        assert await read(opened(url.replace(moto.url, road.url), tmp_path), "key") == content
        assert road.cuts == 3


async def test_storing_goes_on_where_a_connection_breaks(moto: Moto, tmp_path: Path) -> None:
    url = moto.bucket()
    async with rough_road(moto.port) as road:
        road.up = [1_000_000, 100_000]
        files = opened(url.replace(moto.url, road.url), tmp_path)
        assert await files.put("small", repeat(bytes(MIB), 2)) == 2 * MIB
        road.up += [3_000_000, 50_000]
        assert await files.put("large", repeat(bytes(MIB), 20)) == 20 * MIB
        assert road.cuts == 4
    assert await opened(url, tmp_path).usage() == 22 * MIB
    assert await asyncio.to_thread(unfinished, moto, url) == []


async def test_a_store_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    server = Moto(tmp_path)
    await asyncio.to_thread(server.start)
    try:
        files = opened(server.bucket() + "&timeout=1", tmp_path)
        await files.put("key", repeat(b"x", 3))
        server.pause()
        async with asyncio.timeout(90):
            with pytest.raises(ServerUnavailable, match="does not answer"):
                await files.size("key")
        server.resume()
        assert await read(files, "key") == b"xxx"
    finally:
        server.kill()


async def test_files_are_there_after_the_store_was_killed(tmp_path: Path) -> None:
    server = SeaweedFS(tmp_path / "weed")
    await asyncio.to_thread(server.start)
    try:
        files = opened(server.bucket(), tmp_path)
        await files.put("key", repeat(bytes(MIB), 8))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert await read(files, "key") == bytes(8 * MIB)
    finally:
        server.kill()


# --- what is wrong ----------------------------------------------------------------------------------------------------
async def every_failure(files: CloudFiles) -> list[ServerUnavailable]:
    """Call everything, which all must fail; return how."""
    failures = []
    for call in (
        lambda: read(files, "key"),
        lambda: files.put("key", repeat(b"x", 3)),
        lambda: files.put("key", repeat(bytes(MIB), 12)),
        files.usage,
        lambda: files.remove("jobs/1/"),
    ):
        with pytest.raises(ServerUnavailable) as failure:
            await call()
        failures.append(failure.value)
    return failures


async def test_a_bucket_that_is_not_there_is_named(moto: Moto, tmp_path: Path) -> None:
    for failure in await every_failure(opened(moto.files_url("nobody-has-made-it"), tmp_path)):
        assert "no bucket at s3://nobody-has-made-it/files" in failure.message


async def test_wrong_credentials_are_told_and_not_repeated(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    url = seaweedfs.bucket().replace(seaweedfs.access_key, "WRONGKEY")
    files = opened(url, tmp_path)
    for failure in await every_failure(files):
        assert "refuses us" in failure.message
        assert "credentials" in (failure.hint or "")
        assert not [secret for secret in ("WRONGKEY", seaweedfs.secret_key) if secret in str(failure)]
    with pytest.raises(ServerUnavailable):
        await files.size("key")
    with pytest.raises(ServerUnavailable):
        await read(files, "key")


async def test_a_store_that_nobody_runs_is_told_soon(tmp_path: Path) -> None:
    files = opened(f"s3://KEY:SECRET@bucket/files?endpoint=http://127.0.0.1:{free_port()}&timeout=1", tmp_path)
    async with asyncio.timeout(60):
        with pytest.raises(ServerUnavailable, match="does not answer") as failure:
            await files.size("key")
    assert "SECRET" not in str(failure.value)


async def test_what_is_stored_is_read_and_removed_and_leaves_nothing(moto: Moto, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    for server in (moto, seaweedfs):
        files = opened(server.bucket(), tmp_path)
        assert await files.put("check", repeat(b"1", 1)) == 1
        assert await read(files, "check") == b"1"
        assert await files.remove("check") == 1
        assert await files.usage() == 0


# --- links and neighbours ---------------------------------------------------------------------------------------------
async def test_signed_urls_work_without_credentials_and_only_for_their_verb(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    files = opened(seaweedfs.bucket(), tmp_path)
    async with httpx2.AsyncClient() as http:
        writing = await files.sign("jobs/1/out-1-ä b+c.png", "PUT", 60)
        assert writing
        assert (await http.put(writing, content=b"picture")).status_code == 200
        reading = await files.sign("jobs/1/out-1-ä b+c.png", "GET", 60)
        assert reading
        assert (await http.get(reading, headers={"Range": "bytes=1-2"})).content == b"ic"
        for refused in (await http.put(reading, content=b"x"), await http.get(reading.replace("out-1", "out-2"))):
            assert refused.status_code == 403
    assert await read(files, "jobs/1/out-1-ä b+c.png") == b"picture"
    with pytest.raises(InvalidName):
        await files.sign("../key", "GET", 60)


async def test_a_file_has_the_type_that_its_name_says(moto: Moto, tmp_path: Path) -> None:
    files = opened(moto.bucket(), tmp_path)
    for size in (1, 8):
        await files.put("jobs/1/out-1-cat.png", repeat(bytes(MIB), size))
        async with httpx2.AsyncClient() as http:
            answer = await http.get(await files.sign("jobs/1/out-1-cat.png", "GET", 60) or "")
            assert (answer.headers["content-type"], len(answer.content)) == ("image/png", size * MIB)


async def test_what_lies_beside_the_prefix_is_left_alone(moto: Moto, tmp_path: Path) -> None:
    bucket = bucket_of(moto.bucket())
    files, other = (opened(moto.files_url(bucket, prefix), tmp_path) for prefix in ("files", "files2"))
    for one in (files, other):
        await one.put("jobs/1/a", repeat(b"x", 10))
    assert await files.remove("jobs/") == 10
    assert (await files.usage(), await other.usage()) == (0, 10)


async def test_more_files_than_one_listing_holds_are_counted_and_removed(moto: Moto, tmp_path: Path) -> None:
    files = opened(moto.bucket(), tmp_path)
    for start in range(0, 1005, 67):
        await asyncio.gather(*(files.put(f"jobs/1/{number}", repeat(b"x", 1)) for number in range(start, start + 67)))
    assert await files.usage("jobs/") == 1005
    assert await files.remove("jobs/1/") == 1005
    assert await files.usage() == 0


async def test_a_file_that_is_replaced_is_never_read_half_from_each(moto: Moto, tmp_path: Path) -> None:
    url = moto.bucket()
    files = opened(url, tmp_path)
    await files.put("key", repeat(b"o" * MIB, 8))
    async with rough_road(moto.port) as road:
        road.down = [3_000_000]
        reader = opened(url.replace(moto.url, road.url), tmp_path).read("key")
        got = await anext(reader)
        await files.put("key", repeat(b"n" * MIB, 8))
        with contextlib.suppress(ServerUnavailable, UnknownFile):
            async for block in reader:
                got += block
    assert set(got) == {ord("o")}
