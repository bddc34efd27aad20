"""Declaring the inputs of a workflow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from viewcomfy.core.declare import declare
from viewcomfy.core.input_json import input_as_dict, input_from_dict
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.object_info import read_catalog

CATALOG = read_catalog(
    {
        "CLIPTextEncode": {"input": {"required": {"text": ["STRING", {"multiline": True, "tooltip": "The text."}], "clip": ["CLIP"]}}},
        "KSampler": {
            "input": {
                "required": {
                    "seed": ["INT", {"min": 0, "max": 2**64 - 1}],
                    "steps": ["INT", {"min": 1, "max": 10000}],
                    "cfg": ["FLOAT", {"min": 0.0, "max": 100.0, "step": 0.1}],
                    "sampler_name": [["euler", "heun"]],
                }
            }
        },
        "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["a.safetensors", "b.ckpt"]]}}},
        "LoadImage": {"input": {"required": {"image": [["x.png"], {"image_upload": True}]}}},
        "Load3D": {"input": {"required": {"model_file": [["x.glb"], {"file_upload": True}]}}},
        "Odd": {
            "input": {
                "required": {
                    "any": ["*"],
                    "number": ["INT,FLOAT", {"max": 3}],
                    "flag": ["BOOLEAN"],
                    "choice": [[True, 2, "c"]],
                    "remote": ["COMBO", {"remote": {}}],
                    "words": ["STRING"],
                    "seed_strength": ["FLOAT", {}],
                    "values": ["COMBO", {"multiselect": True, "options": ["a"]}],
                }
            }
        },
    }
)
WORKFLOW: dict[str, Any] = {
    "10": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "cfg": 8, "sampler_name": "euler", "positive": ["6", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}, "_meta": {"title": "CLIP Text Encode (Prompt)"}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "gone.safetensors"}},
    "57:8": {"class_type": "LoadImage", "inputs": {"image": "x.png", "upload": "image"}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "out", "images": ["10", 0]}, "_meta": {"title": "Save Image"}},
}


def one(class_type: str, inputs: dict[str, Any], *, title: str = "", known: bool = True) -> dict[str, Input]:
    workflow = {"1": {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}}
    return {found.input_name: found for found in declare(workflow, CATALOG if known else None)}


def by_name(workflow: dict[str, Any] = WORKFLOW) -> dict[str, Input]:
    return {found.name: found for found in declare(workflow, CATALOG)}


def test_nodes_come_in_javascripts_order() -> None:
    found = declare(WORKFLOW, CATALOG)
    assert [one.node_id for one in found] == ["4", "6", "9", "10", "10", "10", "10", "57:8", "57:8"]
    assert [one.order for one in found] == list(range(9))


def test_an_input_has_everything_that_its_class_says() -> None:
    found = by_name()
    assert found["prompt"] == Input(
        name="prompt",
        key="6-inputs-text",
        node_id="6",
        input_name="text",
        class_type="CLIPTextEncode",
        node_title="CLIP Text Encode (Prompt)",
        kind=InputKind.TEXT,
        label="Prompt",
        description="The text.",
        default="a cat",
        multiline=True,
        order=1,
    )
    seed, cfg, sampler = found["seed"], found["cfg"], found["sampler"]
    assert (seed.kind, seed.minimum, seed.maximum, seed.advanced) == (InputKind.SEED, 0, 2**64 - 1, True)
    assert (cfg.kind, cfg.minimum, cfg.maximum, cfg.step, cfg.default) == (InputKind.NUMBER, 0.0, 100.0, 0.1, 8)
    assert (sampler.kind, sampler.choices, sampler.on_backend) == (
        InputKind.CHOICE,
        (Choice("euler", "euler"), Choice("heun", "heun")),
        False,
    )
    assert found["filename_prefix"].advanced


def test_choices_that_are_files_of_the_backend_are_marked() -> None:
    assert by_name()["checkpoint"].on_backend
    assert one("CheckpointLoaderSimple", {"ckpt_name": "x"})["ckpt_name"].on_backend
    assert one("Odd", {"choice": "x.gguf"})["choice"].on_backend
    assert one("Odd", {"remote": "x.gguf"})["remote"].on_backend
    assert not one("Odd", {"words": "x.gguf"})["words"].on_backend
    assert one("CheckpointLoaderSimple", {"ckpt_name": "a.safetensors"}, known=False)["ckpt_name"].on_backend


def test_uploads_are_basic_and_have_no_choices() -> None:
    for known in (True, False):
        image = one("LoadImage", {"image": "x.png"}, known=known)["image"]
        assert (image.kind, image.choices, image.advanced, image.on_backend) == (InputKind.IMAGE, None, False, False)
    assert one("Load3D", {"model_file": "x.safetensors"})["model_file"].kind is InputKind.FILE
    assert one("LoadVideo", {"file": "x.mp4"}, known=False)["file"].kind is InputKind.VIDEO
    assert one("LoadAudio", {"audio": "x.mp3"}, known=False)["audio"].kind is InputKind.AUDIO


def test_what_an_upload_button_leaves_is_hidden() -> None:
    assert by_name()["upload"].hidden
    assert [found.hidden for found in one("LoadImage", {"image": "x.png", "upload": "image"}, known=False).values()] == [False, True]


@pytest.mark.parametrize("known", [True, False])
def test_links_objects_and_nulls_cannot_be_set(known: bool) -> None:
    assert list(one("Odd", {"any": ["7", 0], "number": {"a": 1}, "flag": None, "words": "x"}, known=known)) == ["words"]


def test_a_list_that_is_no_link_takes_anything() -> None:
    for value in ([], ["a"], ["1", "2"], [1, 2, 3]):
        assert one("Odd", {"values": value})["values"].kind is InputKind.ANY


def test_the_value_tells_the_kind_where_the_class_says_little() -> None:
    found = one("Odd", {"any": 0.5, "number": 2, "flag": True, "remote": "a", "seed_strength": 1})
    kinds = {name: one.kind.value for name, one in found.items()}
    assert kinds == {"any": "number", "number": "number", "flag": "boolean", "remote": "text", "seed_strength": "number"}
    assert found["number"].maximum == 3
    assert [choice.label for choice in one("Odd", {"choice": 2})["choice"].choices or ()] == ["true", "2", "c"]


def test_without_a_catalog_there_are_kinds_but_no_limits() -> None:
    found = one("KSampler", {"seed": 7, "steps": 20, "cfg": 8, "sampler_name": "euler", "noise_seed": 1.5, "x": False}, known=False)
    assert [one.kind.value for one in found.values()] == ["seed", "integer", "number", "text", "number", "boolean"]
    assert all(one.minimum is None and one.maximum is None and one.choices is None for one in found.values())


def test_a_whole_number_may_stand_for_any_number_without_a_catalog() -> None:
    assert one("X", {"denoise": 1}, known=False)["denoise"].kind is InputKind.NUMBER


def test_prompts_of_other_encoders_are_basic_too() -> None:
    workflow = {
        "1": {"class_type": "TextEncodeQwenImageEdit", "inputs": {"prompt": ["2", 0]}},
        "2": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a cat"}},
        "3": {"class_type": "ImageScaleBy", "inputs": {"scale_by": 2}},
    }
    assert [(found.name, found.advanced, found.multiline) for found in declare(workflow, None)] == [
        ("prompt", False, True),
        ("scale_by", True, False),
    ]


def test_where_nothing_is_basic_everything_is() -> None:
    assert not any(found.advanced for found in one("KSampler", {"seed": 1, "steps": 2}).values())


def titled(**titles: str) -> dict[str, Any]:
    return {node_id: {**node, "_meta": {"title": titles.get(f"n{node_id}", "")}} for node_id, node in WORKFLOW.items()}


def test_where_an_author_chose_nodes_only_those_are_shown() -> None:
    found = by_name(titled(n6="VC_BASIC Your idea", n9="VC_ADV"))
    shown = {name: (one.advanced, one.label, one.node_title) for name, one in found.items() if not one.hidden}
    assert shown == {"your_idea": (False, "Your idea", "Your idea"), "filename_prefix": (True, "Filename prefix", "SaveImage")}
    assert "10-inputs-steps" in {one.key for one in found.values()}


def test_chosen_nodes_are_basic_where_none_is_called_so() -> None:
    found = [one for one in declare(titled(n10="VC_ADV - Sampling"), CATALOG) if not one.hidden]
    assert [(one.label, one.advanced) for one in found] == [
        ("Sampling: Seed", False),
        ("Sampling: Steps", False),
        ("Sampling: CFG", False),
        ("Sampling: Sampler name", False),
    ]


@pytest.mark.parametrize("title", ["VC_BASICALLY", "My VC_BASIC", "vc_basic x", "VC_ADVERT"])
def test_other_titles_choose_nothing(title: str) -> None:
    assert sum(found.hidden for found in declare(titled(n6=title), CATALOG)) == 1  # the upload button


def test_labels_are_different() -> None:
    workflow = {str(at): {"class_type": "CLIPTextEncode", "inputs": {"text": "x"}, "_meta": {"title": "背景"}} for at in range(3)}
    found = declare(workflow, CATALOG)
    assert [one.label for one in found] == ["背景", "背景 2", "背景 3"]
    assert sorted(one.name for one in found) == ["prompt", "prompt_2", "prompt_3"]


def test_a_declared_input_survives_json() -> None:
    for known in (CATALOG, None):
        for found in declare(WORKFLOW, known):
            as_json = json.loads(json.dumps(input_as_dict(found)))
            assert input_from_dict(as_json) == found
            assert input_from_dict({**as_json, "from_a_newer_version": 1}) == found
    boolean = one("Odd", {"flag": False, "choice": 2})
    assert [input_from_dict(input_as_dict(found)) for found in boolean.values()] == list(boolean.values())


def test_a_workflow_with_nothing_to_set_declares_nothing() -> None:
    assert declare({"1": {"class_type": "VAEDecode", "inputs": {"samples": ["2", 0]}}}, CATALOG) == ()
