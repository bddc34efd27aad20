"""The V1 contract on a real ComfyUI: what goes over the wire, to the byte."""

from __future__ import annotations

import json
import re
import time

import httpx2
import pytest

from tests.e2e.comfy_jobs import sampling
from tests.e2e.pictures import decoded, encoded, opened, sample_photo
from tests.e2e.product import ADMIN_TOKEN, Json, Product, parse_sse
from tests.e2e.workflows import colour, echo_photo, node, sleeping

pytestmark = pytest.mark.e2e

RESULT_KEYS = ["prompt_id", "status", "completed", "execution_time_seconds", "prompt", "outputs"]
EVENT = re.compile(r"event: (log_message|error|prompt_result)\ndata: ([^\r\n]+)\n\n|: ping\n\n")


@pytest.fixture(scope="module")
def plain(product: Product) -> str:
    return product.deploy(colour())


def check_result(result: Json, params: Json) -> None:
    assert list(result) == RESULT_KEYS
    assert (result["status"], result["completed"]) == ("success", True)
    assert isinstance(result["execution_time_seconds"], float)
    assert result["prompt"] == colour(params["1-inputs-color"])
    for output in result["outputs"]:
        assert set(output) == {"filename", "content_type", "data", "size"}
        assert "/" not in output["filename"]
        assert opened(decoded(output)).size == (32, 32)


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_without_logs_the_answer_is_one_json_object(product: Product, plain: str, encoding: str) -> None:
    params = {"1-inputs-color": 0x010101 + len(encoding)}
    if encoding == "urlencoded":
        answer = product.infer(plain, params)
    else:
        answer = product.multipart(plain, [("logs", (None, "false")), ("params", (None, json.dumps(params))), ("workflow_api", (None, ""))])
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.content.strip().isascii()
    check_result(answer.json(), params)
    assert answer.json()["prompt_id"] == answer.headers["x-prompt-id"]


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_with_logs_the_answer_is_a_stream_that_ends_with_the_result(product: Product, plain: str, encoding: str) -> None:
    params = {"1-inputs-color": 0x020202 + len(encoding)}
    if encoding == "urlencoded":
        answer = product.infer(plain, params, logs=True)
    else:
        answer = product.multipart(plain, [("params", (None, json.dumps(params))), ("logs", (None, "true"))])
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("text/event-stream")
    text = answer.content.decode()
    assert EVENT.sub("", text) == "", "nothing but whole events and comments"
    events = parse_sse(answer.content)
    assert [kind for kind, _ in events].count("prompt_result") == 1
    assert events[-1][0] == "prompt_result"
    assert events[-1][1].isascii()
    assert ("log_message", "got prompt") in events
    assert not any(kind == "error" for kind, _ in events)
    check_result(json.loads(events[-1][1]), params)


def test_file_parts_may_come_first_and_leave_nothing_behind(product: Product) -> None:
    name = product.deploy(echo_photo())
    photo = encoded(sample_photo())
    file = ("1-inputs-image", ("../ä photo\u202e.png", photo, "image/png"))
    texts = [("params", (None, "{}")), ("logs", (None, "false"))]
    for parts in ([file, *texts], [*texts, file]):
        answer = product.multipart(name, parts)
        assert answer.status_code == 201, answer.text
        [picture] = [output for output in answer.json()["outputs"] if output["filename"].startswith("picture")]
        assert opened(decoded(picture)).tobytes() == opened(photo).tobytes()
    assert product.tidies_up()


def test_log_lines_arrive_while_the_job_runs(product: Product) -> None:
    name = product.deploy(sleeping(1.5, steps=15))
    product.result(product.deploy(colour()), {"1-inputs-color": 5})  # ComfyUI is warm
    arrived = {}
    with product.live(name, {"1-inputs-seed": 61}) as (_, events):
        for kind, data in events:
            arrived[data if kind == "log_message" else kind] = time.monotonic()
    first, last = (arrived[f"TKWait 61 step {step}/15"] for step in (1, 15))
    assert last - first > 1
    assert arrived["prompt_result"] >= last


def test_the_samplers_progress_bar_comes_line_by_line(product: Product) -> None:
    name = product.deploy(sampling(1))
    bars = [data for kind, data in product.events(name, {"4-inputs-seed": 62}) if kind == "log_message" and "/8 [" in data]
    assert any("100%" in bar and "8/8" in bar for bar in bars)
    assert any("100%" not in bar for bar in bars)
    assert all("\r" not in bar and "\x1b" not in bar for bar in bars)


def test_text_that_would_break_a_client_is_made_harmless(product: Product) -> None:
    wild = "one\u2028two\x85three\x0bfour 🦊 \x1b[31mred\x1b[0m; data: x"
    name = product.deploy({"1": node("TKNote", "Ein \u2028 Titel", text="", filename_prefix="wild")})
    answer = product.infer(name, {"1-inputs-text": wild}, logs=True)
    events = parse_sse(answer.content)
    lines = [data for kind, data in events if kind == "log_message"]
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert lines[1:] == ["one", "two", "threefour 🦊 red; data: x"]
    result = json.loads(events[-1][1])
    assert events[-1][1].isascii()
    assert result["prompt"]["1"]["inputs"]["text"] == wild
    assert decoded(result["outputs"][0]).decode() == wild


def test_a_bearer_token_does_instead_of_the_key_headers(product: Product, plain: str) -> None:
    data = {"logs": "false", "params": '{"1-inputs-color": 3}'}
    for token in (ADMIN_TOKEN, ":".join(product.key)):
        answer = httpx2.post(f"{product.url}/d/{plain}/infer", data=data, headers={"authorization": f"Bearer {token}"}, trust_env=False)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("logs", ["true", "false"])
def test_errors_before_the_job_are_json_on_both_paths(product: Product, plain: str, logs: str) -> None:
    wrong = product.http.post(f"/d/{plain}/infer", data={"logs": logs, "params": "{}"}, headers={"client_secret": "wrong"})
    broken = product.http.post(f"/d/{plain}/infer", data={"logs": logs, "params": '{"a": 1;'})
    absent = product.http.post("/d/absent/infer", data={"logs": logs, "params": "{}"})
    told = [(answer.status_code, answer.headers["content-type"], answer.json()["code"]) for answer in (wrong, broken, absent)]
    assert told == [
        (401, "application/json", "invalid_key"),
        (422, "application/json", "invalid_json"),
        (404, "application/json", "unknown_deployment"),
    ]
    assert "--form-string" in broken.json()["hint"]


def test_a_caller_that_leaves_lets_its_job_go_on(product: Product) -> None:
    name = product.deploy(sleeping(1.0))
    with product.live(name, {"1-inputs-seed": 71}) as (prompt_id, events):
        next(data for kind, data in events if "TKWait 71" in data)
    assert product.ended(prompt_id)["status"] == "succeeded"


def test_a_deployment_can_ask_to_cancel_what_nobody_waits_for(product: Product) -> None:
    name = product.deploy(sleeping(60, steps=600), cancel_on_disconnect=True)
    with product.live(name, {"1-inputs-seed": 72}) as (prompt_id, events):
        next(data for kind, data in events if "TKWait 72" in data)
    assert product.ended(prompt_id, 15)["status"] == "canceled"
