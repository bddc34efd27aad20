"""The intake: files that came with a call and files that its params name, together, and nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.server.poster import data_url, png
from viewcomfy.core.errors import BadInput, FetchFailed, InvalidUpload, TooLarge
from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.files.fetch import Fetched, Fetcher
from viewcomfy.files.fetch_limits import FetchLimits
from viewcomfy.service.intake import FETCHES, Intake
from viewcomfy.service.received import ReceivedFile

pytestmark = pytest.mark.anyio


def declared(name: str, kind: InputKind, **more: Any) -> Input:
    return Input(name, f"5-inputs-{name}", "5", name, "Node", "Node", kind, name, **more)


INPUTS = (
    declared("image", InputKind.IMAGE),
    declared("second", InputKind.FILE),
    declared("closed", InputKind.IMAGE, locked=True),
    declared("prompt", InputKind.TEXT),
)


class Web(Fetcher):
    """Gives a file of ten bytes for every URL, or fails; counts how many are fetched at once."""

    def __init__(self) -> None:
        super().__init__(FetchLimits())
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.full = asyncio.Event()

    async def fetch(self, url: str, path: Path) -> Fetched:
        self.asked.append(url)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.at_once == FETCHES:
            self.full.set()
        with suppress(TimeoutError):  # where there are so many, they meet here
            async with asyncio.timeout(0.05):
                await self.full.wait()
        self.at_once -= 1
        if "absent" in url:
            raise FetchFailed("There is no such file.")
        await asyncio.to_thread(path.write_bytes, png()[:10])
        return Fetched("image/png", 10, "cat.png")


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def intake(tmp_path: Path, web: Web) -> Intake:
    return Intake(tmp_path / "tmp", web, 1000)


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "tmp").rglob("*"))


def sent(tmp_path: Path, field: str = "image") -> ReceivedFile:
    path = tmp_path / f"sent-{field}"
    path.write_bytes(png())
    return ReceivedFile(field, "a.png", "image/png", path.stat().st_size, path)


async def test_a_data_url_becomes_a_file_until_the_call_is_done(tmp_path: Path, intake: Intake) -> None:
    params = {"5-inputs-image": data_url(png(), "text/plain"), "prompt": "data:,hello", "seed": 1}
    async with intake.taken(params, (), INPUTS) as taken:
        assert taken.params == {"prompt": "data:,hello", "seed": 1}
        file = taken.files["5-inputs-image"]
        assert (file.path.read_bytes(), file.filename) == (png(), "upload.png")
        assert (taken.sent["5-inputs-image"].content_type, taken.sent["5-inputs-image"].size) == ("image/png", len(png()))
    assert left(tmp_path) == []


async def test_files_by_url_and_files_that_came_are_taken_together(tmp_path: Path, intake: Intake, web: Web) -> None:
    async with intake.taken({"second": "HTTPS://files.example/cat"}, (sent(tmp_path),), INPUTS) as taken:
        assert (set(taken.files), taken.params) == ({"image", "second"}, {})
    assert web.asked == ["HTTPS://files.example/cat"]
    assert left(tmp_path) == []
    assert (tmp_path / "sent-image").exists(), "whoever received it removes it"


@pytest.mark.parametrize("name", ["closed", "5-inputs-closed", "prompt", "nothing"])
async def test_nothing_is_brought_for_what_takes_no_file(intake: Intake, web: Web, name: str) -> None:
    params = {name: "https://files.example/cat.png"}
    async with intake.taken(params, (), INPUTS) as taken:
        assert (taken.params, taken.files) == (params, {})
    assert web.asked == []


@pytest.mark.parametrize(
    ("value", "error"),
    [("data:nonsense", InvalidUpload), (data_url(bytes(1001)), TooLarge), ("https://files.example/absent", FetchFailed)],
)
async def test_a_fault_names_its_input_and_leaves_nothing(tmp_path: Path, intake: Intake, value: str, error: type[BadInput]) -> None:
    with pytest.raises(error) as fault:
        async with intake.taken({"second": data_url(png()), "image": value}, (), INPUTS):
            raise AssertionError
    assert [problem["input"] for problem in fault.value.problems] == ["image"]
    assert left(tmp_path) == []


async def test_what_fails_later_leaves_nothing_either(tmp_path: Path, intake: Intake) -> None:
    with pytest.raises(BadInput):
        async with intake.taken({"image": data_url(png())}, (), INPUTS):
            raise BadInput("Something else is wrong.")
    assert left(tmp_path) == []


async def test_one_name_gets_one_file(tmp_path: Path, intake: Intake) -> None:
    with pytest.raises(InvalidUpload, match="Two files"):
        async with intake.taken({"image": data_url(png())}, (sent(tmp_path),), INPUTS):
            raise AssertionError
    assert left(tmp_path) == []


async def test_so_many_files_are_fetched_at_once(tmp_path: Path, intake: Intake, web: Web) -> None:
    async def call(number: int) -> None:
        async with intake.taken({"image": f"https://files.example/{number}"}, (), INPUTS):
            pass

    async with asyncio.TaskGroup() as group:
        for number in range(4 * FETCHES):
            group.create_task(call(number))
    assert len(web.asked) == 4 * FETCHES
    assert web.most == FETCHES
    assert left(tmp_path) == []


# --- many calls at once -----------------------------------------------------------------------------------------------
async def test_a_file_that_several_calls_name_is_brought_once(tmp_path: Path, intake: Intake, web: Web) -> None:
    url = "https://files.example/cat.png"
    calls: list[Mapping[str, Any]] = [{"image": url, "prompt": str(number)} for number in range(20)]
    async with intake.taken_together(calls, (sent(tmp_path, "second"),), INPUTS, max_bytes=1000) as taken:
        assert {one.files["image"].path for one in taken if not isinstance(one, BadInput)} == {next((tmp_path / "tmp").iterdir())}
        assert [one.params for one in taken if not isinstance(one, BadInput)] == [{"prompt": str(number)} for number in range(20)]
    assert web.asked == [url]
    assert left(tmp_path) == []


async def test_calls_that_can_not_be_taken_are_told_one_by_one(tmp_path: Path, intake: Intake) -> None:
    urls = ("https://files.example/a", "https://files.example/absent", "data:nonsense")
    async with intake.taken_together([{"image": url} for url in urls], (), INPUTS, max_bytes=1000) as taken:
        assert [type(one) for one in taken][1:] == [FetchFailed, InvalidUpload]
        assert not isinstance(taken[0], BadInput)
    assert left(tmp_path) == []


async def test_files_of_many_calls_have_one_limit(tmp_path: Path, intake: Intake) -> None:
    calls: list[Mapping[str, Any]] = [{"image": f"https://files.example/{number}"} for number in range(30)]
    bring = partial(intake.taken_together, calls, (), INPUTS)
    async with bring(max_bytes=300):
        assert len(left(tmp_path)) == 30
    with pytest.raises(TooLarge, match="together"):
        async with bring(max_bytes=299):
            raise AssertionError
    assert left(tmp_path) == []
