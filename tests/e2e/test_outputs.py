"""Outputs: everything that this ComfyUI can save arrives, once, whole, under a name of its own and with the right type."""

from __future__ import annotations

import pytest

from tests.e2e.pictures import decoded, opened, pixels
from tests.e2e.product import Json, Product
from tests.e2e.workflows import Workflow, colour, node

pytestmark = pytest.mark.e2e


def every_kind(color: int = 0x808080) -> Workflow:
    """Return a workflow with each save node of ComfyUI, and the previews that are no outputs."""
    return {
        "1": node("EmptyImage", width=64, height=64, batch_size=4, color=color),
        "2": node("EmptyAudio", duration=0.2, sample_rate=48000, channels=2),
        "3": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "4": node("CreateVideo", images=["1", 0], fps=8.0, audio=["2", 0]),
        "5": node("TKMesh"),
        "10": node("SaveImage", images=["1", 0], filename_prefix="still"),
        "11": node("SaveAnimatedWEBP", images=["1", 0], filename_prefix="webp", fps=6.0, lossless=True, quality=80, method="default"),
        "12": node("SaveAnimatedPNG", images=["1", 0], filename_prefix="apng", fps=6.0, compress_level=4),
        "13": node("SaveVideo", video=["4", 0], filename_prefix="video/clip", format="mp4", codec="h264"),
        "14": node("SaveWEBM", images=["1", 0], filename_prefix="webm", codec="vp9", fps=8.0, crf=32.0),
        "15": node("SaveAudio", audio=["2", 0], filename_prefix="audio/tone"),
        "16": node("SaveAudioMP3", audio=["2", 0], filename_prefix="mp3", quality="128k"),
        "17": node("SaveAudioOpus", audio=["2", 0], filename_prefix="opus", quality="96k"),
        "18": node("SaveLatent", samples=["3", 0], filename_prefix="latents/empty"),
        "19": node("SaveGLB", mesh=["5", 0], filename_prefix="mesh/triangle"),
        "20": node("TKNote", text="a note", filename_prefix="deep/er/note"),
        "21": node("PreviewAny", source=["1", 0]),
        "22": node("TKSaveBytes", megabytes=1, seed=5, filename_prefix="bytes"),
        "30": node("PreviewImage", images=["1", 0]),
        "31": node("PreviewAudio", audio=["2", 0]),
    }


EXPECTED = {
    "still_00001_.png": ("image/png", b"\x89PNG"),
    "still_00002_.png": ("image/png", b"\x89PNG"),
    "still_00003_.png": ("image/png", b"\x89PNG"),
    "still_00004_.png": ("image/png", b"\x89PNG"),
    "webp_00001_.webp": ("image/webp", b"RIFF"),
    "apng_00001_.png": ("image/png", b"\x89PNG"),
    "clip_00001_.mp4": ("video/mp4", b"\x00\x00\x00 ftyp"),
    "webm_00001_.webm": ("video/webm", b"\x1aE\xdf\xa3"),
    "tone_00001_.flac": ("audio/flac", b"fLaC"),
    "mp3_00001_.mp3": ("audio/mpeg", b"ID3"),
    "opus_00001_.opus": ("audio/ogg", b"OggS"),
    "empty_00001_.latent": ("application/octet-stream", b""),
    "triangle_00001_.glb": ("model/gltf-binary", b"glTF"),
    "note_00001_.txt": ("text/plain", b"a note"),
    "text_21.txt": ("text/plain", b"tensor("),
    "bytes_00001_.bin": ("application/octet-stream", b"5\n"),
}


@pytest.fixture(scope="module")
def everything(product: Product) -> Json:
    return product.result(product.deploy(every_kind()), {"1-inputs-color": 0x102030})


def test_every_kind_of_output_arrives_with_its_type(everything: Json) -> None:
    outputs = {output["filename"]: (output["content_type"], decoded(output)) for output in everything["outputs"]}
    assert {name: content_type for name, (content_type, _) in outputs.items()} == {name: kind for name, (kind, _) in EXPECTED.items()}
    for name, (_, start) in EXPECTED.items():
        data = outputs[name][1]
        assert data.startswith(start), (name, data[:16])
        assert data, name


