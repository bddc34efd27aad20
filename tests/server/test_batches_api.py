"""Batches over HTTP: submit many jobs at once, watch them, cancel them, take what they made."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import uuid
import zipfile
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.server.site_kit import PICTURE, Site, until
from viewcomfy.core.params import with_value

pytestmark = pytest.mark.anyio

GRID = {"grid": {"color": [255, 65280], "filename_prefix": ["a", "b"]}}


def png(color: str = "red") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(target, "PNG")
    return target.getvalue()


async def post(site: Site, spec: Any, name: str = "picture", *, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
    return await site.http.post(f"/d/{name}/batch", json=spec, headers=headers or site.key, **more)


async def submit(site: Site, spec: Any, name: str = "picture", headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await post(site, spec, name, headers=headers)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def get(site: Site, batch: dict[str, Any], what: str = "", headers: dict[str, str] | None = None) -> httpx2.Response:
    return await site.http.get(f"/api/batches/{batch['batch_id']}{what}", headers=headers or site.key)


async def done(site: Site, batch: dict[str, Any]) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        return dict((await get(site, batch, headers=site.admin)).json())

    return await until(look, lambda found: found["progress"]["done"] == found["progress"]["total"])


async def test_a_grid_makes_jobs_whose_outputs_come_as_a_zip_and_a_sheet(site: Site) -> None:
    answer = await post(site, GRID)
    batch = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"{site.url}/api/batches/{batch['batch_id']}")
    assert [(job["number"], job["label"]) for job in batch["jobs"]][:2] == [
        (1, "color=255 · filename_prefix=a"), (2, "color=255 · filename_prefix=b"),
    ]  # fmt: skip
    assert batch["axes"][0] == {"name": "color", "labels": ["255", "65280"]}
    assert (await done(site, batch))["progress"] == {
        "queued": 0, "running": 0, "succeeded": 4, "failed": 0, "canceled": 0, "total": 4, "done": 4,
    }  # fmt: skip
    zipped = await site.http.get(batch["outputs_url"], headers=site.key)
    assert (zipped.headers["content-type"], zipped.status_code) == ("application/zip", 200)
    assert f"picture-{batch['batch_id'][:8]}.zip" in zipped.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(zipped.content))
    assert archive.testzip() is None
    assert [name.partition("/")[0] for name in archive.namelist()] == [f"{job['number']}_{job['label']}" for job in batch["jobs"]]
    sheet = await site.http.get(batch["contact_sheet_url"], headers=site.key)
    assert (sheet.headers["content-type"], int(sheet.headers["content-length"])) == ("image/png", len(sheet.content))
    Image.open(io.BytesIO(sheet.content)).verify()
    again = await site.http.get(batch["contact_sheet_url"], headers={**site.key, "if-none-match": sheet.headers["etag"]})
    assert again.status_code == 304
    assert site.left_behind() == []


async def test_a_form_brings_files_that_all_jobs_share(site: Site) -> None:
    spec = {"list": [{"filename_prefix": "a"}, {"filename_prefix": "b"}]}
    answer = await site.http.post(
        "/d/uploaded/batch", data={"batch": json.dumps(spec)}, files={"image": ("x.png", png())}, headers=site.key
    )
    assert answer.status_code == 202, answer.text
    assert (await done(site, answer.json()))["progress"]["succeeded"] == 2
    assert site.left_behind() == []


async def test_files_can_come_as_data_urls(site: Site) -> None:
    urls = [f"data:image/png;base64,{base64.b64encode(png(color)).decode()}" for color in ("red", "blue")]
    batch = await submit(site, {"grid": {"image": urls}}, "uploaded")
    assert [job["label"] for job in batch["jobs"]] == ["image=data:image/png…"] * 2
    assert (await done(site, batch))["progress"]["succeeded"] == 2


async def test_a_bad_job_keeps_all_from_the_queue_and_every_problem_is_told(site: Site) -> None:
    before = (await site.http.get("/api/batches", headers=site.key)).json()["batches"]
    answer = await post(site, {"list": [{"color": 1}, {"color": "red"}, {"colour": 2}], "inputs": {"width": "wide"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
    told = {(problem["input"], tuple(problem["jobs"])) for problem in answer.json()["problems"]}
    assert told == {("color", (2,)), ("colour", (3,)), ("width", (1, 2, 3))}
    assert (await site.http.get("/api/batches", headers=site.key)).json()["batches"] == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b"[]", "bad_input"),
        (b"{}", "bad_input"),
        (b'{"list": [], "x": 1}', "bad_input"),
        (b'{"list": [{}], "grid": {"color": [1]}}', "bad_input"),
        (b'{"grid": {"color": 5}}', "bad_input"),
        (b'{"grid": {"a": [1,2,3,4,5,6,7,8,9,0], "b": [1,2,3,4,5,6,7,8,9,0], "c": [1,2,3,4,5,6,7,8,9,0,0]}}', "bad_input"),
        (b'{"list": [{"color": 1}], "batch_id": "one"}', "invalid_name"),
    ],
)
async def test_what_is_no_batch_answers_422_in_both_forms(site: Site, body: bytes, code: str) -> None:
    as_json = await site.http.post("/d/picture/batch", content=body, headers={**site.key, "content-type": "application/json"})
    as_form = await site.http.post("/d/picture/batch", files={"batch": (None, body)}, headers=site.key)
    assert [(answer.status_code, answer.json()["code"]) for answer in (as_json, as_form)] == [(422, code)] * 2


async def test_a_form_without_a_batch_says_so(site: Site) -> None:
    answer = await site.http.post("/d/picture/batch", data={"params": "{}"}, headers=site.key)
    assert answer.json()["code"] == "invalid_form"
    assert "batch" in answer.json()["hint"]


async def test_the_same_batch_id_answers_the_same_batch_and_anothers_is_taken(site: Site) -> None:
    spec = {"list": [{"color": 1}, {"color": 2}], "batch_id": str(uuid.uuid4())}
    first, again = await submit(site, spec), await submit(site, spec)
    assert [job["prompt_id"] for job in first["jobs"]] == [job["prompt_id"] for job in again["jobs"]]
    answer = await post(site, spec, headers=await site.make_key())
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_cancel_in_the_middle_ends_the_rest(site: Site) -> None:
    batch = await submit(site, {"grid": {"seed": list(range(20))}, "inputs": {"seconds": 0.3}}, "waiting")

    async def look() -> dict[str, Any]:
        return dict((await get(site, batch)).json())

    await until(look, lambda found: found["progress"]["succeeded"] >= 1)
    answer = await site.http.post(f"/api/batches/{batch['batch_id']}/cancel", headers=site.key)
    canceled = answer.json()
    assert answer.status_code == 200
    assert canceled["canceled_at"]
    assert canceled["progress"]["done"] == 20
    assert canceled["progress"]["canceled"] > 10
    assert (await get(site, batch, "/outputs.zip")).status_code == 200
    assert (await site.infer("picture", {"1-inputs-color": 77})).status_code == 201


async def test_nothing_made_yet_is_a_conflict_with_a_hint(site: Site) -> None:
    site.fake.pause()
    try:
        batch = await submit(site, {"grid": {"color": [901, 902]}})
        for what in ("/outputs.zip", "/contact-sheet.png"):
            answer = await get(site, batch, what)
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
            assert "progress" in answer.json()["hint"]
    finally:
        site.fake.resume()
    await done(site, batch)


async def test_several_keys_see_and_touch_their_own_batches_only(site: Site) -> None:
    keys = [await site.make_key() for _ in range(3)]
    spec = {"grid": {"color": [1, 2, 3]}}
    made = await asyncio.gather(*(submit(site, spec, headers=key) for key in keys for _ in range(2)))
    for number, key in enumerate(keys):
        found = (await site.http.get("/api/batches", headers=key)).json()["batches"]
        assert {batch["batch_id"] for batch in found} == {batch["batch_id"] for batch in made[2 * number : 2 * number + 2]}
        other = made[(2 * number + 2) % 6]
        for what in ("", "/outputs.zip", "/contact-sheet.png"):
            answer = await get(site, other, what, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_batch")
        assert (await site.http.post(f"/api/batches/{other['batch_id']}/cancel", headers=key)).status_code == 404
    for batch in made:
        assert (await get(site, batch, headers=site.admin)).status_code == 200
        assert (await done(site, batch))["progress"]["succeeded"] == 3


async def test_pages_hold_every_batch_once(site: Site) -> None:
    key = await site.make_key()
    made = [(await submit(site, {"list": [{"color": number}]}, headers=key))["batch_id"] for number in range(5)]
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await site.http.get("/api/batches", params={"limit": 2, **cursor}, headers=key)).json()
        found += [batch["batch_id"] for batch in page["batches"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == made[::-1]
    assert (await site.http.get("/api/batches?cursor=x", headers=key)).status_code == 422


async def test_a_version_can_be_pinned(site: Site) -> None:
    for width in (8, 16):
        await site.deploy("versions", with_value(PICTURE, "1", "width", width))
    spec = {"list": [{"color": 1}]}
    assert (await post(site, spec, "versions", params={"version": "1"})).json()["version"] == 1
    assert (await submit(site, spec, "versions"))["version"] == 2
    assert (await post(site, spec, "versions", params={"version": "9"})).json()["code"] == "unknown_version"


async def test_a_client_that_leaves_the_zip_harms_nobody(site: Site) -> None:
    batch = await submit(site, GRID)
    await done(site, batch)
    for what in ("/outputs.zip", "/contact-sheet.png"):
        async with site.http.stream("GET", f"/api/batches/{batch['batch_id']}{what}", headers=site.key) as answer:
            assert answer.status_code == 200
    await until(site.left, lambda left: not left)
    assert (await get(site, batch, "/contact-sheet.png")).status_code == 200


async def test_a_text_field_that_nobody_reads_is_refused(site: Site) -> None:
    answer = await site.http.post("/d/picture/batch", data={"batch": '{"list": [{"width": 8}]}', "height": "9"}, headers=site.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
