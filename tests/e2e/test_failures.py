"""Jobs that fail, are refused, canceled or run out of time: the caller learns why, and the next job works."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.e2e.comfy_jobs import sampling
from tests.e2e.pictures import pixels
from tests.e2e.product import Product, parse_sse, until
from tests.e2e.workflows import Workflow, colour, echo_photo, failing, node, sleeping

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def plain(product: Product) -> str:
    """A deployment that always works; ComfyUI is warm from here on."""
    name = product.deploy(colour())
    product.result(name, {"1-inputs-color": 1})
    return name


def pid_of(product: Product) -> int:
    [process] = product.comfyuis()
    return int(process.pid)


def test_a_node_that_raises_is_named_to_the_caller(product: Product, plain: str) -> None:
    name = product.deploy(failing("raise"))
    answer = product.infer(name, {"1-inputs-color": 11})
    assert answer.status_code == 502
    error = answer.json()
    assert (error["code"], error["detail"]) == ("workflow_failed", "TKFail: asked to fail")
    assert error["details"] | {"node_id": "2", "node_type": "TKFail", "node_title": "Bad"} == error["details"]
    assert product.job(error["prompt_id"])["error"]["message"] == "TKFail: asked to fail"
    product.result(plain, {"1-inputs-color": 12})


def test_a_stream_tells_the_error_and_then_the_result(product: Product) -> None:
    events = product.events(product.deploy(failing("raise")), {"1-inputs-color": 13})
    [told] = [json.loads(data) for kind, data in events if kind == "error"]
    assert (told["code"], told["message"]) == ("workflow_failed", "TKFail: asked to fail")
    assert [kind for kind, _ in events[-2:]] == ["error", "prompt_result"]
    result = json.loads(events[-1][1])
    assert list(result) == ["prompt_id", "status", "completed", "execution_time_seconds", "prompt", "outputs"]
    assert (result["status"], result["completed"], result["outputs"]) == ("error", False, [])


def test_what_a_failed_job_had_saved_is_not_lost_but_not_an_output(product: Product) -> None:
    workflow = failing("raise") | {"3": node("SaveImage", images=["1", 0], filename_prefix="before")}
    answer = product.infer(product.deploy(workflow), {"1-inputs-color": 14})
    assert answer.status_code == 502
    assert product.job(answer.json()["prompt_id"])["outputs"] == []
    assert product.tidies_up()


def bad_value() -> Workflow:
    workflow = sampling(1)
    workflow["4"]["inputs"]["sampler_name"] = "absent"
    return workflow


def missing_model() -> Workflow:
    workflow = sampling(1)
    workflow["1"]["inputs"]["ckpt_name"] = "absent.safetensors"
    return workflow


REFUSED = {
    "unknown class": ({"1": node("NoSuchNode"), "2": node("PreviewAny", source=["1", 0])}, "unknown_node_class", "NoSuchNode"),
    "missing model": (missing_model(), "missing_model", "absent.safetensors"),
    "bad value": (bad_value(), "workflow_rejected", "sampler_name"),
    "no output node": ({"1": node("PrimitiveString", value="no output")}, "workflow_rejected", "output"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_comfyui_would_refuse_is_refused_by_name_before_it_is_a_job(product: Product, plain: str, case: str) -> None:
    workflow, code, words = REFUSED[case]
    before = product.prompts()
    for logs in (False, True):
        answer = product.infer(plain, workflow_api=json.dumps(workflow), logs=logs)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert words in answer.text
        assert "prompt_id" not in answer.json()
    assert product.prompts() == before


def test_what_comfyui_itself_refuses_is_refused_by_name(serve: Callable[..., Product]) -> None:
    """A server that has yet to hear what its ComfyUI has lets everything through to it; so it does with names of files that are gone."""
    unaware = serve()
    cases = {**REFUSED, "no file": (echo_photo(), "invalid_upload", "1-inputs-image")}
    name = unaware.deploy(colour(), force=True)

    def call(case: str, logs: bool) -> httpx2.Response:
        return unaware.infer(name, workflow_api=json.dumps(cases[case][0]), logs=logs)

    with ThreadPoolExecutor(2 * len(cases)) as threads:
        answers, streams = ({case: threads.submit(call, case, logs) for case in cases} for logs in (False, True))
    for case, (_, code, words) in cases.items():
        answer = answers[case].result()
        error = answer.json()
        assert (answer.status_code, error["code"]) == (422, code), case
        assert words in answer.text
        job = unaware.job(error["prompt_id"])
        assert (job["status"], job["error"]["code"], job["attempt"]) == ("failed", code, 1)
        [told] = [json.loads(data) for kind, data in parse_sse(streams[case].result().content) if kind == "error"]
        assert told["code"] == code


def test_a_running_job_is_canceled_within_a_step_and_comfyui_lives_on(product: Product, plain: str) -> None:
    before = pid_of(product)
    prompt_id = product.run(product.deploy(sleeping(60, steps=600)), {"1-inputs-seed": 21})
    product.once(prompt_id, "running")
    begun = time.monotonic()
    assert product.http.post(f"/api/jobs/{prompt_id}/cancel").json()["status"] == "canceled"
    product.result(plain, {"1-inputs-color": 21})
    assert time.monotonic() - begun < 5, "the next job does not wait for the canceled one"
    assert pid_of(product) == before
    assert product.job(prompt_id)["status"] == "canceled"


def test_a_queued_job_is_canceled_and_the_others_go_on(product: Product) -> None:
    name = product.deploy(sleeping(1.5))
    first, second, third = (product.run(name, {"1-inputs-seed": seed}) for seed in (31, 32, 33))
    assert product.http.post(f"/api/jobs/{second}/cancel").json()["status"] == "canceled"
    assert [product.ended(prompt_id)["status"] for prompt_id in (first, second, third)] == ["succeeded", "canceled", "succeeded"]
    assert product.job(second)["started_at"] is None
    again = product.http.post(f"/api/jobs/{first}/cancel")
    assert (again.status_code, again.json()["status"]) == (200, "succeeded"), "what has ended stays as it is"


def test_a_caller_who_waits_for_a_canceled_job_is_told(product: Product) -> None:
    name = product.deploy(sleeping(60, steps=600))
    with ThreadPoolExecutor() as threads:
        caller = threads.submit(product.infer, name, {"1-inputs-seed": 41})
        [job] = until(lambda: product.http.get("/api/jobs", params={"deployment": name, "status": "running"}).json()["jobs"], "running")
        product.http.post(f"/api/jobs/{job['prompt_id']}/cancel")
        answer = caller.result(15)
    assert (answer.status_code, answer.json()["code"]) == (409, "canceled")


def test_a_job_that_runs_too_long_is_stopped(product: Product, plain: str) -> None:
    before = pid_of(product)
    name = product.deploy(sleeping(60, steps=600), time_limit=1)
    begun = time.monotonic()
    answer = product.infer(name, {"1-inputs-seed": 51})
    assert time.monotonic() - begun < 10
    assert answer.status_code == 504
    assert answer.json()["code"] == "timed_out"
    assert "1 seconds" in answer.json()["detail"]
    product.result(plain, {"1-inputs-color": 51})
    assert pid_of(product) == before


def test_the_time_in_the_queue_does_not_count(product: Product) -> None:
    slow, limited = product.deploy(sleeping(2.5)), product.deploy(sleeping(0.5), time_limit=2)
    product.run(slow, {"1-inputs-seed": 61})
    assert product.ended(product.run(limited, {"1-inputs-seed": 62}))["status"] == "succeeded"


# --- what breaks ComfyUI ----------------------------------------------------------------------------------------------
def test_a_job_whose_comfyui_was_killed_runs_again(fragile: Product) -> None:
    name = fragile.deploy(sleeping(2, steps=20))
    prompt_id = fragile.run(name, {"1-inputs-seed": 71})
    with fragile.http.stream("GET", f"/api/jobs/{prompt_id}/events") as events:
        next(line for line in events.iter_lines() if "TKWait 71 step 2/20" in line)
    [process] = fragile.comfyuis()
    process.kill()  # as the kernel does when memory runs out
    job = fragile.ended(prompt_id)
    assert (job["status"], job["attempt"], len(job["outputs"])) == ("succeeded", 2, 1)
    lines = fragile.lines(prompt_id)
    assert any("attempt 1 did not succeed" in line and "SIGKILL" in line for line in lines)
    assert lines.count("TKWait 71 step 20/20") == 1
    assert [p.pid for p in fragile.comfyuis()] != [process.pid]


def test_a_job_that_ends_its_comfyui_each_time_fails_with_the_reason(fragile: Product) -> None:
    job = fragile.ended(fragile.run(fragile.deploy(failing("exit")), {"1-inputs-color": 72}))
    assert (job["status"], job["attempt"]) == ("failed", 2)
    assert job["error"]["code"] == "backend_crashed"
    assert "exit code 3" in job["error"]["message"]
    assert pixels(fragile.result(fragile.deploy(colour()), {"1-inputs-color": 0x484848}))[:3] == b"HHH"


def test_a_job_that_freezes_its_comfyui_fails_and_the_next_one_works(fragile: Product) -> None:
    job = fragile.ended(fragile.run(fragile.deploy(failing("freeze")), {"1-inputs-color": 73}))
    assert (job["status"], job["attempt"]) == ("failed", 2)
    assert job["error"]["code"] == "backend_unresponsive"
    assert "has not answered" in job["error"]["message"]
    assert pixels(fragile.result(fragile.deploy(colour()), {"1-inputs-color": 0x494949}))[:3] == b"III"


def test_a_job_for_which_memory_does_not_suffice_is_tried_again_in_the_same_comfyui(fragile: Product) -> None:
    fragile.result(fragile.deploy(colour()), {"1-inputs-color": 2})
    before = pid_of(fragile)
    job = fragile.ended(fragile.run(fragile.deploy(failing("oom")), {"1-inputs-color": 74}))
    assert (job["status"], job["attempt"]) == ("failed", 2)
    assert job["error"]["code"] == "out_of_memory"
    assert job["error"]["details"]["node_type"] == "TKFail"
    assert pid_of(fragile) == before


def test_a_job_that_cannot_be_interrupted_is_ended_with_its_comfyui(fragile: Product) -> None:
    fragile.result(fragile.deploy(colour()), {"1-inputs-color": 3})
    before = pid_of(fragile)
    prompt_id = fragile.run(fragile.deploy(failing("hang")), {"1-inputs-color": 75})
    with fragile.http.stream("GET", f"/api/jobs/{prompt_id}/events") as events:
        next(line for line in events.iter_lines() if '"title":"Bad"' in line)
    assert fragile.http.post(f"/api/jobs/{prompt_id}/cancel").json()["status"] == "canceled"
    until(lambda: before not in [process.pid for process in fragile.comfyuis()], "the hung ComfyUI is gone", 10)
    fragile.result(fragile.deploy(colour()), {"1-inputs-color": 4})
    assert fragile.job(prompt_id)["status"] == "canceled"


def test_a_job_that_waits_in_comfyuis_queue_never_ends_the_one_in_front(fragile: Product) -> None:
    name = fragile.deploy(failing("none", seconds=3.2))
    fragile.result(name, {"1-inputs-color": 76})  # known to be short from here on, so the next one may queue up behind it
    front = fragile.run(name, {"1-inputs-color": 77, "2-inputs-mode": "freeze"})
    behind = fragile.run(name, {"1-inputs-color": 78})
    assert [fragile.ended(prompt_id)["status"] for prompt_id in (front, behind)] == ["succeeded", "succeeded"]
    assert fragile.job(front)["attempt"] == 1


def test_a_failure_that_comes_late_is_told_in_an_answer_that_has_begun(fragile: Product) -> None:
    workflow = failing("raise") | {"1": sleeping(1.5)["1"]}
    answer = fragile.infer(fragile.deploy(workflow), {"1-inputs-seed": 76})
    assert answer.status_code == 201, "white space has gone ahead"
    assert answer.content.startswith(b"\n")
    assert (answer.json()["status"], answer.json()["outputs"]) == ("error", [])
