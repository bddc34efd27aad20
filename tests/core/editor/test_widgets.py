from __future__ import annotations

from typing import Any

import pytest

from tests.core.editor.graphs import api, inputs_of, node, workflow


def one(spec: list[Any], **more: Any) -> dict[str, Any]:
    """A class with a single input."""
    return {"input": {"required": {"x": spec}}, "output": [], **more}


def test_values_are_taken_in_the_order_of_the_widgets_and_the_control_of_a_seed_is_not_sent() -> None:
    found = inputs_of("Sampler", [7, "randomize", 25, 6.5, "dpm"])

    assert found == {"seed": 7, "steps": 25, "cfg": 6.5, "sampler_name": "dpm"}


@pytest.mark.parametrize("name", ["seed", "noise_seed"])
def test_a_number_called_seed_has_a_control_even_if_its_class_does_not_say_so(name: str) -> None:
    info = {"input": {"required": {name: ["INT"], "steps": ["INT"]}}, "output": []}

    assert inputs_of("Noise", [7, "fixed", 25], Noise=info) == {name: 7, "steps": 25}


def test_a_seed_whose_class_says_that_it_has_no_control_has_none() -> None:
    info = {"input": {"required": {"seed": ["INT", {"control_after_generate": False}], "steps": ["INT"]}}, "output": []}

    assert inputs_of("Noise", [7, 25], Noise=info) == {"seed": 7, "steps": 25}


def test_a_combo_with_a_control_has_a_filter_too() -> None:
    info = {"input": {"required": {"file": [["a", "b"], {"control_after_generate": True}], "steps": ["INT"]}}, "output": []}

    assert inputs_of("Pick", ["b", "increment", "", 5], Pick=info) == {"file": "b", "steps": 5}


def test_values_that_are_missing_are_the_defaults() -> None:
    assert inputs_of("Sampler", [7]) == {"seed": 7, "steps": 20, "cfg": 8.0, "sampler_name": "euler"}


def test_values_too_many_are_ignored_and_null_is_a_value() -> None:
    assert inputs_of("Number", [None, "what", "is", "this"]) == {"value": None}


def test_values_by_name_are_taken_by_name() -> None:
    assert inputs_of("Sampler", {"steps": 3, "seed": 9, "videopreview": {"hidden": True}})["steps"] == 3


def test_what_was_saved_for_an_input_that_is_a_socket_now_is_left_out() -> None:
    info = {"input": {"required": {"fps": ["FLOAT", {"forceInput": True}], "steps": ["INT"], "name": ["STRING"]}}, "output": []}

    assert inputs_of("Video", [24.0, 5, "x"], Video=info) == {"steps": 5, "name": "x"}
    assert inputs_of("Video", [5, "x"], Video=info) == {"steps": 5, "name": "x"}


def test_optional_widgets_come_after_required_ones_and_input_order_decides_among_them() -> None:
    info = {
        "input": {"required": {"b": ["INT"], "a": ["INT"]}, "optional": {"d": ["INT"], "c": ["INT"]}},
        "input_order": {"required": ["a", "b"], "optional": ["c", "d"]},
        "output": [],
    }

    assert inputs_of("Many", [1, 2, 3, 4], Many=info) == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_hidden_inputs_are_none() -> None:
    assert inputs_of("Quiet", [], Quiet={"input": {"hidden": {"prompt": "PROMPT"}}, "output": []}) == {}


def test_an_upload_button_takes_a_place_and_is_not_sent() -> None:
    info = {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}, "optional": {"scale": ["FLOAT"]}},
        "input_order": {"required": ["image"], "optional": ["scale"]},
        "output": [],
    }

    assert inputs_of("LoadScaled", ["b.png", 2.0, "image"], LoadScaled=info) == {"image": "b.png", "scale": 2.0}


def test_a_file_of_another_folder_says_so() -> None:
    info = one([["a.png"], {"image_upload": True, "image_folder": "output"}])

    assert inputs_of("LoadOutput", ["b.png"], LoadOutput=info) == {"x": "b.png [output]"}
    assert inputs_of("LoadOutput", ["b.png [temp]"], LoadOutput=info) == {"x": "b.png [temp]"}


def test_files_that_were_uploaded_together_are_sent_as_a_list() -> None:
    info = one([["a.png"], {"image_upload": True, "allow_batch": True}])

    assert inputs_of("LoadBatch", [["a.png", "b.png"]], LoadBatch=info) == {"x": {"__value__": ["a.png", "b.png"]}}


def test_audio_has_a_player_without_a_place_and_a_button_with_one() -> None:
    info = {
        "input": {"required": {"audio": [["a.wav"], {"audio_upload": True}]}, "optional": {"gain": ["FLOAT"]}},
        "input_order": {"required": ["audio"], "optional": ["gain"]},
        "output": [],
    }

    assert inputs_of("LoadAudio", ["b.wav", 0.5, None], LoadAudio=info) == {"audio": "b.wav", "gain": 0.5, "audioUI": ""}


def test_previews_are_sent_empty() -> None:
    assert inputs_of("PreviewAny", ["what was shown"], PreviewAny=one(["*"])) == {"preview": ""}
    assert inputs_of("SaveGLB", ["mesh/x", "y"], SaveGLB={"input": {"required": {"filename_prefix": ["STRING"]}}}) == {
        "filename_prefix": "mesh/x",
        "image": "",
    }


