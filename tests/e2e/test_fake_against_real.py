"""The fake ComfyUI and a real one are asked the same, and must answer the same."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.process import ComfyProcess, Launch
from viewcomfy.testing.fake_comfy import run_fake_comfy

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

Workflow = dict[str, Any]
VOLATILE = {"timestamp", "create_time", "traceback", "tooltip", "prompt_id", "current_inputs", "current_outputs", "exception_message"}
SIZE = {"width": 64, "height": 64, "batch_size": 1}
FILE_CHOICES = {"image", "ckpt_name", "unet_name", "clip_name", "vae_name", "lora_name"}


class Talk:
    """One caller of one ComfyUI, and what it heard, without what differs from run to run."""

    def __init__(self, http: httpx2.AsyncClient, socket: ClientConnection) -> None:
        self.http = http
        self.socket = socket

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return status, content type and the body, parsed where it is JSON."""
        answer = await self.http.request(method, path, **options)
        kind = answer.headers.get("content-type", "")
        body = (
            steady(answer.json())
            if kind.startswith("application/json")
            else answer.text
            if kind.startswith("text/")
            else len(answer.content) > 0
        )
        return answer.status_code, kind if answer.content else "", body

    async def submit(self, workflow: Workflow, **fields: Any) -> Any:
        """Queue a workflow and return the answer."""
        return await self.ask("POST", "/prompt", json={"prompt": workflow, "client_id": "tester", **fields})

    async def hear(self, until: Callable[[Any], bool] | None = None) -> list[Any]:
        """Return the messages up to the one that ends a job, or for which `until` holds."""
        heard: list[Any] = []
        ends = until or (lambda message: message["type"] == "executing" and message["data"]["node"] is None)
        while True:
            frame = await self.socket.recv()
            if isinstance(frame, bytes):
                heard.append(f"binary {frame[3]}, picture {frame[7]}")
                continue
            message = json.loads(frame)
            heard.append(steady(message))
            if ends(message):
                return heard

    async def run(self, workflow: Workflow, prompt_id: str) -> Any:
        """Run a workflow; return the answer, every message and the history."""
        answer = await self.submit(workflow, prompt_id=prompt_id, number=1)
        heard = await self.hear() if answer[0] == 200 else []
        return answer, heard, await self.ask("GET", f"/history/{prompt_id}")


def steady(value: Any) -> Any:
    """Return JSON without what may differ: times, tracebacks, tooltips, random names, the order of sets."""
    if isinstance(value, dict):
        return {key: sorted(item) if key == "executed" else steady(item) for key, item in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        items = [steady(item) for item in value]
        faults = items and all(isinstance(item, dict) and "extra_info" in item for item in items)
        return sorted(items, key=json.dumps) if faults else items
    return re.sub(r"(?<=_temp_)[a-z]{5}", "-----", value) if isinstance(value, str) else value


def lines(value: Any) -> list[str]:
    """Return the value as text, so that a failed comparison names the first line that differs."""
    return json.dumps(value, indent=1).splitlines()


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def real_url(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    process = ComfyProcess(Launch(installation, tmp_path_factory.mktemp("real"), processes=2), on_lines=lambda _: None)
    await process.start()
    yield process.url
    await process.stop()


@asynccontextmanager
async def talk_to(url: str) -> AsyncIterator[Talk]:
    async with (
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as http,
        connect(f"{url.replace('http', 'ws', 1)}/ws?clientId=tester", proxy=None) as socket,
    ):
        talk = Talk(http, socket)
        await talk.hear(lambda message: "sid" in message["data"])
        yield talk


@pytest.fixture
async def heard_alike(real_url: str, tmp_path: Path) -> Callable[[Callable[[Talk], Awaitable[Any]]], Awaitable[Any]]:
    async def compare(scene: Callable[[Talk], Awaitable[Any]]) -> Any:
        async with run_fake_comfy(input_dir=tmp_path / "input") as fake, talk_to(fake.url) as talk:
            from_fake = await scene(talk)
        async with talk_to(real_url) as talk:
            await talk.ask("POST", "/history", json={"clear": True})
            from_real = await scene(talk)
        assert lines(from_fake) == lines(from_real)
        return from_fake

    return compare


Compare = Callable[[Callable[[Talk], Awaitable[Any]]], Awaitable[Any]]


def saving(prefix: str, color: int = 1) -> Workflow:
    return {
        "1": {"class_type": "EmptyImage", "inputs": {**SIZE, "color": color}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": prefix}, "_meta": {"title": "Save"}},
    }


def sampling(prefix: str, steps: int = 3, seed: int = 1) -> Workflow:
    numbers = {"seed": seed, "steps": steps, "cfg": 4.0, "denoise": 1.0}
    links = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0]}
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
        "3": {"class_type": "EmptySD3LatentImage", "inputs": SIZE},
        "4": {"class_type": "KSampler", "inputs": {**links, **numbers, "sampler_name": "euler", "scheduler": "simple"}},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": prefix}},
    }


