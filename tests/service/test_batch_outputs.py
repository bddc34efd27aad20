"""The outputs of a batch as they stand now: a zip, and a sheet of pictures."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.service.batch_kit import Office, png
from tests.service.kit import Desk, open_desk
from viewcomfy.core.errors import Conflict
from viewcomfy.core.jobs import JobStatus
from viewcomfy.files.local import LocalFiles
from viewcomfy.service.zip_stream import stream_zip

pytestmark = pytest.mark.anyio


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


async def zipped(office: Office, batch_id: str) -> zipfile.ZipFile:
    entries = office.batches.outputs.entries(await office.batches.made(office.desk.caller, batch_id))
    return zipfile.ZipFile(io.BytesIO(b"".join([block async for block in stream_zip(office.desk.files, entries)])))


async def test_the_zip_has_a_folder_for_each_job_that_has_made_something(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": [1, 2, 3]}})
    await office.work(png("red"), png("blue"))
    await office.work(status=JobStatus.FAILED)
    assert (await zipped(office, batch.batch_id)).namelist() == ["1_seed=1/0.png", "1_seed=1/1.png"]
    await office.work(png("lime"))
    archive = await zipped(office, batch.batch_id)
    assert archive.namelist()[2:] == ["3_seed=3/0.png"]
    assert archive.read("3_seed=3/0.png") == png("lime")


async def test_a_job_that_was_forgotten_leaves_its_number_free(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": [1, 2]}})
    first, _ = await office.work(png()), await office.work(png())
    await office.desk.store.jobs.forget([first.prompt_id])
    assert (await zipped(office, batch.batch_id)).namelist() == ["2_seed=2/0.png"]
    state = await office.batches.get(office.desk.caller, batch.batch_id)
    assert [(job.number, job.label) for job in state.jobs] == [(1, "seed=2")]


async def test_where_nothing_is_made_yet_a_hint_says_what_to_do(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": [1, 2]}})
    with pytest.raises(Conflict, match="yet"):
        await office.batches.made(office.desk.caller, batch.batch_id)
    await office.work(status=JobStatus.FAILED)
    await office.work(status=JobStatus.FAILED)
    with pytest.raises(Conflict, match="what became of them"):
        await office.batches.made(office.desk.caller, batch.batch_id)


async def test_the_sheet_shows_what_is_there(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"filename_prefix": ["a", "b"], "seed": [1, 2]}})
    await office.work(png("red", (64, 64)))
    made = await office.batches.made(office.desk.caller, batch.batch_id, pictures=True)
    async with office.batches.outputs.contact_sheet(made) as path:
        with Image.open(path) as sheet:
            reds = [pixel for pixel in sheet.convert("RGB").getcolors(100_000) or [] if pixel[1] == (255, 0, 0)]
    assert reds
    assert reds[0][0] == 64 * 64
    assert not list(office.tmp.iterdir())


async def test_the_tag_of_a_sheet_changes_when_more_is_made(office: Office) -> None:
    batch = await office.submit(await office.desk.deploy(), {"grid": {"seed": [1, 2]}})
    tags = []
    for _ in range(2):
        await office.work(png())
        tags += [(await office.batches.made(office.desk.caller, batch.batch_id)).tag for _ in range(2)]
    assert tags[0] == tags[1] != tags[2] == tags[3]


class SlowFiles(LocalFiles):
    """Files of which the second is not found before the test says so."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked = 0
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def at_hand(self, key: str) -> AsyncIterator[Path]:
        self.asked += 1
        if self.asked == 2:
            self.begun.set()
            await self.go_on.wait()
        async with super().at_hand(key) as path:
            yield path


async def test_whoever_goes_away_stops_the_drawing(tmp_path: Path) -> None:
    files = SlowFiles(tmp_path / "files")
    async with open_desk(tmp_path, files=files) as desk:
        office = Office(desk)
        batch = await office.submit(await desk.deploy(), {"grid": {"seed": [1, 2, 3, 4]}})
        for _ in range(4):
            await office.work(png())
        made = await office.batches.made(desk.caller, batch.batch_id, pictures=True)

        async def draw() -> None:
            async with office.batches.outputs.contact_sheet(made):
                raise AssertionError("it should have been stopped")

        drawing, waiting = asyncio.create_task(draw()), asyncio.create_task(draw())
        await files.begun.wait()
        for task in (waiting, drawing):
            task.cancel()
        asyncio.get_running_loop().call_soon(files.go_on.set)
        await asyncio.wait({drawing, waiting})
        assert drawing.cancelled()
        assert waiting.cancelled()
        assert files.asked == 2
        assert not list(office.tmp.iterdir())