def test_choices_that_come_from_elsewhere_have_a_switch_and_a_button() -> None:
    remote = {"remote": {"route": "/models", "refresh_button": True}}
    info = {"input": {"required": {"model": ["COMBO", remote], "steps": ["INT"]}}, "output": []}

    assert inputs_of("Remote", ["gpt", True, "refresh", 5], Remote=info) == {"model": "gpt", "refresh": "refresh", "steps": 5}
    assert inputs_of("Remote", [], Remote=info)["model"] == "Loading..."


def test_a_choice_of_several_is_wrapped_so_that_it_is_no_link() -> None:
    info = one(["COMBO", {"options": ["a", "b"], "multi_select": {}}])

    assert inputs_of("Several", [["a", "b"]], Several=info) == {"x": {"__value__": ["a", "b"]}}
    assert inputs_of("Several", [], Several=info) == {"x": {"__value__": []}}


@pytest.mark.parametrize(
    ("spec", "default"),
    [
        (["INT"], 0),
        (["INT", {"default": 4}], 4),
        (["FLOAT"], 0),
        (["BOOLEAN"], False),
        (["BOOLEAN", {"default": True}], True),
        (["STRING"], ""),
        (["STRING", {"default": "x", "multiline": True}], "x"),
        ([["a", "b"]], "a"),
        ([["a", "b"], {"default": "b"}], "b"),
        (["COMBO", {"options": ["c", "d"]}], "c"),
        (["COLOR"], "#000000"),
    ],
)
def test_a_new_widget_has_the_default_of_its_kind(spec: list[Any], default: Any) -> None:
    assert inputs_of("One", [], One=one(spec)) == {"x": default}


def test_a_combo_without_any_choice_is_not_sent() -> None:
    assert inputs_of("One", [], One=one([[]])) == {}


def test_a_type_without_a_widget_takes_no_place() -> None:
    info = {"input": {"required": {"image": ["IMAGE"], "what": ["THING"], "x": ["INT"]}}, "output": []}

    assert inputs_of("One", [5], One=info) == {"x": 5}


def test_a_type_may_name_the_widget_that_shows_it() -> None:
    assert inputs_of("One", [5], One=one(["NUMBERISH", {"widgetType": "INT"}])) == {"x": 5}


@pytest.mark.parametrize(
    ("value", "sent"), [("a\r\nb\rc", "a\nb\nc"), (None, ""), (5, "5"), (True, "true"), (1.0, "1"), (["a", None], "a,")]
)
def test_a_box_of_several_lines_holds_text_whatever_it_was_given(value: Any, sent: str) -> None:
    assert inputs_of("Text", [value]) == {"value": sent}


def test_large_seeds_are_kept_to_the_last_digit() -> None:
    assert inputs_of("Sampler", [2**64 - 1, "fixed"])["seed"] == 2**64 - 1


def test_each_choice_of_a_dynamic_combo_brings_widgets_of_its_own() -> None:
    options = [
        {"key": "off", "inputs": {}},
        {
            "key": "on",
            "inputs": {"required": {"strength": ["FLOAT", {"default": 0.5}], "image": ["IMAGE"]}, "optional": {"name": ["STRING"]}},
        },
    ]
    info = {"input": {"required": {"mode": ["COMFY_DYNAMICCOMBO_V3", {"options": options}], "steps": ["INT"]}}, "output": []}

    assert inputs_of("Dynamic", ["on", 0.7, "x", 5], Dynamic=info) == {"mode": "on", "mode.strength": 0.7, "mode.name": "x", "steps": 5}
    assert inputs_of("Dynamic", ["off", 5], Dynamic=info) == {"mode": "off", "steps": 5}
    linked = workflow(node(1, "LoadImage"), node(2, "Dynamic", ["on"], {"mode.image": 1}), links=[(1, 1, 0, 2)])
    assert api(linked, Dynamic=info)["2"]["mode.image"] == ["1", 0]


def test_inputs_of_a_list_that_grows_keep_their_links() -> None:
    template = {"input": {"required": {"image": ["IMAGE", {}]}}, "prefix": "image", "min": 1, "max": 4}
    info = {"input": {"required": {"images": ["COMFY_AUTOGROW_V3", {"template": template}], "steps": ["INT"]}}, "output": []}
    graph = workflow(
        node(1, "LoadImage"),
        node(2, "Grow", [5], {"images.image0": 1, "images.image1": 2}),
        links=[(1, 1, 0, 2), (2, 1, 0, 2)],
    )

    assert api(graph, Grow=info)["2"] == {"steps": 5, "images.image0": ["1", 0], "images.image1": ["1", 0]}


def test_widgets_of_a_list_that_grows_take_their_places() -> None:
    template = {"input": {"required": {"text": ["STRING", {}]}}, "names": ["a", "b"], "min": 1}
    info = {"input": {"required": {"texts": ["COMFY_AUTOGROW_V3", {"template": template}], "steps": ["INT"]}}, "output": []}

    assert inputs_of("Grow", ["x", "y", 5], Grow=info) == {"texts.a": "x", "texts.b": "y", "steps": 5}


def test_a_curve_is_sent_with_a_mark_and_a_box_has_places_for_its_sides() -> None:
    info = {"input": {"required": {"curve": ["CURVE"], "box": ["BOUNDING_BOX"], "steps": ["INT"]}}, "output": []}
    box = {"x": 1, "y": 2, "width": 3, "height": 4}

    assert inputs_of("Shapes", [[[0, 1]], box, 1, 2, 3, 4, 5], Shapes=info) == {
        "curve": {"__type__": "CURVE", "__value__": [[0, 1]]},
        "box": box,
        "steps": 5,
    }
