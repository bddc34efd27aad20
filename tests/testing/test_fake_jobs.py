"""How the fake queues, runs and remembers jobs."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from viewcomfy.testing.fake_comfy import ServedFake, run_fake_comfy

pytestmark = pytest.mark.anyio

Message = dict[str, Any]
Run = Callable[..., Awaitable[list[Message]]]
Submit = Callable[..., Awaitable[str]]


def saving(color: int = 1, prefix: str = "ComfyUI") -> dict[str, Any]:
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": color}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }


def waiting(seconds: float = 0.0, steps: int = 2, seed: int = 0) -> dict[str, Any]:
    return {
        "1": {"class_type": "TKWait", "inputs": {"seconds": seconds, "steps": steps, "seed": seed}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "waited"}},
    }


def sampling(**numbers: Any) -> dict[str, Any]:
    links = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0]}
    numbers = {"seed": 1, "steps": 2, "cfg": 4.0, "denoise": 1.0, "sampler_name": "euler", "scheduler": "simple", **numbers}
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "4": {"class_type": "KSampler", "inputs": {**links, **numbers}},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "sampled"}},
    }


def kinds(messages: list[Message]) -> list[Any]:
    return [message["type"] for message in messages]


NODE = ["progress_state", "executing", "progress_state"]


async def test_a_job_sends_its_messages_in_comfyuis_order(run: Run) -> None:
    messages = await run(saving(), prompt_id="mine")
    assert kinds(messages) == [
        *("status", "status", "execution_start", "execution_cached"),
        *NODE,
        *("progress_state", "executing", "executed", "progress_state"),
        *("execution_success", "status", "executing"),
    ]
    assert messages[9]["data"] == {
        "node": "2",
        "display_node": "2",
        "output": {"images": [{"filename": "ComfyUI_00001_.png", "subfolder": "", "type": "output"}]},
        "prompt_id": "mine",
    }
    assert messages[-1]["data"] == {"node": None, "prompt_id": "mine"}


async def test_an_equal_job_runs_nothing_and_shows_the_old_outputs(run: Run, fake: ServedFake) -> None:
    first = await run(saving())
    again = await run(saving())
    assert kinds(again) == [
        "status",
        "status",
        "execution_start",
        "execution_cached",
        "executed",
        "progress_state",
        "execution_success",
        "status",
        "executing",
    ]
    assert again[3]["data"]["nodes"] == ["1", "2"]
    assert again[4]["data"]["output"] == first[9]["data"]["output"]
    assert len(fake.executed) == 2


async def test_a_job_in_between_clears_the_cache_of_what_it_does_not_use(run: Run) -> None:
    await run(saving(1))
    await run(saving(2))
    assert (await run(saving(1)))[3]["data"]["nodes"] == []


async def test_only_the_changed_part_of_a_workflow_runs_again(run: Run, fake: ServedFake) -> None:
    await run(sampling(seed=1))
    messages = await run(sampling(seed=2), prompt_id="second")
    assert messages[3]["data"]["nodes"] == ["1", "2", "3"]
    assert [node for prompt_id, node in fake.executed if prompt_id == "second"] == ["4", "5", "6"]


async def test_freeing_the_memory_clears_the_cache(run: Run, http: httpx2.AsyncClient) -> None:
    await run(saving())
    assert (await http.post("/free", json={"free_memory": True})).status_code == 200
    assert (await run(saving()))[3]["data"]["nodes"] == []


async def test_each_sampler_step_sends_progress_and_then_a_preview(run: Run) -> None:
    messages = await run(sampling(steps=3))
    start = next(i for i, message in enumerate(messages) if message["type"] == "progress")
    assert kinds(messages[start - 1 : start + 8]) == ["progress_state", "progress", 1] * 3
    assert [message["data"]["value"] for message in messages if message["type"] == "progress"] == [1, 2, 3]
    frame = messages[start + 1]["frame"]
    assert struct.unpack(">I", frame[:4]) == (1,)
    assert frame[4:].startswith(b"\xff\xd8")


async def test_previews_carry_metadata_for_a_socket_that_asked_for_it(socket: ClientConnection, run: Run) -> None:
    await socket.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
    assert json.loads(await socket.recv())["type"] == "feature_flags"
    messages = await run(sampling(steps=1))
    start = next(i for i, message in enumerate(messages) if message["type"] == 4)
    assert kinds(messages[start - 1 : start + 2]) == ["progress_state", 4, "progress"]
    frame = messages[start]["frame"]
    (length,) = struct.unpack(">I", frame[:4])
    assert json.loads(frame[4 : 4 + length]) == {
        "node_id": "4",
        "prompt_id": messages[2]["data"]["prompt_id"],
        "display_node_id": "4",
        "parent_node_id": None,
        "real_node_id": "4",
        "image_type": "image/jpeg",
    }


async def test_a_failing_node_ends_the_job_with_its_exception(run: Run, http: httpx2.AsyncClient) -> None:
    workflow = saving() | {"3": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": "raise"}}}
    workflow["2"]["inputs"]["images"] = ["3", 0]
    messages = await run(workflow, prompt_id="bad")
    assert kinds(messages)[-3:] == ["execution_error", "status", "executing"]
    error = messages[-3]["data"]
    assert (error["node_id"], error["node_type"], error["executed"]) == ("3", "TKFail", ["1"])
    assert (error["exception_type"], error["exception_message"]) == ("ValueError", "asked to fail\n")
    record = (await http.get("/history/bad")).json()["bad"]
    assert record["status"]["status_str"] == "error"
    assert [name for name, _ in record["status"]["messages"]] == ["execution_start", "execution_cached", "execution_error"]


async def test_running_out_of_memory_looks_like_torchs_error(run: Run) -> None:
    workflow = saving() | {"3": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": "oom"}}}
    workflow["2"]["inputs"]["images"] = ["3", 0]
    error = (await run(workflow))[-3]["data"]
    assert error["exception_type"] == "torch.OutOfMemoryError"
    assert error["exception_message"].startswith("Allocation on device (test)\nThis error means you ran out of memory")


async def test_the_history_of_a_job_is_complete(run: Run, http: httpx2.AsyncClient) -> None:
    await run(saving(), prompt_id="mine", extra_data={"extra_pnginfo": {"workflow": {"a": 1}}})
    record = (await http.get("/history/mine")).json()["mine"]
    assert record["prompt"][:3] == [0, "mine", saving()]
    assert record["prompt"][3].keys() == {"extra_pnginfo", "client_id", "create_time"}
    assert record["prompt"][4] == ["2"]
    assert list(record["outputs"]) == ["2"]
    assert record["status"]["completed"]
    assert record["meta"] == {"2": {"node_id": "2", "display_node": "2", "parent_node": None, "real_node_id": "2"}}


async def test_the_history_can_come_later_than_the_success_message() -> None:
    async with (
        run_fake_comfy(history_delay=0.05) as fake,
        httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http,
        connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=me", proxy=None) as socket,
    ):
        await http.post("/prompt", json={"prompt": saving(), "client_id": "me", "prompt_id": "mine"})
        while json.loads(await socket.recv())["type"] != "execution_success":
            pass
        assert (await http.get("/history/mine")).json() == {}
        while json.loads(await socket.recv())["type"] != "executing":
            pass
        assert (await http.get("/history/mine")).json()["mine"]["status"]["completed"]


async def test_jobs_run_one_after_the_other_by_number(fake: ServedFake, submit: Submit, hear: Run, http: httpx2.AsyncClient) -> None:
    fake.pause()
    for name, number in (("third", 3), ("first", 1), ("second", 2)):
        await submit(saving(number), prompt_id=name, number=number)
    front = await http.post("/prompt", json={"prompt": saving(9), "front": True, "prompt_id": "front"})
    assert front.json()["number"] == 0
    fake.resume()
    await hear(lambda message: message["data"].get("prompt_id") == "third" and message["type"] == "execution_success")
    assert [prompt_id for prompt_id, node in fake.executed if node == "1"] == ["front", "first", "second", "third"]


async def test_numbers_count_up_and_front_counts_down(submit: Submit, fake: ServedFake) -> None:
    fake.pause()
    for front in (False, False, True, False):
        await submit(saving(), front=front)
    assert [job.number for job in fake.submitted] == [0, 1, -2, 3]


async def test_a_waiting_job_can_be_deleted_and_a_running_one_not(
    fake: ServedFake, submit: Submit, hear: Run, http: httpx2.AsyncClient
) -> None:
    await submit(waiting(600), prompt_id="running")
    await hear(lambda message: message["type"] == "executing")
    await submit(saving(), prompt_id="waiting")
    await http.post("/queue", json={"delete": ["waiting", "running", "unknown"]})
    queue = (await http.get("/queue")).json()
    assert [job[1] for job in queue["queue_running"]] == ["running"]
    assert queue["queue_pending"] == []
    assert (await http.get("/history/waiting")).json() == {}


async def test_an_interrupt_stops_only_the_job_that_it_names(submit: Submit, hear: Run, http: httpx2.AsyncClient) -> None:
    await submit(waiting(5, steps=1000), prompt_id="running")
    await hear(lambda message: message["type"] == "progress")
    assert (await http.post("/interrupt", json={"prompt_id": "another"})).status_code == 200
    await hear(lambda message: message["type"] == "progress")
    await http.post("/interrupt", json={"prompt_id": "running"})
    messages = await hear()
    assert kinds(messages)[-3:] == ["execution_interrupted", "status", "executing"]
    assert messages[-3]["data"].keys() == {"prompt_id", "node_id", "node_type", "executed", "timestamp"}
    assert (await http.get("/history/running")).json()["running"]["status"]["status_str"] == "error"


async def test_messages_go_to_the_submitting_socket_only(fake: ServedFake, run: Run, http: httpx2.AsyncClient) -> None:
    async with connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=other", proxy=None) as other:
        await run(saving())
        await http.post("/queue", json={"clear": True})
        heard = [json.loads(await other.recv())["type"] for _ in ("greeting", "put", "taken", "done", "cleared")]
        assert set(heard) == {"status"}


async def test_without_a_client_id_progress_goes_to_everybody(http: httpx2.AsyncClient, hear: Run) -> None:
    await http.post("/prompt", json={"prompt": waiting(steps=1)})
    remaining = {"queue_remaining": 0}
    messages = await hear(lambda message: message["type"] == "status" and message["data"]["status"]["exec_info"] == remaining)
    assert set(kinds(messages)) == {"status", "progress_state", "progress", 3}


async def test_the_newer_of_two_sockets_with_one_sid_receives(fake: ServedFake, socket: ClientConnection) -> None:
    async with connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=tester", proxy=None) as newer:
        await newer.recv()
        fake.pause()
        async with httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
            await http.post("/prompt", json={"prompt": saving(), "client_id": "tester"})
        assert json.loads(await newer.recv())["type"] == "status"
        fake.drop_sockets()
        with pytest.raises(ConnectionClosedError):
            await socket.recv()


async def test_the_newer_socket_falls_silent_when_the_older_one_ends(fake: ServedFake, socket: ClientConnection) -> None:
    async with connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=tester", proxy=None) as newer:
        await newer.recv()
        await socket.close()
        async with asyncio.timeout(5):
            while fake.hub.sockets:  # noqa: ASYNC110 - the fake tells nobody when a socket ends
                await asyncio.sleep(0.001)
        async with httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
            await http.post("/prompt", json={"prompt": saving(), "client_id": "tester"})
        fake.drop_sockets()
        with pytest.raises(ConnectionClosedError):
            await newer.recv()


async def test_a_socket_that_comes_back_learns_which_node_runs(
    fake: ServedFake, socket: ClientConnection, submit: Submit, hear: Run
) -> None:
    await submit(waiting(600))
    await hear(lambda message: message["type"] == "executing")
    await socket.close()
    async with connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=tester", proxy=None) as back:
        greeting, executing = json.loads(await back.recv()), json.loads(await back.recv())
    assert greeting["data"] == {"status": {"exec_info": {"queue_remaining": 1}}, "sid": "tester"}
    assert executing == {"type": "executing", "data": {"node": "1"}}


async def test_a_subscriber_gets_log_lines_and_bars_but_no_prints(run: Run, http: httpx2.AsyncClient) -> None:
    await http.patch("/internal/logs/subscribe", json={"clientId": "tester", "enabled": True})
    messages = await run(waiting()) + await run(sampling(steps=2))
    texts = [entry["m"] for message in messages if message["type"] == "logs" for entry in message["data"]["entries"]]
    assert texts[0] == "got prompt\n"
    assert texts[1].startswith("Prompt executed in ")
    assert any(text.startswith("\r100%|██████████| 2/2 [") for text in texts)
    raw = (await http.get("/internal/logs/raw")).json()["entries"]
    assert any(entry["m"] == "TKWait 0 step 1/2\n" for entry in raw)
    assert not any("TKWait" in text for text in texts)


async def test_the_history_is_cut_and_cleared(run: Run, http: httpx2.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await run(saving(), prompt_id=name)
    assert list((await http.get("/history?max_items=2")).json()) == ["b", "c"]
    assert list((await http.get("/history?max_items=1&offset=1")).json()) == ["b"]
    await http.post("/history", json={"delete": ["b"]})
    assert list((await http.get("/history")).json()) == ["a", "c"]
    await http.post("/history", json={"clear": True})
    assert (await http.get("/history")).json() == {}