def picture(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_job_and_the_same_job_again_sound_alike(heard_alike: Compare) -> None:
    async def scene(talk: Talk) -> Any:
        return [await talk.run(saving("alike/a"), "first"), await talk.run(saving("alike/a"), "again")]

    (_, first, _), (_, again, _) = await heard_alike(scene)
    assert {"type": "execution_cached", "data": {"nodes": []}} in first
    assert {"type": "execution_cached", "data": {"nodes": ["1", "2", "4"]}} in again


async def test_sampling_sounds_alike_with_progress_and_previews(heard_alike: Compare) -> None:
    async def scene(talk: Talk) -> Any:
        return [await talk.run(sampling("alike/b"), "sampled"), await talk.run(sampling("alike/b", seed=2), "another seed")]

    (_, heard, _), _ = await heard_alike(scene)
    assert heard.count("binary 1, picture 1") == 3


async def test_two_equal_nodes_in_one_workflow_run_once(heard_alike: Compare) -> None:
    workflow = saving("alike/twice", color=5)
    workflow["7"] = {"class_type": "EmptyImage", "inputs": {**SIZE, "color": 5}}
    workflow["8"] = {"class_type": "PreviewImage", "inputs": {"images": ["7", 0]}}

    async def scene(talk: Talk) -> Any:
        answer = await talk.submit(workflow, prompt_id="twice", number=1)
        heard = await talk.hear()
        # Which of two outputs comes first is chance in ComfyUI.
        return answer, sorted(message["type"] for message in heard)

    await heard_alike(scene)


async def test_every_kind_of_output_is_announced_alike(heard_alike: Compare) -> None:
    image = {"1": {"class_type": "EmptyImage", "inputs": {**SIZE, "color": 9}}}
    video = {"2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 8.0}}}
    to_video = {"video": ["2", 0], "filename_prefix": "alike/v", "format": "auto", "codec": "auto"}
    to_webp = {"images": ["1", 0], "filename_prefix": "alike/w", "fps": 6.0, "lossless": True, "quality": 80, "method": "default"}
    text = {"1": {"class_type": "PrimitiveString", "inputs": {"value": "a text"}}}
    silence = {"1": {"class_type": "EmptyAudio", "inputs": {"duration": 0.1, "sample_rate": 44100, "channels": 2}}}
    workflows: list[Workflow] = [
        image | {"9": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}},
        image | video | {"9": {"class_type": "SaveVideo", "inputs": to_video}},
        image | {"9": {"class_type": "SaveAnimatedWEBP", "inputs": to_webp}},
        text | {"9": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}},
        silence | {"9": {"class_type": "SaveAudio", "inputs": {"audio": ["1", 0], "filename_prefix": "alike/s"}}},
    ]

    async def scene(talk: Talk) -> Any:
        return [await talk.run(workflow, f"kind {number}") for number, workflow in enumerate(workflows)]

    await heard_alike(scene)