def test_previews_are_no_outputs(everything: Json) -> None:
    assert not any("temp" in output["filename"] for output in everything["outputs"])


def test_nothing_is_left_in_comfyuis_folders(product: Product, everything: Json) -> None:
    assert everything["outputs"]
    assert product.tidies_up()


def test_an_unchanged_graph_gives_its_outputs_again(product: Product) -> None:
    name = product.deploy(every_kind())
    first, second = (product.result(name, {"1-inputs-color": 0x405060}) for _ in range(2))
    assert {output["filename"] for output in first["outputs"]} == set(EXPECTED)
    assert {output["filename"] for output in second["outputs"]} == set(EXPECTED)
    stills = [[decoded(output) for output in result["outputs"] if output["filename"].startswith("still")] for result in (first, second)]
    assert [opened(data).tobytes() for data in stills[0]] == [opened(data).tobytes() for data in stills[1]]


def test_outputs_of_the_same_name_are_told_apart(product: Product) -> None:
    workflow = {
        "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0x110000),
        "2": node("EmptyImage", width=8, height=8, batch_size=1, color=0x220000),
        "3": node("EmptyImage", width=8, height=8, batch_size=1, color=0x330000),
        "7": node("SaveImage", images=["1", 0], filename_prefix="red/x"),
        "8": node("SaveImage", images=["2", 0], filename_prefix="green/x"),
        "9": node("SaveImage", images=["3", 0], filename_prefix="X"),
    }
    outputs = product.result(product.deploy(workflow), {"1-inputs-width": 16})["outputs"]
    names = [output["filename"] for output in outputs]
    assert len({name.casefold() for name in names}) == 3
    assert {opened(decoded(output)).getpixel((0, 0))[0] for output in outputs} == {0x11, 0x22, 0x33}  # type: ignore[index]  # RGB


def test_a_prefix_that_leads_out_of_the_folder_fails_the_job(product: Product) -> None:
    workflow = colour(side=16)
    workflow["9"]["inputs"]["filename_prefix"] = "../../../../../escaped"
    answer = product.infer(product.deploy(workflow), {"1-inputs-color": 1})
    assert answer.status_code == 502
    assert answer.json()["code"] == "workflow_failed"
    assert "outside the output folder" in answer.json()["detail"]


def test_a_file_that_the_next_job_writes_over_stays_as_it_was(product: Product) -> None:
    name = product.deploy({"1": node("TKSame", seed=1, filename="same.txt", save=True)})
    first, second, third = (product.result(name, {"1-inputs-seed": seed})["prompt_id"] for seed in (11, 12, 12))
    contents = [product.http.get(product.job(prompt_id)["outputs"][0]["url"]).text for prompt_id in (first, second, third)]
    assert contents == ["11", "12", "12"]


def test_a_file_that_is_announced_and_not_there_fails_the_job(product: Product) -> None:
    answer = product.infer(product.deploy({"1": node("TKSame", seed=1, filename="absent.txt", save=False)}), {"1-inputs-seed": 2})
    assert answer.status_code == 502
    assert answer.json()["code"] == "workflow_failed"
    assert "'absent.txt'" in answer.json()["detail"]


def test_date_patterns_in_a_prefix_are_filled_in(product: Product) -> None:
    workflow = colour(side=24)
    workflow["9"]["inputs"]["filename_prefix"] = "%year%/shot_%width%x%height%"
    result = product.result(product.deploy(workflow), {"1-inputs-color": 2})
    assert result["outputs"][0]["filename"] == "shot_24x24_00001_.png"
    assert len(pixels(result)) == 24 * 24 * 3


def test_the_same_outputs_come_by_signed_links(product: Product, everything: Json) -> None:
    job = product.job(everything["prompt_id"])
    assert [(output["filename"], output["size"]) for output in job["outputs"]] == [
        (output["filename"], output["size"]) for output in everything["outputs"]
    ]
    for linked, inline in zip(job["outputs"], everything["outputs"], strict=True):
        answer = product.http.get(linked["url"], headers={"client_id": "", "client_secret": ""})  # a link needs no key
        assert answer.content == decoded(inline)
        assert answer.headers["content-type"].partition(";")[0] == inline["content_type"]
    part = product.http.get(job["outputs"][-1]["url"], headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, decoded(everything["outputs"][-1])[1:4])
