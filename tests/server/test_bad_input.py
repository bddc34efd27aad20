"""Every kind of bad input gets its status, its code and its sentence, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from tests.server.site_kit import PICTURE, Site, open_site, until

pytestmark = pytest.mark.anyio

UI_WORKFLOW = {"nodes": [], "links": [], "version": 0.4}
LIMITS = {"max_field": 20_000, "max_upload": 200_000, "max_request": 400_000, "max_files": 3}


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with open_site(tmp_path_factory.mktemp("data"), **LIMITS) as opened:
        yield opened


async def refused(site: Site, status: int, code: str, *, name: str = "picture", key: dict[str, str] | None = None, **request: Any) -> Any:
    """Send a request to infer; check the answer's status and code, and that neither a job nor a file is left."""
    before = (await site.http.get("/api/jobs", headers=site.admin)).json()["jobs"]
    answer = await site.http.post(
        f"/d/{name}/infer", headers={**(site.key if key is None else key), **request.pop("headers", {})}, **request
    )
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert body["detail"].endswith((".", "?"))
    assert all(value not in (None, [], {}) for value in body.values())
    assert "prompt_id" not in body
    assert (await site.http.get("/api/jobs", headers=site.admin)).json()["jobs"] == before
    assert site.left_behind() == []
    assert [path for path in (site.settings.data_dir / "files" / "jobs").rglob("*") if path.is_file()] == []
    return body


def with_params(params: str) -> dict[str, str]:
    return {"params": params, "logs": "false"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ({}, "missing_key"),
        ({"client_id": "vc_1"}, "missing_key"),
        ({"client_id": "vc_1", "client_secret": "x"}, "invalid_key"),
        ({"authorization": "Bearer vc_1:x"}, "invalid_key"),
        ({"authorization": "Bearer nonsense-nonsense"}, "invalid_admin_token"),
        ({"authorization": "Basic abc"}, "missing_key"),
        ({"client-id": "vc_1", "client-secret": "x"}, "missing_key"),
    ],
)
async def test_bad_credentials_answer_401(site: Site, key: dict[str, str], code: str) -> None:
    await refused(site, 401, code, key=key, data=with_params("{}"))


async def test_a_wrong_secret_and_a_revoked_key_are_told_apart(site: Site) -> None:
    key = await site.make_key()
    await refused(site, 401, "invalid_key", key={**key, "client_secret": "wrong"}, data=with_params("{}"))
    await site.http.delete(f"/api/keys/{key['client_id']}", headers=site.admin)
    await refused(site, 401, "revoked_key", key=key, data=with_params("{}"))


async def test_a_key_may_be_for_other_deployments(site: Site) -> None:
    key = await site.make_key(deployments=["waiting"])
    await refused(site, 403, "key_not_allowed", key=key, data=with_params("{}"))


async def test_an_unknown_deployment_answers_404_whatever_its_name(site: Site) -> None:
    for name in ("nothing", "n" * 300, "%2e%2e", "a%00b", "\u202ea"):
        await refused(site, 404, "unknown_deployment", name=name, data=with_params("{}"))


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ('{"1-inputs-color": ', "invalid_json"),
        ("NaN", "invalid_json"),
        ('{"1-inputs-color": 1e999}', "invalid_json"),
        ("[" * 5000, "invalid_json"),
        ("[]", "invalid_params"),
        ('{"77-inputs-color": 1}', "invalid_params"),
        ('{"1-inputs-colour": 1}', "invalid_params"),
        ('{"1-inputs-color": "red"}', "invalid_params"),
        ('{"1-inputs-color": {}}', "invalid_params"),
        ("{}", "empty_params"),
    ],
)
async def test_bad_params_answer_422(site: Site, params: str, code: str) -> None:
    await refused(site, 422, code, data=with_params(params))


async def test_a_misspelt_param_gets_a_suggestion(site: Site) -> None:
    body = await refused(site, 422, "invalid_params", data=with_params('{"1-inputs-colr": 1, "2-inputs-x": 2}'))
    assert "1-inputs-color" in body["hint"]
    assert [problem["input"] for problem in body["problems"]] == ["1-inputs-colr", "2-inputs-x"]


async def test_half_a_surrogate_pair_is_quoted_safely(site: Site) -> None:
    await refused(site, 422, "invalid_params", data=with_params(json.dumps({"\ud800": 1})))


@pytest.mark.parametrize(
    ("workflow", "code"),
    [
        ("{", "invalid_json"),
        ("[]", "invalid_workflow"),
        ("{}", "invalid_workflow"),
        (json.dumps(UI_WORKFLOW), "invalid_workflow"),
        (json.dumps({"1": {"inputs": {}}}), "invalid_workflow"),
    ],
)
async def test_a_bad_workflow_api_answers_422(site: Site, workflow: str, code: str) -> None:
    await refused(site, 422, code, data={"params": "{}", "workflow_api": workflow})


