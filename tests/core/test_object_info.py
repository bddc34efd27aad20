"""Reading what a ComfyUI says of its node classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.catalog import Catalog, InputSpec, NodeClass
from viewcomfy.core.object_info import merge, read_catalog

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=20,
)
TYPES = st.sampled_from(
    [
        "INT",
        "FLOAT",
        "COMBO",
        "COMFY_DYNAMICCOMBO_V3",
        "COMFY_AUTOGROW_V3",
        "COMFY_DYNAMICSLOT_V3",
        "COMFY_DYNAMICGROUP_V3",
        "COMFY_MATCHTYPE_V3",
    ]
)
OPTIONS = st.dictionaries(
    st.sampled_from(["options", "template", "inputs", "slotType", "min", "max", "step", "default", "image_upload"]),
    json_values | st.fixed_dictionaries({"input": json_values, "min": json_values, "max": json_values, "names": json_values}),
)


def spec_of(given: Any, *, name: str = "x", section: str = "required") -> InputSpec:
    return specs_of(given, name=name, section=section)[name]


def specs_of(given: Any, *, name: str = "x", section: str = "required") -> dict[str, InputSpec]:
    return dict(read_catalog({"Node": {"input": {section: {name: given}}}}).classes["Node"].inputs)


def catalog_of(given: Any, **more: Any) -> Catalog:
    return read_catalog({"Node": {"input": {"required": {"x": given}}, **more}})


def test_a_class_has_its_name_its_outputs_and_whether_it_ends_a_workflow() -> None:
    info = {"display_name": "Save Image", "output": ["IMAGE", ["a", "b"], 3, "COMFY_MATCHTYPE_V3"], "output_node": True}
    assert read_catalog({"SaveImage": info}).classes["SaveImage"] == NodeClass(
        "SaveImage", "Save Image", {}, ("IMAGE", "COMBO", "*", "*"), True
    )


def test_numbers_have_their_limits() -> None:
    seed = spec_of(["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "step": 8, "tooltip": "The seed."}])
    assert seed == InputSpec("x", "INT", True, 0, 0, 2**64 - 1, 8, tooltip="The seed.")
    assert spec_of(["FLOAT", {"min": -1.5}], section="optional") == InputSpec("x", "FLOAT", False, minimum=-1.5)


def test_both_spellings_of_a_choice_are_read() -> None:
    old, new = (
        spec_of([["a", "b", 3], {"default": "b"}]),
        spec_of(["COMBO", {"options": ["a", "b", 3], "default": "b", "multiselect": False}]),
    )
    assert old == new == InputSpec("x", "COMBO", True, "b", choices=("a", "b", 3))
    assert spec_of([[], {}]).choices == ()


def test_choices_that_are_not_listed_are_unknown() -> None:
    assert spec_of(["COMBO", {"remote": {"route": "/x"}, "options": ["a"]}]).choices is None
    assert spec_of(["COMBO", {"multiselect": True, "options": ["a"]}]).choices is None
    assert spec_of(["COMBO", {}]).choices is None


def test_texts_and_types_of_several_kinds_are_kept() -> None:
    assert spec_of(["STRING", {"multiline": True}]).multiline
    assert spec_of(["INT,FLOAT", {}]).type == "INT,FLOAT"
    assert spec_of(["*"]).type == spec_of("*").type == "*"


def test_an_input_for_an_upload_has_no_choices() -> None:
    for flag, kind in {
        "image_upload": "image",
        "animated_image_upload": "image",
        "video_upload": "video",
        "audio_upload": "audio",
        "file_upload": "file",
        "model_upload": "file",
    }.items():
        spec = spec_of([["a.png"], {flag: True}])
        assert (spec.upload, spec.choices) == (kind, None)
    assert spec_of([["a.png"], {"image_upload": False}]).choices == ("a.png",)


def test_the_revision_changes_with_everything_but_the_files_in_the_input_folder() -> None:
    assert catalog_of([["a.png"], {"image_upload": True}]).revision == catalog_of([["b.png"], {"image_upload": True}]).revision
    others = [catalog_of(["INT", {"max": 1}]), catalog_of(["INT", {"max": 2}]), catalog_of([["a"]]), catalog_of([["b"]])]
    others += [catalog_of([["a"]], output=["X"]), catalog_of([["a"]], output_node=True), read_catalog({})]
    assert len({other.revision for other in others}) == len(others)
    assert len(others[0].revision) == 16


def test_what_only_the_editor_cares_for_changes_the_revision() -> None:
    plain = catalog_of(["INT", {"default": 1}])
    said: list[dict[str, Any]] = [
        {"control_after_generate": True},
        {"control_after_generate": "fixed"},
        {"forceInput": True},
        {"socketless": True},
    ]
    others = [catalog_of(["INT", {"default": 1, **one}]) for one in said]
    assert all(other.classes == plain.classes for other in others)
    assert len({plain.revision, *(other.revision for other in others)}) == 5


def test_the_order_of_classes_does_not_change_the_revision() -> None:
    one: dict[str, Any] = {"A": {"input": {}}, "B": {"input": {}}}
    assert read_catalog(one).revision == read_catalog(dict(reversed(one.items()))).revision


def test_what_hangs_on_a_choice_has_dotted_names_and_is_never_required() -> None:
    options = [
        {"key": "fast", "inputs": {"required": {"steps": ["INT", {"min": 1, "max": 8}], "look": [["x"]]}}},
        {
            "key": "good",
            "inputs": {"required": {"steps": ["INT", {"min": 4, "max": 50}], "look": [["x", "y"]]}, "optional": {"cfg": ["FLOAT", {}]}},
        },
        "nonsense",
    ]
    found = specs_of(["COMFY_DYNAMICCOMBO_V3", {"options": options}], name="mode")
    assert found["mode"] == InputSpec("mode", "COMBO", True, choices=("fast", "good"))
    assert found["mode.steps"] == InputSpec("mode.steps", "INT", False, minimum=1, maximum=50)
    assert found["mode.look"].choices == ("x", "y")
    assert found["mode.cfg"].type == "FLOAT"


def test_a_list_that_grows_has_its_inputs_numbered_or_named() -> None:
    image = {"required": {"image": ["IMAGE", {}]}}
    by_prefix = specs_of(["COMFY_AUTOGROW_V3", {"template": {"input": image, "prefix": "image", "min": 1, "max": 3}}], name="images")
    assert {name: spec.required for name, spec in by_prefix.items()} == {
        "images.image0": True,
        "images.image1": False,
        "images.image2": False,
    }
    by_name = specs_of(["COMFY_AUTOGROW_V3", {"template": {"input": image, "names": ["a", "b"], "min": 2}}], name="images")
    assert [(spec.name, spec.type, spec.required) for spec in by_name.values()] == [
        ("images.a", "IMAGE", True),
        ("images.b", "IMAGE", True),
    ]
    endless = {"template": {"input": image, "prefix": "i", "max": 10**9}}
    assert len(specs_of(["COMFY_AUTOGROW_V3", endless])) == 100


def test_slots_groups_and_matching_types_are_read() -> None:
    slot = specs_of(["COMFY_DYNAMICSLOT_V3", {"slotType": "IMAGE", "inputs": {"required": {"size": ["INT"]}}}])
    assert (slot["x"].type, slot["x.size"].type) == ("IMAGE", "INT")
    group = specs_of(["COMFY_DYNAMICGROUP_V3", {"template": {"required": {"text": ["STRING"]}}, "max": 2}])
    assert list(group) == ["x.0.text", "x.1.text"]
    assert spec_of(["COMFY_MATCHTYPE_V3", {"template": {"allowed_types": "IMAGE,MASK"}}]).type == "IMAGE,MASK"


def test_nonsense_is_left_out() -> None:
    info = {
        "input": {
            "required": {"a": ["INT", {"min": "0", "max": float("nan"), "step": 0}], "b": [], "c": None, "d": [7], "": ["INT"]},
            "optional": 3,
        },
        "output": "IMAGE",
        "display_name": None,
    }
    found = read_catalog({"Node": info, "Other": "?", "": {}}).classes
    assert found == {"Node": NodeClass("Node", "Node", {"a": InputSpec("a", "INT", True), "": InputSpec("", "INT", True)})}
    assert spec_of(["INT", {"min": 5, "max": 1}]).minimum is None
    assert spec_of([[["deep"], {"a": 1}, None, "fine"], {}]).choices == ("fine",)


@given(json_values)
def test_whatever_comes_is_read(given: Any) -> None:
    assert read_catalog(given) == read_catalog(given) or given != given


@given(st.dictionaries(st.text(max_size=4), st.tuples(TYPES, OPTIONS), max_size=3))
def test_whatever_an_input_looks_like_is_read(given: Any) -> None:
    found = read_catalog({"Node": {"input": {"required": given}}})
    assert all(name == spec.name for name, spec in found.classes["Node"].inputs.items())
    assert merge([found, found]) is found


def test_one_catalog_or_several_equal_ones_merge_to_themselves() -> None:
    one, same = catalog_of(["INT", {}]), catalog_of(["INT", {}])
    assert merge([one]) is one
    assert merge([one, same]) == one
    assert merge([]) == Catalog({}, "")


def test_a_merged_catalog_takes_what_any_backend_takes() -> None:
    first = read_catalog({"A": {"input": {"required": {"model": [["x", "y"]], "steps": ["INT", {"min": 1, "max": 9}]}}}, "Only1": {}})
    second = read_catalog(
        {"A": {"input": {"required": {"model": [["y", "z"]], "steps": ["INT", {"min": 0}], "new": ["INT"]}}}, "Only2": {}}
    )
    both = merge([first, second])
    assert list(both.classes) == ["A", "Only1", "Only2"]
    inputs = both.classes["A"].inputs
    assert inputs["model"].choices == ("x", "y", "z")
    assert (inputs["steps"].minimum, inputs["steps"].maximum) == (0, None)
    assert inputs["new"].required is False
    assert both.revision not in (first.revision, second.revision, "")
    assert both == merge([first, second, replace(first)])


def test_true_and_1_are_two_choices() -> None:
    assert spec_of([[1, True, 1.0, "1"]]).choices == (1, True, 1.0, "1")
