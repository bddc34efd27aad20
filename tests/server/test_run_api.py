"""Running a deployment with named inputs, as a caller does it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.server.poster import PHOTO, POSTER, data_url, nothing_reaches_comfyui, png, run, run_through
from tests.server.site_kit import Site, events_of, open_site, until

pytestmark = pytest.mark.anyio

EDITS = {
    "cfg": {"locked": True},
    "scheduler": {"hidden": True},
    "prompt": {"required": True},
    "width": {"maximum": 128, "default": 48},
}


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with open_site(tmp_path_factory.mktemp("data"), max_field=300_000) as opened:
        await opened.deploy("poster", POSTER)
        await opened.deploy("photo", PHOTO)
        await opened.deploy("edited", POSTER, inputs=EDITS)
        yield opened


async def refused(site: Site, name: str, inputs: Any, status: int = 422, **body: Any) -> dict[str, Any]:
    """Run what must be refused with all its problems, before anything reaches ComfyUI."""
    async with nothing_reaches_comfyui(site):
        answer = await run(site, name, inputs, **body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


# --- what may be sent -------------------------------------------------------------------------------------------------
async def test_a_job_is_answered_at_once_with_where_to_follow_it(site: Site) -> None:
    answer = await run(site, "poster", {"prompt": "a cat"})
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{site.url}/api/jobs/{job['prompt_id']}"
    assert answer.headers["x-prompt-id"] == job["prompt_id"]
    assert (job["deployment"], job["version"], job["outputs"]) == ("poster", 1, [])
    followed = (await site.http.get(answer.headers["location"], headers=site.key)).json()
    assert followed["prompt_id"] == job["prompt_id"]
    done = await site.finished(job["prompt_id"])
    assert [output["content_type"] for output in done["outputs"]] == ["image/png"]
    assert (await site.http.get(done["outputs"][0]["url"])).content.startswith(b"\x89PNG")


async def test_names_and_param_keys_may_be_mixed(site: Site) -> None:
    ran = (await run_through(site, "poster", {"prompt": "a cat", "3-inputs-seed": 9, "7-inputs-text": "rain"}))["prompt"]
    assert (ran["6"]["inputs"]["text"], ran["7"]["inputs"]["text"], ran["3"]["inputs"]["seed"]) == ("a cat", "rain", 9)


async def test_numbers_may_come_as_strings(site: Site) -> None:
    ran = (await run_through(site, "poster", {"seed": "18446744073709551615", "cfg": "3.5", "steps": " 1 ", "width": "32"}))["prompt"]
    sampler = ran["3"]["inputs"]
    assert (sampler["seed"], sampler["cfg"], sampler["steps"], ran["5"]["inputs"]["width"]) == (2**64 - 1, 3.5, 1, 32)


@pytest.mark.parametrize("name", ["seed", "3-inputs-seed"])
async def test_the_smallest_number_picks_a_random_seed(site: Site, name: str) -> None:
    jobs = [await run_through(site, "poster", {name: 5e-324}) for _ in range(2)]
    assert len({job["prompt"]["3"]["inputs"]["seed"] for job in jobs} | {0, 5}) == 4


async def test_a_call_that_says_nothing_gets_fresh_seeds(site: Site) -> None:
    jobs = [await run_through(site, "poster", inputs) for inputs in (dict[str, Any](), None)]
    assert len({job["prompt"]["3"]["inputs"]["seed"] for job in jobs} | {5}) == 3


async def test_a_flattened_file_is_accepted_whole(site: Site) -> None:
    flattened = (await site.http.get("/d/poster", headers=site.key)).json()["params"]
    assert flattened["3-inputs-model"] == ["4", 0]
    ran = (await run_through(site, "poster", {**flattened, "6-inputs-text": "a dog"}))["prompt"]
    assert ran["6"]["inputs"]["text"] == "a dog"
    assert ran["3"]["inputs"] == POSTER["3"]["inputs"]


async def test_the_inputs_are_described_with_their_limits(site: Site) -> None:
    described = (await site.http.get("/d/edited", headers=site.key)).json()
    inputs = {one["name"]: one for one in described["inputs"]}
    assert [name for name, one in inputs.items() if not one["advanced"]] == ["prompt", "negative_prompt"]
    assert {name: inputs["width"][name] for name in ("kind", "minimum", "maximum", "step", "default")} == {
        "kind": "integer", "minimum": 16, "maximum": 128, "step": 16, "default": 48,
    }  # fmt: skip
    assert inputs["sampler"]["choices"][0] == {"value": "euler", "label": "euler"}
    assert (inputs["cfg"]["locked"], inputs["scheduler"]["hidden"], inputs["prompt"]["required"]) == (True, True, True)


async def test_the_owners_default_runs_where_a_call_says_nothing(site: Site) -> None:
    ran = (await run_through(site, "edited", {"prompt": "a cat"}))["prompt"]
    assert (ran["5"]["inputs"]["width"], ran["5"]["inputs"]["height"]) == (48, 64)


async def test_a_hidden_input_can_be_sent(site: Site) -> None:
    ran = (await run_through(site, "edited", {"prompt": "a cat", "scheduler": "karras"}))["prompt"]
    assert ran["3"]["inputs"]["scheduler"] == "karras"


# --- what is refused --------------------------------------------------------------------------------------------------
async def test_everything_that_is_wrong_is_told_at_once(site: Site) -> None:
    wrong = {"promt": "a cat", "steps": 0, "cfg": "many", "sampler": "eulr", "6-inputs-clip": ["7", 0], "checkpoint": "tiny_sd.safetensors"}
    body = await refused(site, "poster", wrong)
    assert (body["code"], body["hint"]) == ("invalid_params", "Did you mean 'prompt'?")
    told = {problem["input"]: problem for problem in body["problems"]}
    assert {name: problem["kind"] for name, problem in told.items()} == {
        "promt": "unknown", "steps": "range", "cfg": "type", "sampler": "choice", "6-inputs-clip": "linked",
        "checkpoint": "choice_on_backend",
    }  # fmt: skip
    assert (told["steps"]["value"], told["steps"]["allowed"]) == (0, {"kind": "integer", "minimum": 1, "maximum": 10000})
    assert (told["promt"]["did_you_mean"], told["sampler"]["did_you_mean"][0]) == (["prompt"], "euler")
    assert told["checkpoint"]["did_you_mean"] == ["tiny_sd3.safetensors"]
    assert told["cfg"]["key"] == "3-inputs-cfg"


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        ({"negative_prompt": "fog"}, "required"),
        ({"prompt": "a cat", "cfg": 3}, "locked"),
        ({"prompt": "a cat", "3-inputs-cfg": 3}, "locked"),
        ({"prompt": "a cat", "width": 256}, "range"),
        ({"prompt": "a cat", "6-inputs-text": "a dog"}, "twice"),
        ({"prompt": "a cat", "seed": None, "steps": {"a": 1}}, "type"),
        ({"prompt": ["4", 1]}, "type"),
    ],
)
async def test_what_the_owner_does_not_allow_is_refused(site: Site, inputs: dict[str, Any], kind: str) -> None:
    body = await refused(site, "edited", inputs)
    assert [problem["kind"] for problem in body["problems"]] == [kind]


async def test_what_is_locked_may_be_sent_as_it_is(site: Site) -> None:
    await run_through(site, "edited", {"prompt": "a cat", "cfg": 4.5})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"inputs": {"seed": NaN}}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"[]", "bad_input"),
        (b'{"inputs": null}', "bad_input"),
        (b'{"inputs": []}', "bad_input"),
        (b'{"prompt": "a cat"}', "bad_input"),
        (b'{"inputs": {}, "prompt_id": 7}', "bad_input"),
        (b'{"inputs": {}, "prompt_id": "7"}', "invalid_name"),
        (b'{"inputs": {}, "workflow_api": {"nodes": [], "links": []}}', "invalid_workflow"),
    ],
)
async def test_bad_json_is_refused(site: Site, content: bytes, code: str) -> None:
    async with nothing_reaches_comfyui(site):
        headers = {**site.key, "content-type": "application/json; charset=utf-8"}
        answer = await site.http.post("/d/poster/run", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert code != "bad_input" or "inputs" in answer.json()["hint"]


async def test_json_over_the_limit_answers_413(site: Site) -> None:
    body = await refused(site, "poster", {"prompt": "x" * 300_000}, 413)
    assert "VIEWCOMFY_MAX_FIELD" in body["hint"]


@pytest.mark.parametrize(("inputs", "status"), [(r'{"\ud800": 1}', 422), (r'{"seed": "\ud800"}', 422), (r'{"prompt": "\ud800"}', 200)])
async def test_half_a_surrogate_pair_is_text_like_any_other(site: Site, inputs: str, status: int) -> None:
    headers = {**site.key, "content-type": "application/json", "prefer": "wait=10"}
    answer = await site.http.post("/d/poster/run", content=f'{{"inputs": {inputs}}}', headers=headers)
    assert answer.status_code == status, answer.text


# --- forms ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("field", ["inputs", "params"])
async def test_a_form_names_its_inputs_too(site: Site, field: str) -> None:
    answer = await site.http.post("/d/poster/run", data={field: json.dumps({"prompt": "a cat", "seed": 3})}, headers=site.key)
    assert answer.status_code == 202
    assert (await site.finished(answer.json()["prompt_id"]))["prompt"]["6"]["inputs"]["text"] == "a cat"


async def test_a_form_says_its_inputs_once(site: Site) -> None:
    async with nothing_reaches_comfyui(site):
        answer = await site.http.post("/d/poster/run", data={"inputs": '{"seed": 1}', "params": '{"seed": 2}'}, headers=site.key)
    assert answer.status_code == 422
    assert "both" in answer.json()["detail"]


@pytest.mark.parametrize(("route", "name"), [("run", "prompt"), ("run", "promt"), ("infer", "prompt")])
async def test_a_value_in_a_text_field_of_its_own_is_not_passed_over(site: Site, route: str, name: str) -> None:
    async with nothing_reaches_comfyui(site):
        answer = await site.http.post(f"/d/poster/{route}", data={name: "a cat"}, headers=site.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")
    assert "inputs=" in answer.json()["hint"]


async def test_json_that_is_called_a_form_gets_the_header_to_send(site: Site) -> None:
    headers = {**site.key, "content-type": "application/x-www-form-urlencoded"}  # as curl -d does
    async with nothing_reaches_comfyui(site):
        answer = await site.http.post("/d/poster/run", content=b'{"inputs": {"prompt": "a cat"}}', headers=headers)
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["hint"]


@pytest.mark.parametrize("name", ["image", "5-inputs-image"])
async def test_a_file_is_a_part_of_a_form(site: Site, name: str) -> None:
    answer = await site.http.post(
        "/d/photo/run", files={name: ("red.png", png((40, 20)))}, data={"inputs": '{"width": 8}'}, headers=site.key
    )
    done = await site.finished(answer.json()["prompt_id"])
    assert (done["status"], done["prompt"]["6"]["inputs"]["width"]) == ("succeeded", 8)


async def test_names_work_for_the_v1_call_too(site: Site) -> None:
    answer = await site.infer("poster", {"prompt": "a cat", "seed": 4})
    assert answer.status_code == 201
    assert answer.json()["prompt"]["6"]["inputs"]["text"] == "a cat"


# --- files in JSON ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["image", "5-inputs-image"])
async def test_a_file_may_be_a_data_url(site: Site, name: str) -> None:
    done = await run_through(site, "photo", {name: data_url(png((40, 20))), "width": 40, "height": 20})
    assert done["prompt"]["5"]["inputs"]["image"].endswith(".png")
    made = (await site.http.get(done["outputs"][0]["url"])).content
    assert len(made) > 50
    assert site.left_behind() == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("data:image/png;base64,%%%", "invalid_upload"),
        ("data:image/png;base64,", "invalid_upload"),
        ("data:", "invalid_upload"),
        (data_url(b"<!doctype html><p>hello"), "invalid_upload"),
        (data_url(b'{"a": 1}'), "invalid_upload"),
        ("/etc/passwd", "invalid_params"),
        ("../secret.png", "invalid_params"),
        (7, "invalid_params"),
    ],
)
async def test_what_is_no_picture_is_refused(site: Site, value: Any, code: str) -> None:
    body = await refused(site, "photo", {"image": value})
    assert (body["code"], body["problems"][0]["input"]) == (code, "image")


async def test_a_file_that_comes_twice_is_refused(site: Site) -> None:
    await refused(site, "photo", {"image": data_url(png()), "5-inputs-image": data_url(png())})


async def test_a_url_is_plain_text_where_text_is_wanted(site: Site) -> None:
    ran = (await run_through(site, "poster", {"prompt": "https://example.com/cat.png"}))["prompt"]
    assert ran["6"]["inputs"]["text"] == "https://example.com/cat.png"


# --- how it is answered -----------------------------------------------------------------------------------------------
async def test_who_prefers_to_wait_gets_the_finished_job(site: Site) -> None:
    for name, status in (("waiting", "succeeded"), ("failing", "failed")):
        answer = await run(site, name, {"1-inputs-seed": 3}, {"Prefer": "respond-async, wait=10"})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert answer.headers["preference-applied"] == "wait=10"
    assert answer.json()["error"]["code"] == "workflow_failed"


async def test_a_wait_ends_when_its_time_is_up(site: Site) -> None:
    site.fake.pause()
    begun = time.monotonic()
    answer = await run(site, "poster", {}, {"Prefer": "wait=0.3"})
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert 0.25 < time.monotonic() - begun < 5
    site.fake.resume()
    assert (await site.finished(answer.json()["prompt_id"]))["status"] == "succeeded"


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-5", "wait=soon", "await=5", "wait=0", "return=minimal", ";;,,="])
async def test_a_preference_that_means_nothing_is_passed_over(site: Site, prefer: str) -> None:
    site.fake.pause()
    answer = await run(site, "poster", {}, {"Prefer": prefer})
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers
    site.fake.resume()


async def test_a_job_can_be_streamed_at_once(site: Site) -> None:
    answer = await run(site, "poster", {"prompt": "a cat"}, {"Accept": "text/event-stream", "Prefer": "wait=5"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert {"status", "progress", "output"} <= {name for name, _ in events}
    assert json.loads(events[-1][1])["status"] == "succeeded"
    assert (await site.job(answer.headers["x-prompt-id"]))["status"] == "succeeded"


@pytest.mark.parametrize("headers", [{"Accept": "text/event-stream"}, {"Prefer": "wait=60"}])
@pytest.mark.parametrize("cancels", [True, False])
async def test_a_caller_who_goes_away_cancels_only_where_the_deployment_says_so(site: Site, headers: dict[str, str], cancels: bool) -> None:
    await site.deploy("leaving", POSTER, cancel_on_disconnect=cancels)
    site.fake.pause()
    prompt_id = str(uuid.uuid4())
    calling = asyncio.create_task(run(site, "leaving", {}, headers, prompt_id=prompt_id))
    await until(lambda: site.job(prompt_id), lambda job: job.get("status") == "running")
    calling.cancel()
    await asyncio.wait({calling})
    if cancels:
        await until(lambda: site.job(prompt_id), lambda job: job["status"] == "canceled")
    site.fake.resume()
    assert (await site.finished(prompt_id))["status"] == ("canceled" if cancels else "succeeded")


async def test_a_prompt_id_makes_a_repeated_call_harmless(site: Site) -> None:
    prompt_id = str(uuid.uuid4())
    answers = await asyncio.gather(*[run(site, "poster", {"seed": number}, prompt_id=prompt_id) for number in range(5)])
    assert {(answer.status_code, answer.json()["prompt_id"]) for answer in answers} <= {(202, prompt_id), (200, prompt_id)}
    await site.finished(prompt_id)
    again = await run(site, "poster", {"no such input": 1}, prompt_id=prompt_id.upper())
    assert (again.status_code, again.json()["status"]) == (200, "succeeded"), "it is found before it is checked"
    assert sum(job.prompt_id == prompt_id for job in site.fake.submitted) == 1
    other = await site.http.post("/d/photo/run", json={"prompt_id": prompt_id}, headers=site.key)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


# --- who may call -----------------------------------------------------------------------------------------------------
async def test_a_key_for_other_deployments_is_turned_away_everywhere(site: Site) -> None:
    key = await site.make_key(deployments=["picture"])
    calls = [("POST", "run"), ("POST", "infer"), ("POST", "batch"), ("GET", "openapi.json"), ("GET", "docs"), ("GET", "")]
    for name in ("poster", "nothing"):
        for method, path in calls:
            answer = await site.http.request(method, f"/d/{name}/{path}".rstrip("/"), headers=key)
            assert (answer.status_code, answer.json()["code"]) == (403, "key_not_allowed"), (method, path)


async def test_a_key_may_be_kept_from_sending_its_own_workflow(site: Site) -> None:
    key = await site.make_key(allow_override=False)
    async with nothing_reaches_comfyui(site):
        answer = await site.http.post("/d/poster/run", json={"workflow_api": POSTER}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "override_not_allowed")