async def test_what_comfyui_refuses_answers_422_with_the_job(site: Site) -> None:
    for workflow, code in (
        ({**PICTURE, "1": {"class_type": "NoSuchNode", "inputs": {}}}, "unknown_node_class"),
        ({**PICTURE, "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "no.safetensors"}}}, "missing_model"),
    ):
        if code == "missing_model":
            workflow["3"] = {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["2", 2]}}
            workflow["4"] = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}
            workflow["5"] = {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
        answer = await site.infer("picture", {}, data={"workflow_api": json.dumps(workflow)})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_a_prompt_id_must_be_a_uuid(site: Site) -> None:
    await refused(site, 422, "invalid_name", data={**with_params('{"1-inputs-color": 1}'), "prompt_id": "../x"})


@pytest.mark.parametrize("logs", ["yes", "", "TRUE "])
async def test_logs_must_be_true_or_false(site: Site, logs: str) -> None:
    await refused(site, 422, "bad_input", data={"params": '{"1-inputs-color": 1}', "logs": logs})


@pytest.mark.parametrize(
    ("name", "files", "status", "code"),
    [
        ("uploaded", {"5-inputs-image": ("a.png", b"")}, 422, "invalid_upload"),
        ("uploaded", {"7-inputs-image": ("a.png", b"x")}, 422, "invalid_upload"),
        ("uploaded", {"image": ("a.png", b"x")}, 422, "invalid_upload"),
        ("picture", {"1-inputs-width": ("a.png", b"x")}, 422, "invalid_upload"),
        ("uploaded", {"5-inputs-image-viewcomfymask": ("a.png", b"x")}, 422, "invalid_upload"),
        ("uploaded", {"5-inputs-image": (None, b"photo.png")}, 422, "invalid_upload"),
        ("uploaded", {"5-inputs-image": ("a.png", b"x"), "5-inputs-image-viewcomfymask": ("m.png", b"no picture")}, 422, "invalid_upload"),
        ("uploaded", {"5-inputs-image": ("a.png", b"x" * 200_001)}, 413, "too_large"),
        ("uploaded", {f"{i}-inputs-image": ("a.png", b"x") for i in range(1000)}, 413, "too_large"),
        ("uploaded", {"params": (None, b"x" * 20_001)}, 413, "too_large"),
    ],
)
async def test_a_bad_file_is_refused(site: Site, name: str, files: dict[str, Any], status: int, code: str) -> None:
    await refused(site, status, code, name=name, files=files)


async def test_a_request_over_the_limit_answers_413_announced_or_not(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"workflow_api="
        for _ in range(500):
            yield b"x" * 1000

    form = {"content-type": "application/x-www-form-urlencoded"}
    await refused(site, 413, "too_large", headers=form, content=b"params=" + b"y" * 400_001)
    await refused(site, 413, "too_large", headers=form, content=endless())


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
async def test_a_body_that_is_no_form_answers_400(site: Site, content_type: str) -> None:
    body = await refused(site, 400, "invalid_form", headers={"content-type": content_type}, content=b"{}")
    assert body["hint"]


async def test_a_body_that_stops_half_way_leaves_nothing(site: Site) -> None:
    half = b'--X\r\nContent-Disposition: form-data; name="5-inputs-image"; filename="a.png"\r\n\r\n' + b"x" * 150_000
    await refused(site, 400, "invalid_form", name="uploaded", headers={"content-type": "multipart/form-data; boundary=X"}, content=half)


@pytest.mark.parametrize("sent", [0, 100, 150_000])
async def test_a_client_that_vanishes_while_it_sends_leaves_nothing(site: Site, sent: int) -> None:
    body = b'--X\r\nContent-Disposition: form-data; name="5-inputs-image"; filename="a.png"\r\n\r\n' + b"x" * 190_000
    credentials = "".join(f"{name}: {value}\r\n" for name, value in site.key.items())
    head = f"POST /d/uploaded/infer HTTP/1.1\r\nHost: x\r\n{credentials}Content-Type: multipart/form-data; boundary=X\r\n"
    url = site.http.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(head.encode() + b"Content-Length: 200000\r\n\r\n" + body[:sent])
    await writer.drain()
    writer.transport.abort()
    assert (await site.http.get("/healthz")).status_code == 200
    await until(site.left, lambda left: left == [])


@pytest.mark.parametrize("name", ["../../etc/passwd", "nul\x00.png", "n" * 300 + ".png", "\u202egnp.exe", "con<>:|?*.png", "päth.png"])
async def test_any_file_name_is_made_safe(site: Site, name: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    job = await site.run("uploaded", files={"5-inputs-image": (name, buffer.getvalue())})
    done = await site.finished(job["prompt_id"])
    assert done["status"] == "succeeded", done
    used = done["prompt"]["5"]["inputs"]["image"]
    assert used.isprintable()
    assert not set(used) & set('/\\\x00\u202e<>:|?*"')
    assert len(used.encode()) < 255


async def test_a_full_queue_answers_429_and_says_when_to_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_site(tmp_path_factory.mktemp("full"), max_queue=1) as site:
        site.fake.pause()
        answers = [await site.http.post("/d/picture/run", data=with_params('{"1-inputs-color": 1}'), headers=site.key) for _ in range(6)]
        full = [answer for answer in answers if answer.status_code == 429]
        assert full
        assert full[0].json()["code"] == "queue_full"
        assert int(full[0].headers["retry-after"]) > 0
        site.fake.resume()