@pytest.mark.parametrize("mode", ["oom", "wait", "raise", "device"])
async def test_the_test_nodes_behave_alike(mode: str, heard_alike: Compare) -> None:
    wait = {"class_type": "TKWait", "inputs": {"seconds": 0.02, "steps": 2, "seed": len(mode)}}
    workflow = {"1": wait, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
    if mode != "wait":
        workflow |= {"3": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": mode, "seconds": 0.1}}}
        workflow["2"]["inputs"] = {"images": ["3", 0]}

    async def scene(talk: Talk) -> Any:
        if (await talk.ask("GET", "/object_info/TKFail"))[2] == {}:
            pytest.skip("this ComfyUI has no test nodes")
        return await talk.run(workflow, mode)

    await heard_alike(scene)


def broken_workflows() -> dict[str, Workflow]:
    def change(node_id: str, **inputs: Any) -> Workflow:
        workflow = saving("alike/c")
        workflow[node_id]["inputs"].update(inputs)
        return {node: {**spec, "inputs": {k: v for k, v in spec["inputs"].items() if v is not None}} for node, spec in workflow.items()}

    missing = {"class_type": "LoadImage", "inputs": {"image": "missing.png"}}
    return {
        "nothing": {},
        "no output": {"1": saving("x")["1"]},
        "an unknown class": saving("x") | {"3": {"class_type": "NoSuchNode", "inputs": {}}},
        "no class": saving("x") | {"3": {"inputs": {}}},
        "a missing input": change("1", width=None),
        "two missing inputs": change("1", width=None, height=None),
        "too big": change("1", width=99999),
        "too small": change("1", width=0),
        "a text for a number": change("1", width="abc"),
        "a list of three": change("2", image=["1", 0, 0]),
        "a link to nothing": change("2", image=["99", 0]),
        "a link to no slot": change("2", image=["1", 7]),
        "a wrong type": change("2", image=["5", 1]) | {"5": missing},
        "a missing file": change("2", image=["5", 0]) | {"5": missing},
        "a cycle": change("2", image=["2", 0]),
        "not a choice": sampling("x") | {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "no.safetensors"}}},
        "two broken outputs": change("2", image=["5", 0])
        | {"5": missing, "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}}},
    }


@pytest.mark.parametrize("name", broken_workflows())
async def test_a_broken_workflow_is_refused_alike(name: str, heard_alike: Compare) -> None:
    async def scene(talk: Talk) -> Any:
        answer = await talk.submit(broken_workflows()[name])
        for errors in answer[2]["node_errors"].values():
            errors["dependent_outputs"].sort()
        return answer

    status, kind, body = await heard_alike(scene)
    assert (status, kind) == (400, "application/json; charset=utf-8")
    assert body["error"]["type"]


async def test_a_workflow_with_one_good_output_is_accepted_alike(heard_alike: Compare) -> None:
    workflow = saving("alike/d", color=3) | {
        "6": {"class_type": "LoadImage", "inputs": {"image": "missing.png"}},
        "7": {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}},
    }

    async def scene(talk: Talk) -> Any:
        answer, heard, history = await talk.run(workflow, "half good")
        return answer[0], answer[2]["node_errors"], heard, history[2]["half good"]["outputs"]

    status, node_errors, _, _ = await heard_alike(scene)
    assert (status, list(node_errors)) == (200, ["6"])


async def test_uploads_are_named_alike_and_a_bad_one_fails_alike(heard_alike: Compare) -> None:
    async def upload(talk: Talk, name: str, data: bytes, **fields: str) -> Any:
        return await talk.ask("POST", "/upload/image", files={"image": (name, data, "image/png")}, data=fields)

    async def scene(talk: Talk) -> Any:
        answers = [
            await upload(talk, "up.png", picture("red")),
            await upload(talk, "up.png", picture("red")),
            await upload(talk, "up.png", picture("blue")),
            await upload(talk, "up.png", picture("green"), overwrite="true"),
            await upload(talk, "up.png", picture("green"), subfolder="sub/x"),
            await upload(talk, "up.png", picture("green"), subfolder="../out"),
            await upload(talk, "up.png", picture("green"), type="nowhere"),
            await upload(talk, "bad.png", b"not a picture"),
            await talk.ask("POST", "/upload/image", files={"other": ("up.png", b"x", "image/png")}),
        ]
        load = {"class_type": "LoadImage", "inputs": {"image": "sub/x/up.png"}}
        good = await talk.run({"1": load, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}, "good")
        load["inputs"] = {"image": "bad.png"}
        bad = await talk.run({"1": load, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}, "bad")
        return answers, good, bad

    answers, _, (_, heard, _) = await heard_alike(scene)
    assert [answer[0] for answer in answers] == [200, 200, 200, 200, 200, 400, 500, 200, 400]
    assert [answer[2]["name"] for answer in answers[:3]] == ["up.png", "up.png", "up (1).png"]
    assert "execution_error" in [message["type"] for message in heard]


