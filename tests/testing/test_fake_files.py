"""How the fake takes uploads and gives files out."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from viewcomfy.testing.fake_comfy import ServedFake, run_fake_comfy

pytestmark = pytest.mark.anyio

Run = Callable[..., Awaitable[list[dict[str, Any]]]]


def png(color: Any, mode: str = "RGB", size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, "PNG")
    return buffer.getvalue()


def saving(prefix: str = "ComfyUI", batch_size: int = 1) -> dict[str, Any]:
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 4, "batch_size": batch_size, "color": 0xFF0000}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }


async def upload(http: httpx2.AsyncClient, name: str, data: bytes, **fields: str) -> httpx2.Response:
    return await http.post("/upload/image", files={"image": (name, data, "image/png")}, data=fields)


async def test_an_upload_keeps_its_name_and_other_bytes_get_a_number(http: httpx2.AsyncClient) -> None:
    first = await upload(http, "a.png", png("red"))
    assert first.json() == {"name": "a.png", "subfolder": "", "type": "input"}
    assert (await upload(http, "a.png", png("red"))).json()["name"] == "a.png"
    assert (await upload(http, "a.png", png("blue"))).json()["name"] == "a (1).png"
    assert (await upload(http, "a.png", png("green"), overwrite="true")).json()["name"] == "a.png"
    assert (await http.get("/view?filename=a.png&type=input")).content == png("green")
    assert (await http.get("/view?filename=a (1).png&type=input")).content == png("blue")


async def test_an_upload_goes_into_its_subfolder_and_never_out_of_the_folder(http: httpx2.AsyncClient) -> None:
    assert (await upload(http, "a.png", b"1", subfolder="x/y")).json() == {"name": "a.png", "subfolder": "x/y", "type": "input"}
    assert (await http.get("/view?filename=a.png&type=input&subfolder=x/y")).content == b"1"
    for name, subfolder in (("a.png", "../x"), ("a.png", "/etc"), ("../a.png", ""), ("", "")):
        answer = await upload(http, name, b"1", subfolder=subfolder)
        assert (answer.status_code, answer.content) == (400, b"")


async def test_an_upload_over_the_limit_is_refused() -> None:
    async with run_fake_comfy(max_upload_bytes=1000) as fake, httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
        assert (await upload(http, "a.png", bytes(2000))).status_code == 413


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("filename=none.png", 404),
        ("filename=", 400),
        ("filename=../a.png", 400),
        ("filename=/etc/passwd", 400),
        ("filename=a.png&type=secret", 400),
        ("filename=a.png&subfolder=../..", 403),
    ],
)
async def test_view_gives_nothing_else_out(query: str, status: int, http: httpx2.AsyncClient) -> None:
    answer = await http.get(f"/view?{query}")
    assert (answer.status_code, answer.content) == (status, b"")


async def test_a_saved_picture_lies_in_its_subfolder_under_the_next_number(run: Run, http: httpx2.AsyncClient) -> None:
    await run(saving("a/b/cat", batch_size=2))
    messages = await run(saving("a/b/cat") | {"3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}})
    shown = [image for message in messages if message["type"] == "executed" for image in message["data"]["output"]["images"]]
    assert shown[0] == {"filename": "cat_00003_.png", "subfolder": "a/b", "type": "output"}
    assert shown[1]["type"] == "temp"
    assert shown[1]["filename"].startswith("ComfyUI_temp_")
    for place in shown:
        answer = await http.get("/view", params=place)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"] == f'filename="{place["filename"]}"'
        picture = Image.open(io.BytesIO(answer.content))
        assert (picture.size, picture.getpixel((0, 0))) == ((8, 4), (255, 0, 0))
        assert json.loads(picture.info["prompt"])["1"]["class_type"] == "EmptyImage"


async def test_a_prefix_that_leads_out_of_the_folder_fails_the_job(run: Run) -> None:
    error = (await run(saving("../../x")))[-3]
    assert error["type"] == "execution_error"
    assert "outside the output folder" in error["data"]["exception_message"]


async def test_folders_on_the_disk_are_used_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.png").write_bytes(png("blue"))
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp" / "old.png").write_bytes(b"old")
    workflow = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "job/out"}},
    }
    folders = {"input_dir": tmp_path / "in", "output_dir": tmp_path / "out", "temp_dir": tmp_path / "temp"}
    async with run_fake_comfy(**folders) as fake, httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
        await http.post("/prompt", json={"prompt": workflow})
        await fake.until_idle()
        saved = (tmp_path / "out" / "job" / "out_00001_.png").read_bytes()
        assert (await http.get("/view?filename=out_00001_.png&subfolder=job")).content == saved
        part = await http.get("/view?filename=out_00001_.png&subfolder=job", headers={"Range": "bytes=1-3"})
        assert (part.status_code, part.content) == (206, b"PNG")
        assert not (tmp_path / "temp" / "old.png").exists()


async def test_a_download_that_is_cut_off_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(32 * 1024 * 1024))
    before = asyncio.all_tasks()
    async with (
        httpx2.AsyncClient(trust_env=False) as http,
        run_fake_comfy(output_dir=tmp_path) as fake,
        http.stream("GET", f"{fake.url}/view?filename=big.bin") as answer,
    ):
        assert answer.status_code == 200
        await fake.crash()
        assert asyncio.all_tasks() - before == set(fake.tasks)
    assert asyncio.all_tasks() == before


async def test_a_mask_becomes_the_alpha_of_the_picture_it_belongs_to(run: Run, http: httpx2.AsyncClient, fake: ServedFake) -> None:
    await upload(http, "photo.png", png("red"))
    original = json.dumps({"filename": "photo.png", "type": "input", "subfolder": ""})
    mask = {"image": ("masked.png", png((0, 0, 0, 0), "RGBA"), "image/png")}
    answer = await http.post("/upload/mask", files=mask, data={"original_ref": original})
    assert answer.json()["name"] == "masked.png"
    workflow = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "masked.png"}},
        "2": {"class_type": "MaskToImage", "inputs": {"mask": ["1", 1]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "mask"}},
        "4": {"class_type": "LoadImageMask", "inputs": {"image": "masked.png", "channel": "red"}},
        "5": {"class_type": "MaskToImage", "inputs": {"mask": ["4", 0]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "red"}},
    }
    await run(workflow)
    for name in ("mask_00001_.png", "red_00001_.png"):
        saved = Image.open(io.BytesIO(fake.folders.output.read(name) or b""))
        assert saved.getpixel((0, 0)) == (255, 255, 255)


async def test_a_picture_can_be_viewed_smaller_or_by_channel(http: httpx2.AsyncClient) -> None:
    await upload(http, "a.png", png((255, 0, 0, 128), "RGBA"))
    base = "/view?filename=a.png&type=input"
    for query, kind in (
        ("&preview=webp;80", "image/webp"),
        ("&preview=jpeg", "image/jpeg"),
        ("&channel=rgb", "image/png"),
        ("&channel=a", "image/png"),
    ):
        answer = await http.get(base + query)
        assert answer.headers["content-type"] == kind
        assert Image.open(io.BytesIO(answer.content)).size == (8, 8)


async def test_a_changed_upload_is_loaded_again(run: Run, http: httpx2.AsyncClient, fake: ServedFake) -> None:
    workflow = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "copy"}},
    }
    for color in ("red", "red", "blue"):
        await upload(http, "a.png", png(color), overwrite="true")
        await run(workflow)
    assert fake.folders.output.names() == ["copy_00001_.png", "copy_00002_.png"]


async def test_html_is_given_out_as_a_download(http: httpx2.AsyncClient) -> None:
    await upload(http, "a.html", b"<script>")
    assert (await http.get("/view?filename=a.html&type=input")).headers["content-type"] == "application/octet-stream"
