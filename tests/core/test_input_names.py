"""Names for inputs."""

from __future__ import annotations

import keyword
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.graph_order import GraphOrder
from viewcomfy.core.input_names import RESERVED, free_name, name_fault, name_inputs
from viewcomfy.core.titles import custom_title, custom_titles, snake, spoken
from viewcomfy.core.wiring import Wiring, in_order

Workflow = dict[str, Any]


def node(class_type: str, title: str = "", /, **inputs: Any) -> dict[str, Any]:
    """Return a node; an input written as `"#id"` or `"#id.slot"` is a link."""

    def read(value: Any) -> Any:
        if not (isinstance(value, str) and value.startswith("#")):
            return value
        source, _, slot = value[1:].partition(".")
        return [source, int(slot or 0)]

    return {"class_type": class_type, "inputs": {name: read(value) for name, value in inputs.items()}, "_meta": {"title": title}}


def names_of(workflow: Workflow) -> dict[str, str]:
    return {f"{node_id}.{name}": found for (node_id, name), found in name_inputs(workflow).items()}


def text_to_image(**titles: str) -> Workflow:
    return {
        "4": node("CheckpointLoaderSimple", titles.get("loader", "Load Checkpoint"), ckpt_name="a.safetensors"),
        "5": node("EmptyLatentImage", "Empty Latent Image", width=512, height=512, batch_size=1),
        "6": node("CLIPTextEncode", titles.get("first", "CLIP Text Encode (Prompt)"), text="a cat", clip="#4.1"),
        "7": node("CLIPTextEncode", titles.get("second", "CLIP Text Encode (Prompt)"), text="blurry", clip="#4.1"),
        "3": node(
            "KSampler",
            titles.get("sampler", "KSampler"),
            **{"model": "#4", "positive": "#6", "negative": "#7", "latent_image": "#5"},
            **{"seed": 7, "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1},
        ),
        "9": node("SaveImage", "Save Image", images="#3", filename_prefix="x"),
    }


def test_the_usual_workflow_has_the_names_that_one_would_guess() -> None:
    assert list(names_of(text_to_image()).values()) == [
        *("seed", "steps", "cfg", "sampler", "scheduler", "denoise"),
        *("checkpoint", "width", "height", "batch_size", "prompt", "negative_prompt", "filename_prefix"),
    ]


def test_prompts_are_found_through_conditioning_nodes() -> None:
    workflow = text_to_image() | {
        "20": node("ControlNetApplyAdvanced", positive="#6", negative="#7", image="#21", strength=1.0),
        "21": node("LoadImage", image="x.png"),
        "22": node("FluxGuidance", conditioning="#20.0", guidance=3.5),
        "23": node("ConditioningZeroOut", conditioning="#20.1"),
    }
    workflow["3"]["inputs"] |= {"positive": ["22", 0], "negative": ["23", 0]}
    names = names_of(workflow)
    assert (names["6.text"], names["7.text"], names["21.image"]) == ("prompt", "negative_prompt", "image")


def test_prompts_are_found_where_their_text_comes_from_elsewhere() -> None:
    workflow = text_to_image() | {"30": node("PrimitiveStringMultiline", value="a"), "31": node("PrimitiveString", value="b")}
    workflow["6"]["inputs"]["text"] = ["30", 0]
    workflow["7"]["inputs"]["text"] = ["31", 0]
    names = names_of(workflow)
    assert (names["30.value"], names["31.value"]) == ("prompt", "negative_prompt")


def test_one_text_for_both_sides_is_the_prompt() -> None:
    workflow = text_to_image()
    workflow["3"]["inputs"]["negative"] = ["6", 0]
    del workflow["7"]
    assert names_of(workflow)["6.text"] == "prompt"


def test_the_prompt_of_another_stage_does_not_come_in_through_its_picture() -> None:
    workflow = text_to_image() | {
        "40": node("VAEDecode", samples="#3"),
        "41": node("ControlNetApply", conditioning="#42", image="#40", strength=1.0),
        "42": node("CLIPTextEncode", "Second", text="x", clip="#4.1"),
        "43": node("KSampler", positive="#41", negative="#7", seed=1),
    }
    assert names_of(workflow)["7.text"] == "negative_prompt"


def test_an_encoder_with_two_texts_names_both() -> None:
    workflow = {
        "1": node("CLIPTextEncodeSDXL", text_g="a", text_l="b", width=1024),
        "2": node("CLIPTextEncodeSDXL", text_g="a", text_l="b"),
        "3": node("KSampler", positive="#1", negative="#2"),
    }
    assert set(names_of(workflow).values()) == {"prompt_g", "prompt_l", "negative_prompt_g", "negative_prompt_l", "width"}


def test_an_authors_title_wins() -> None:
    names = names_of(text_to_image(first="Background", second="CLIP Text Encode (Mood)"))
    assert (names["6.text"], names["7.text"]) == ("background", "mood")
    assert names_of({"1": node("LoadImage", "Load Product Image", image="x.png")}) == {"1.image": "product_image"}
    assert names_of({"1": node("PrimitiveFloat", "Float (Duration)", value=5.0)}) == {"1.value": "duration"}


def test_titles_that_only_say_positive_and_negative_are_the_prompts() -> None:
    names = names_of(text_to_image(first="Positive Prompt", second="CLIP Text Encode (Negative Prompt)"))
    assert (names["6.text"], names["7.text"]) == ("prompt", "negative_prompt")


def test_a_title_that_every_encoder_has_says_nothing() -> None:
    names = names_of(text_to_image(first="Encodage de texte CLIP", second="Encodage de texte CLIP"))
    assert (names["6.text"], names["7.text"]) == ("prompt", "negative_prompt")


@pytest.mark.parametrize(
    ("class_type", "title"),
    [
        ("KSampler", "KSampler"),
        ("KSamplerAdvanced", "KSampler (Advanced)"),
        ("CheckpointLoaderSimple", "Load Checkpoint"),
        ("CLIPTextEncode", "CLIP Text Encode (Prompt)"),
        ("LoadImageMask", "Load Image (as Mask)"),
        ("LoraLoader", "Load LoRA"),
        ("ControlNetLoader", "Load ControlNet Model"),
        ("UNETLoader", "Load Diffusion Model"),
        ("ImageScaleBy", "Upscale Image By"),
        ("VAEDecode", ""),
        ("EmptySD3LatentImage", "EmptySD3LatentImage"),
        ("PrimitiveInt", "Int"),
        ("X", "VC_BASIC"),
    ],
)
def test_comfyuis_own_titles_are_not_an_authors(class_type: str, title: str) -> None:
    assert custom_title(node(class_type, title)) == ""


@pytest.mark.parametrize(
    ("class_type", "title", "said"),
    [
        ("KSamplerAdvanced", "KSampler (Advanced) - REFINER", "REFINER"),
        ("LoadImage", "Age", "Age"),
        ("LoadImage", "加载图像", "加载图像"),
        ("PrimitiveBoolean", "Boolean (Upscale to 2K)", "Upscale to 2K"),
        ("LoraLoader", "My style (soft)", "My style (soft)"),
        ("CLIPTextEncode", "VC_BASIC - Your idea", "Your idea"),
    ],
)
def test_what_an_author_says_is_read_from_the_title(class_type: str, title: str, said: str) -> None:
    assert custom_title(node(class_type, title)) == said


def test_titles_in_other_scripts_are_no_names() -> None:
    assert names_of(text_to_image(first="提示词", second="负面 1", sampler="采样"))["6.text"] == "prompt"
    assert names_of({"1": node("加载", 文本="x")}) == {"1.文本": "input"}
    assert snake("Qualité d'Image") == "qualite_dimage"


def test_several_inputs_of_one_name_say_their_node() -> None:
    workflow = text_to_image() | {
        "50": node("KSampler", "Refiner", latent_image="#3", seed=1, steps=5),
        "51": node("KSamplerAdvanced", latent_image="#50", steps=3),
        "52": node("KSampler", latent_image="#51", steps=4),
    }
    names = names_of(workflow)
    assert [names[f"{at}.steps"] for at in (3, 50, 51, 52)] == ["steps", "refiner_steps", "ksampler_advanced_steps", "steps_2"]
    assert names["50.seed"] == "refiner_seed"


def test_a_name_is_not_said_twice() -> None:
    workflow = {"1": node("LoraLoader", lora_name="a"), "2": node("LoraLoader", "Style LoRA", lora_name="b", model="#1")}
    assert sorted(names_of(workflow).values()) == ["lora", "style_lora"]


def test_of_two_samplers_the_first_in_the_graph_is_foremost() -> None:
    workflow = {"1": node("KSampler", latent_image="#2", seed=1), "2": node("KSampler", seed=2)}
    assert names_of(workflow) == {"1.seed": "seed_2", "2.seed": "seed"}


def test_the_prompts_of_the_first_stage_are_foremost() -> None:
    workflow = {
        "1": node("CLIPTextEncode", text="late"),
        "2": node("CLIPTextEncode", text="early"),
        "3": node("KSampler", latent_image="#4", positive="#1"),
        "4": node("KSampler", positive="#2"),
    }
    assert names_of(workflow) == {"1.text": "prompt_2", "2.text": "prompt"}


def test_pictures_are_numbered_as_they_are_used() -> None:
    workflow = {str(9 - at): node("LoadImage", image="x.png") for at in range(3)}
    workflow["20"] = node("ImageBatchMulti", image1="#9", image2="#8", image10="#7")
    assert names_of(workflow) == {"7.image": "image_3", "8.image": "image_2", "9.image": "image"}


def test_files_are_called_what_they_are_used_as() -> None:
    workflow = {
        "1": node("LoadImage", image="x.png"),
        "2": node("LoadImage", image="x.png"),
        "3": node("WanFirstLastFrameToVideo", start_image="#1", end_image="#2"),
        "4": node("PreviewImage", images="#1"),
        "5": node("LoadImage", image="x.png"),
        "6": node("InvertMask", mask="#5.1"),
        "7": node("LoadImageMask", image="x.png", channel="alpha"),
        "8": node("LoadVideo", file="x.mp4"),
        "9": node("LoadAudio", audio="x.mp3"),
    }
    names = names_of(workflow)
    assert list(names.values()) == ["start_image", "end_image", "mask", "mask_2", "channel", "video", "audio"]


def test_a_value_is_called_what_it_feeds() -> None:
    workflow = {
        "1": node("PrimitiveInt", value=512),
        "2": node("EmptyLatentImage", width="#1", height=512, batch_size=1),
        "3": node("ImageScale", width="#1", height=1),
        "4": node("PrimitiveInt", value=1),
        "5": node("PreviewAny", source="#4"),
    }
    names = names_of(workflow)
    assert (names["1.value"], names["2.height"], names["3.height"], names["4.value"]) == ("width", "height", "image_scale_height", "value")


def test_inputs_of_one_node_never_share_a_name() -> None:
    workflow = {"1": node("X", **{"seed": 1, "noise_seed": 2, "a.size": 1, "b.size": 2, "A B": 1, "a_b": 2})}
    assert names_of(workflow) == {
        **{"1.seed": "seed", "1.noise_seed": "noise_seed", "1.a.size": "size", "1.b.size": "b_size", "1.A B": "a_b_2", "1.a_b": "a_b"}
    }


def test_words_of_ours_and_of_python_are_changed() -> None:
    workflow = {"1": node("X", output="a", timeout=1, **{"class": "b", "3d": 1, "from": 2}), "2": node("CLIPTextEncode", "Wait", text="x")}
    assert set(names_of(workflow).values()) == {"output_value", "timeout_value", "class_value", "input_3d", "from_value", "wait_value"}
    assert "prompt" not in RESERVED


def test_links_to_nowhere_and_cycles_are_survived() -> None:
    workflow = {"1": node("KSampler", positive="#2", latent_image="#gone", seed=1), "2": node("CLIPTextEncode", text="x", clip="#1")}
    workflow["3"] = node("KSampler", latent_image="#3", seed=2)
    assert sorted(names_of(workflow).values()) == ["prompt", "seed", "seed_2"]


def test_an_unrelated_node_renames_nothing() -> None:
    before = names_of(text_to_image())
    for more in (
        node("ImageScale", width=1, height=1),
        node("KSamplerSelect", sampler_name="x"),
        node("CLIPTextEncode", "Title", text="x"),
    ):
        after = names_of(text_to_image() | {"1": more})
        assert {where: after[where] for where in before} == before


@pytest.mark.parametrize(("name", "good"), [("a", True), ("a_b2", True), ("", False), ("A", False), ("1a", False), ("a__b", False)])
def test_a_chosen_name_is_checked(name: str, good: bool) -> None:
    assert (name_fault(name) is None) is good


@pytest.mark.parametrize("name", ["a" * 49, "lambda", "json", 3, None, "é", "_a", "a_", "a-b"])
def test_other_chosen_names_are_refused(name: Any) -> None:
    assert name_fault(name)


def test_a_taken_name_gets_a_number() -> None:
    assert free_name("a", {"b"}) == "a"
    assert free_name("a", {"a", "a_2"}) == "a_3"
    assert len(free_name("a" * 48, {"a" * 48})) == 48


def test_order_is_javascripts() -> None:
    assert in_order(["b", "10", "9", "01", "57:8", "4294967295", "0"]) == ["0", "9", "10", "b", "01", "57:8", "4294967295"]


def test_labels_are_spelled_as_people_do() -> None:
    assert [spoken(name) for name in ("cfg", "ckpt_name", "lora", "a.b", "")] == ["CFG", "Ckpt name", "LoRA", "A b", ""]


CLASSES = st.sampled_from(["KSampler", "CLIPTextEncode", "LoadImage", "ImageScale", "LoraLoader", "PrimitiveInt", "SaveImage", "Text 🙂"])
TITLES = st.sampled_from(["", "KSampler", "Background", "Refiner", "提示", "VC_BASIC X", "Prompt", "output", "a" * 80, "2"])
INPUTS = st.sampled_from(
    ["text", "seed", "image", "positive", "negative", "width", "value", "lora_name", "class", "output", "x.y", "文", "width_2"]
)


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    ids = draw(st.lists(st.from_regex(r"[1-9][0-9]{0,2}|[a-c]|[1-9]:[1-9]", fullmatch=True), min_size=1, max_size=9, unique=True))
    value = st.one_of(st.just("x"), st.integers(0, 9), st.none(), st.tuples(st.sampled_from(ids), st.integers(0, 1)).map(list))
    return {
        node_id: {"class_type": draw(CLASSES), "inputs": draw(st.dictionaries(INPUTS, value, max_size=5)), "_meta": {"title": draw(TITLES)}}
        for node_id in ids
    }


def renumbered(workflow: Workflow, new: dict[str, str]) -> Workflow:
    def follow(value: Any) -> Any:
        return [new[value[0]], value[1]] if isinstance(value, list) else value

    return {
        new[node_id]: {**one, "inputs": {name: follow(value) for name, value in one["inputs"].items()}} for node_id, one in workflow.items()
    }


@given(workflows())
def test_names_are_unique_and_allowed(workflow: Workflow) -> None:
    names = name_inputs(workflow)
    assert len(set(names.values())) == len(names)
    assert all(name_fault(name) is None and name.isidentifier() and not keyword.iskeyword(name) for name in names.values())
    settable = {
        (node_id, name)
        for node_id, one in workflow.items()
        for name, value in one["inputs"].items()
        if value is not None and not isinstance(value, list)
    }
    assert names.keys() == settable


@given(workflows())
def test_ids_given_anew_in_the_same_order_rename_nothing(workflow: Workflow) -> None:
    new = {node_id: str(at * 3 + 1) for at, node_id in enumerate(in_order(workflow))}
    again = name_inputs(renumbered(workflow, new))
    assert {(new[node_id], name): found for (node_id, name), found in name_inputs(workflow).items()} == again


@given(workflows(), st.randoms(use_true_random=False))
def test_renumbering_renames_only_what_cannot_be_told_apart(workflow: Workflow, rng: Any) -> None:
    ids = list(workflow)
    fresh = [str(number) for number in rng.sample(range(1, 99), len(ids))]
    new = dict(zip(ids, fresh, strict=True))
    other = renumbered(workflow, new)
    shuffled = {node_id: other[node_id] for node_id in rng.sample(list(other), len(other))}
    names, again = name_inputs(workflow), name_inputs(shuffled)
    assert sorted(names.values()) == sorted(again.values())
    order = GraphOrder(Wiring(workflow), custom_titles(workflow))
    kin = Counter(order.kin(node_id) for node_id in ids)
    twins = {node_id for node_id in ids if kin[order.kin(node_id)] > 1}
    if not twins:
        assert {(new[node_id], name): found for (node_id, name), found in names.items()} == again


def test_nodes_in_a_circle_reach_all_of_it_wherever_one_begins() -> None:
    circle = {
        node_id: {"class_type": "X", "inputs": {"text": [before, 0]}}
        for node_id, before in (("1", "3"), ("2", "1"), ("3", "2"), ("4", "3"))
    }
    order = GraphOrder(Wiring(circle), {})
    assert {order.upstream(node_id) for node_id in circle} == {order.bits(["1", "2", "3"])}
    assert {order.downstream(node_id) for node_id in ("1", "2", "3")} == {order.bits(circle)}
    assert order.downstream("4") == 0
