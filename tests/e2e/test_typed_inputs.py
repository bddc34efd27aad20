"""Named, typed inputs on a real ComfyUI: what is declared is what it says, and a bad call never gets there."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.e2e.pictures import encoded, opened, pixels, sample_photo
from tests.e2e.product import Json, Product, parse_sse
from tests.e2e.workflows import Workflow, colour, echo_photo, node
from viewcomfy.cli.samples import TEXT_TO_IMAGE, sample_workflow

pytestmark = pytest.mark.e2e

NAMES = {
    "seed": "3-inputs-seed",
    "steps": "3-inputs-steps",
    "cfg": "3-inputs-cfg",
    "sampler": "3-inputs-sampler_name",
    "scheduler": "3-inputs-scheduler",
    "denoise": "3-inputs-denoise",
    "checkpoint": "4-inputs-ckpt_name",
    "width": "5-inputs-width",
    "height": "5-inputs-height",
    "batch_size": "5-inputs-batch_size",
    "prompt": "6-inputs-text",
    "negative_prompt": "7-inputs-text",
    "filename_prefix": "9-inputs-filename_prefix",
    "clip": "10-inputs-clip_name",
    "type": "10-inputs-type",
    "device": "10-inputs-device",
}
REFUSED_SECONDS = 0.5


@pytest.fixture(scope="module")
def sample(product: Product) -> str:
    return product.deploy(sample_workflow(TEXT_TO_IMAGE))


@pytest.fixture(scope="module")
def echo(product: Product) -> str:
    return product.deploy(echo_photo())


def test_the_inputs_have_names_for_people_and_the_limits_of_comfyui(product: Product, sample: str) -> None:
    declared = product.inputs(sample)
    assert {name: one["key"] for name, one in declared.items()} == NAMES
    for one in declared.values():
        info = product.comfyui(f"/object_info/{one['class_type']}")[one["class_type"]]["input"]
        kind, *more = {**info["required"], **info.get("optional", {})}[one["key"].partition("-inputs-")[2]]
        options = more[0] if more else {}
        assert (one["minimum"], one["maximum"]) == (options.get("min"), options.get("max"))
        choices = kind if isinstance(kind, list) else options.get("options")
        assert (one["choices"] and [choice["value"] for choice in one["choices"]]) == choices
    kinds = {one["kind"] for one in declared.values()}
    assert kinds == {"seed", "integer", "number", "choice", "text"}
    assert {name for name, one in declared.items() if not one["advanced"]} == {"prompt", "negative_prompt"}
    assert (declared["prompt"]["multiline"], declared["prompt"]["default"]) == (True, "a lighthouse at dusk")
    assert declared["cfg"]["step"] == 0.1
    assert "denoising" in declared["steps"]["description"]


def test_a_call_by_names_makes_the_picture_that_the_param_keys_make(product: Product, sample: str) -> None:
    said = {"prompt": "a blue cat", "negative_prompt": "dog", "seed": "7", "steps": "3", "cfg": 3, "sampler": "heun", "width": 128}
    answer = product.call(sample, said)
    assert answer.status_code == 200
    assert answer.headers["preference-applied"].startswith("wait=")
    job = answer.json()
    assert answer.headers["location"] == f"{product.url}/api/jobs/{job['prompt_id']}"
    picture = opened(*product.files(job))
    assert picture.size == (128, 256)
    by_keys = product.result(sample, {NAMES[name]: value for name, value in said.items()})
    assert pixels(by_keys) == picture.convert("RGB").tobytes()
    assert by_keys["prompt"]["3"]["inputs"] | {"seed": 7, "steps": 3, "cfg": 3.0} == by_keys["prompt"]["3"]["inputs"]
    other = product.made(sample, {**said, "negative_prompt": "cat"})
    assert opened(*product.files(other)).tobytes() != picture.tobytes()


def test_a_call_answers_at_once_or_streams_when_asked(product: Product) -> None:
    name = product.deploy(colour())
    at_once = product.http.post(f"/d/{name}/run", json={"inputs": {"color": 0x0A0B0C}})
    assert at_once.status_code == 202
    job = product.ended(at_once.json()["prompt_id"])
    assert opened(*product.files(job)).getpixel((0, 0)) == (10, 11, 12)
    stream = product.http.post(f"/d/{name}/run", json={"inputs": {"color": 0x0D0E0F}}, headers={"accept": "text/event-stream"})
    statuses = [json.loads(data)["status"] for kind, data in parse_sse(stream.content) if kind == "status"]
    assert (stream.status_code, statuses[-1]) == (200, "succeeded")
    assert opened(*product.files(product.job(stream.headers["x-prompt-id"]))).getpixel((0, 0)) == (13, 14, 15)


def test_its_own_document_is_typed(product: Product, sample: str) -> None:
    document = product.http.get(f"/d/{sample}/openapi.json").json()
    body = document["paths"][f"/d/{sample}/run"]["post"]["requestBody"]["content"]["application/json"]
    schema = body["schema"]["properties"]["inputs"]["properties"]
    assert schema["steps"] | {"type": "integer", "minimum": 1, "maximum": 10000} == schema["steps"]
    assert "euler_ancestral" in json.dumps(schema["sampler"])
    assert sample in product.http.get(f"/d/{sample}/docs").text


@pytest.mark.parametrize(
    "workflow",
    [
        sample_workflow(TEXT_TO_IMAGE),
        echo_photo(),
        {"1": node("LoadAudio", audio="a.wav"), "2": node("SaveAudio", audio=["1", 0], filename_prefix="sound")},
        {"1": node("LoadVideo", file="a.mp4"), "2": node("SaveVideo", video=["1", 0], filename_prefix="film", format="auto", codec="auto")},
    ],
    ids=["text to image", "photo", "sound", "film"],
)
def test_the_examples_of_a_document_work_when_they_are_pasted(product: Product, workflow: Workflow) -> None:
    name = product.deploy(workflow)
    operation = product.http.get(f"/d/{name}/openapi.json").json()["paths"][f"/d/{name}/run"]["post"]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        answer = product.http.post(f"/d/{name}/run", json=example["value"], headers={"prefer": "wait=60"})
        assert (answer.status_code, answer.json()["status"]) == (200, "succeeded"), answer.text
        assert answer.json()["outputs"]


# --- files ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["data URL", "part by name", "part by param key"])
def test_an_image_arrives_as_it_was_sent(product: Product, echo: str, way: str) -> None:
    photo = sample_photo()
    data, where = encoded(photo), f"/d/{echo}/run"
    wait = {"prefer": "wait=60"}
    if way == "data URL":
        url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        answer = product.http.post(where, json={"inputs": {"image": url}}, headers=wait)
    else:
        field = "image" if way == "part by name" else "1-inputs-image"
        answer = product.http.post(where, files={field: ("photo.png", data)}, headers=wait)
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded"), answer.text
    [picture] = [
        file for file, output in zip(product.files(answer.json()), answer.json()["outputs"], strict=True) if output["node_id"] == "8"
    ]
    assert opened(picture).convert("RGB").tobytes() == photo.tobytes()


def test_what_is_no_picture_is_refused_by_its_bytes(product: Product, echo: str) -> None:
    before, text = product.prompts(), base64.b64encode(b"GIF is what I am not").decode()
    as_part = product.http.post(f"/d/{echo}/run", files={"image": ("photo.png", b"<html></html>", "image/png")})
    as_url = product.call(echo, {"image": f"data:image/png;base64,{text}"})
    for answer in (as_part, as_url):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_upload")
        assert answer.json()["problems"][0]["input"] == "image"
    assert product.prompts() == before


def test_nothing_is_fetched_unless_the_owner_allows_it(product: Product, echo: str) -> None:
    answer = product.call(echo, {"image": "https://example.com/photo.png"})
    assert (answer.status_code, answer.json()["code"]) == (422, "fetch_failed")
    assert "VIEWCOMFY_FETCH_ALLOW" in answer.text


def test_a_url_into_the_servers_own_network_is_never_asked(serve: Callable[..., Product]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        product = serve(backends=0, fetch_allow=f"* *:{port} localhost localhost:{port}")
        name = product.deploy(echo_photo())
        for host in ("localhost", "127.0.0.1", "[::1]", "169.254.169.254", "0x7f.1"):
            answer = product.call(name, {"image": f"https://{host}:{port}/photo.png"})
            assert (answer.status_code, answer.json()["code"]) == (422, "fetch_failed"), host
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


# --- bad calls --------------------------------------------------------------------------------------------------------
def refused(product: Product, name: str, **body: Any) -> Json:
    """Return the error of a call that is refused at once and never reaches ComfyUI."""
    before, begun = product.prompts(), time.monotonic()
    answer: httpx2.Response = product.http.post(f"/d/{name}/run", json=body, headers={"prefer": "wait=60"})
    assert time.monotonic() - begun < REFUSED_SECONDS
    assert answer.status_code == 422, answer.text
    assert product.http.get("/api/jobs", params={"deployment": name, "limit": 1, "status": "failed"}).json()["jobs"] == []
    assert product.prompts() == before
    error: Json = answer.json()
    return error


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"promt": "a cat"}, "Did you mean 'prompt'?"),
        ({"steps": 0}, "between 1 and 10000, not 0"),
        ({"steps": "many"}, "'many'"),
        ({"sampler": "eulr"}, "Did you mean 'euler'?"),
        ({"checkpoint": "tiny_sd4.safetensors"}, "Did you mean 'tiny_sd3.safetensors'?"),
        ({"seed": 2**64}, "18446744073709551615"),
        ({"prompt": ["7", 0]}, "connected"),
        ({"3-inputs-model": ["4", 1]}, "connected"),
    ],
    ids=["typo", "out of range", "not a number", "no such sampler", "no such model", "seed too large", "a link", "a linked input"],
)
def test_a_bad_call_is_refused_at_once_and_never_reaches_comfyui(product: Product, sample: str, inputs: Json, words: str) -> None:
    if "checkpoint" in inputs:
        product.call(sample, inputs)  # the first one may ask ComfyUI whether the model is there by now
    error = refused(product, sample, inputs=inputs)
    assert error["code"] == "invalid_params"
    assert words in json.dumps(error, ensure_ascii=False)
    assert [problem["input"] for problem in error["problems"]] == list(inputs)


def test_all_that_is_wrong_is_told_at_once(product: Product, sample: str) -> None:
    error = refused(product, sample, inputs={"promt": "x", "steps": 0, "cfg": 1000, "sampler": "eulr", "width": 250.5})
    assert [problem["input"] for problem in error["problems"]] == ["promt", "steps", "cfg", "sampler", "width"]
    assert all(problem["message"] for problem in error["problems"])


def test_a_graph_that_would_hang_comfyui_for_ever_is_refused_and_the_next_job_runs(product: Product) -> None:
    """An input that the node's class does not declare, linked to a node that is not there: ComfyUI accepts it and never ends it."""
    name, hanging = product.deploy(colour()), colour()
    hanging["1"] = node("EmptyImage", width=8, height=8, batch_size=1, color=1, surplus=["77", 0])
    error = refused(product, name, workflow_api=hanging)
    assert error["code"] == "workflow_rejected"
    assert [(problem["code"], problem["node_id"], problem["input_name"]) for problem in error["problems"]] == [
        ("broken_link", "1", "surplus")
    ]
    by_form = product.infer(name, workflow_api=json.dumps(hanging))
    assert (by_form.status_code, by_form.json()["code"]) == (422, "workflow_rejected")
    assert opened(*product.files(product.made(name, {"color": 0x010203}))).getpixel((0, 0)) == (1, 2, 3)