async def test_an_interrupt_ends_a_running_job_alike(heard_alike: Compare) -> None:
    async def scene(talk: Talk) -> Any:
        await talk.submit(sampling("alike/e", steps=10000, seed=3), prompt_id="long")
        await talk.hear(lambda message: message["type"] == "progress")
        refused = await talk.ask("POST", "/interrupt", json={"prompt_id": "another"})
        answer = await talk.ask("POST", "/interrupt", json={"prompt_id": "long"})
        heard = [
            message for message in await talk.hear() if "binary" not in message and message["type"] not in {"progress", "progress_state"}
        ]
        history = (await talk.ask("GET", "/history/long"))[2]["long"]
        return refused, answer, heard, history["status"]["status_str"], [name for name, _ in history["status"]["messages"]]

    _, _, heard, status, _ = await heard_alike(scene)
    assert heard[0]["type"] == "execution_interrupted"
    assert status == "error"


async def test_the_queue_is_changed_alike(heard_alike: Compare) -> None:
    async def scene(talk: Talk) -> Any:
        await talk.submit(sampling("alike/f", steps=10000, seed=4), prompt_id="running", number=1)
        await talk.hear(lambda message: message["type"] == "executing")
        for number in (2, 3, 4):
            await talk.submit(saving(f"alike/g{number}"), prompt_id=f"waiting {number}", number=number)
        queues = [await talk.ask("GET", "/queue")]
        answers = [await talk.ask("POST", "/queue", json={"delete": ["waiting 3", "running", "unknown"]})]
        queues.append(await talk.ask("GET", "/queue"))
        answers.append(await talk.ask("POST", "/queue", json={"clear": True}))
        queues.append(await talk.ask("GET", "/queue"))
        await talk.ask("POST", "/interrupt", json={})
        await talk.hear()
        return answers, queues, await talk.ask("GET", "/queue"), await talk.ask("GET", "/prompt")

    _, queues, _, _ = await heard_alike(scene)
    assert [len(queue[2]["queue_pending"]) for queue in queues] == [3, 2, 0]


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/view", {}),
    ("GET", "/view?filename=nope.png", {}),
    ("GET", "/view?filename=../x.png", {}),
    ("GET", "/view?filename=x.png&subfolder=../..", {}),
    ("GET", "/view?filename=x.png&type=nowhere", {}),
    ("GET", "/history/nope", {}),
    ("POST", "/history", {"json": {"clear": True}}),
    ("POST", "/history", {"json": {"delete": ["nope"]}}),
    ("GET", "/history?max_items=1", {}),
    ("GET", "/object_info/Nope", {}),
    ("GET", "/features", {}),
    ("POST", "/prompt", {"content": b"{not json"}),
    ("POST", "/prompt", {"json": {}}),
    ("POST", "/prompt", {"json": {"prompt": {"last_node_id": 5, "nodes": []}}}),
    ("POST", "/free", {}),
    ("POST", "/free", {"json": {"unload_models": True}}),
    ("POST", "/interrupt", {}),
    ("PATCH", "/internal/logs/subscribe", {"json": {"clientId": "nobody", "enabled": True}}),
    ("POST", "/internal/logs/subscribe", {"json": {}}),
    ("GET", "/queue", {"headers": {"Origin": "http://evil.example"}}),
    ("GET", "/api/queue", {}),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: f"{request[0]} {request[1]} {request[2]}")
async def test_a_lone_request_is_answered_alike(request_: tuple[str, str, dict[str, Any]], heard_alike: Compare) -> None:
    method, path, options = request_
    await heard_alike(lambda talk: talk.ask(method, path, **options))


async def test_the_nodes_are_described_alike(real_url: str) -> None:
    def interface(described: dict[str, Any]) -> Any:
        inputs = {
            f"{group} {name}": [part for part in steady(spec[1:] if name in FILE_CHOICES else spec) if part != {}]
            for group, specs in described["input"].items()
            for name, spec in specs.items()
        }
        return inputs, described["output"], described["output_node"]

    async with run_fake_comfy() as fake, talk_to(fake.url) as talk:
        ours = (await talk.ask("GET", "/object_info"))[2]
    async with talk_to(real_url) as talk:
        theirs = (await talk.ask("GET", "/object_info"))[2]
    common = sorted(name for name in ours.keys() & theirs.keys() if not name.startswith("TK"))
    assert len(common) > 20
    assert lines({name: interface(ours[name]) for name in common}) == lines({name: interface(theirs[name]) for name in common})
