"""What the fake's nodes make."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from PIL import Image

from viewcomfy.testing.fake_comfy import NodeClass, NodeRun, Result, ServedFake, run_fake_comfy

pytestmark = pytest.mark.anyio

Run = Callable[..., Awaitable[list[dict[str, Any]]]]


def sampling(text: str = "a cat", **numbers: Any) -> dict[str, Any]:
    links = {"model": ["2", 0], "positive": ["3", 0], "negative": ["3", 0], "latent_image": ["4", 0]}
    numbers = {"seed": 1, "steps": 1, "cfg": 4.0, "denoise": 1.0, "sampler_name": "euler", "scheduler": "simple", **numbers}
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd3.safetensors"}},
        "2": {
            "class_type": "LoraLoaderModelOnly",
            "inputs": {"model": ["1", 0], "lora_name": "tiny_lora.safetensors", "strength_model": 1.0},
        },
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": text, "clip": ["1", 1]}},
        "4": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 32, "batch_size": 2}},
        "5": {"class_type": "KSampler", "inputs": {**links, **numbers}},
        "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
        "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "sampled"}},
    }


def image_to_image(denoise: float) -> dict[str, Any]:
    workflow = sampling(denoise=denoise)
    workflow["4"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 0], "vae": ["9", 0]}}
    workflow["8"] = {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 32, "batch_size": 1, "color": 0xFF0000}}
    workflow["9"] = {"class_type": "VAELoader", "inputs": {"vae_name": "tiny_taesd.safetensors"}}
    return workflow


def outputs(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {message["data"]["node"]: message["data"]["output"] for message in messages if message["type"] == "executed"}


async def pictures(fake: ServedFake, run: Run, workflow: dict[str, Any]) -> list[Image.Image]:
    names = [entry["filename"] for entry in outputs(await run(workflow))["7"]["images"]]
    return [Image.open(io.BytesIO(fake.folders.output.read(name) or b"")) for name in names]


async def test_seed_and_text_decide_the_pixels(fake: ServedFake, run: Run) -> None:
    first, second = await pictures(fake, run, sampling())
    assert first.size == (64, 32)
    assert first.tobytes() != second.tobytes()
    other_seed, _ = await pictures(fake, run, sampling(seed=2))
    other_text, _ = await pictures(fake, run, sampling("a dog"))
    assert len({picture.tobytes() for picture in (first, other_seed, other_text)}) == 3
    same, _ = await pictures(fake, run, sampling())
    assert same.tobytes() == first.tobytes()


async def test_a_weak_denoise_leaves_the_picture_recognisable(fake: ServedFake, run: Run) -> None:
    (weak,) = await pictures(fake, run, image_to_image(0.1))
    (strong,) = await pictures(fake, run, image_to_image(1.0))
    red, green, _ = weak.resize((1, 1)).tobytes()
    assert red > 200 > 60 > green
    assert weak.tobytes() != strong.tobytes()


async def test_every_saving_node_shows_its_own_kind_of_output(fake: ServedFake, run: Run) -> None:
    frames = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 2, "color": 7}}
    webp = {"images": ["1", 0], "filename_prefix": "w", "fps": 4.0, "lossless": True, "quality": 80, "method": "default"}
    video = {"video": ["2", 0], "filename_prefix": "video/v", "format": "auto", "codec": "auto"}
    shown = outputs(
        await run(
            {
                "1": frames,
                "2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 8}},
                "3": {"class_type": "SaveVideo", "inputs": video},
                "4": {"class_type": "SaveAnimatedWEBP", "inputs": webp},
                "5": {"class_type": "EmptyAudio", "inputs": {"duration": 1, "sample_rate": 8000, "channels": 1}},
                "6": {"class_type": "SaveAudio", "inputs": {"audio": ["5", 0], "filename_prefix": "audio/a"}},
                "7": {"class_type": "PrimitiveString", "inputs": {"value": "grüße"}},
                "8": {"class_type": "PreviewAny", "inputs": {"source": ["7", 0]}},
                "10": {"class_type": "TKSaveBytes", "inputs": {"megabytes": 1, "seed": 42, "filename_prefix": "big"}},
                "9": {"class_type": "SaveText", "inputs": {"text": ["7", 0], "filename_prefix": "t"}},
            }
        )
    )
    assert shown["3"] == {"images": [{"filename": "v_00001_.mp4", "subfolder": "video", "type": "output"}], "animated": [True]}
    assert shown["4"] == {"images": [{"filename": "w_00001_.webp", "subfolder": "", "type": "output"}], "animated": [True]}
    assert shown["6"] == {"audio": [{"filename": "a_00001_.flac", "subfolder": "audio", "type": "output"}]}
    assert shown["8"] == {"text": ["grüße"]}
    assert json.loads(shown["9"]["text"][0]) == {"filename": "t_00001_.txt", "subfolder": "", "type": "output"}
    assert shown["10"] == {"files": [{"filename": "big_00001_.bin", "subfolder": "", "type": "output"}]}
    read = fake.folders.output.read
    assert len(read("big_00001_.bin") or b"") == len(b"42\n") + 1024 * 1024
    assert (read("video/v_00001_.mp4") or b"")[4:12] == b"ftypisom"
    assert (read("audio/a_00001_.flac") or b"").startswith(b"fLaC")
    assert (read("t_00001_.txt") or b"").decode() == "grüße"


async def test_a_node_of_ones_own_is_run_and_described() -> None:
    async def shout(run: NodeRun, *, text: str) -> Result:
        await run.step(1, 1)
        return Result(ui={"text": [text.upper()]})

    node = NodeClass("Shout", shout, required={"text": ("STRING", {"default": ""})}, is_output=True)
    async with run_fake_comfy(nodes={"Shout": node}) as fake, httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
        described = (await http.get("/object_info/Shout")).json()["Shout"]
        assert described["input"] == {"required": {"text": ["STRING", {"default": ""}]}}
        await http.post("/prompt", json={"prompt": {"1": {"class_type": "Shout", "inputs": {"text": "hi"}}}, "prompt_id": "mine"})
        await fake.until_idle()
        assert (await http.get("/history/mine")).json()["mine"]["outputs"] == {"1": {"text": ["HI"]}}


async def test_the_files_that_loaders_offer_can_be_replaced() -> None:
    async with run_fake_comfy(models={"checkpoints": ["a.ckpt"]}) as fake, httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http:
        described = (await http.get("/object_info/CheckpointLoaderSimple")).json()["CheckpointLoaderSimple"]
        assert described["input"]["required"]["ckpt_name"][0] == ["a.ckpt"]
        refused = (await http.post("/prompt", json={"prompt": sampling()})).json()["node_errors"]["1"]["errors"][0]
    assert refused["type"] == "value_not_in_list"
    assert refused["details"] == "ckpt_name: 'tiny_sd3.safetensors' not in ['a.ckpt']"
