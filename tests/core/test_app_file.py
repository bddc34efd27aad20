"""App files go in and come out again, with nothing lost."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.app_files import APP, WORKFLOW, deployed, edited, exported, field_of, same_inputs
from viewcomfy.core.app_file import read_app_file
from viewcomfy.core.errors import BadInput, InvalidWorkflow, UiWorkflow
from viewcomfy.core.inputs import Choice


def test_a_workflow_comes_with_its_title_its_description_and_its_fields_as_inputs() -> None:
    (app,) = read_app_file(APP)
    assert (app.title, app.description, app.workflow) == ("Poster", "Makes posters.", WORKFLOW)
    shown = [one for one in deployed(app) if not one.hidden]
    assert [one.key for one in shown] == [
        "6-inputs-text", "7-inputs-text", "10-inputs-image", "3-inputs-seed", "3-inputs-steps", "3-inputs-cfg", "3-inputs-sampler_name",
    ]  # fmt: skip
    assert [one.advanced for one in shown] == [False] * 3 + [True] * 4
    assert [one.label for one in shown][:4] == ["What to draw", "CLIP Text Encode (Prompt)", "Your picture", "Seed"]


def test_what_a_field_says_becomes_the_inputs_limits_and_words() -> None:
    by_key = {one.key: one for one in deployed(read_app_file(APP)[0])}
    steps, cfg, sampler = (by_key[f"3-inputs-{name}"] for name in ("steps", "cfg", "sampler_name"))
    assert (steps.minimum, steps.maximum, steps.default) == (4, 40, 12)
    assert (cfg.minimum, cfg.maximum) == (1.5, 100.0)
    assert sampler.choices == (Choice("euler", "Quick"), Choice("dpmpp_2m", "Fine"))
    assert by_key["6-inputs-text"].description == "Say it in a sentence."
    assert by_key["7-inputs-text"].description == ""
    assert by_key["10-inputs-image"].description == "PNG or JPEG"


def test_what_the_form_does_not_show_is_hidden() -> None:
    hidden = {one.key for one in deployed(read_app_file(APP)[0]) if one.hidden}
    assert {"3-inputs-denoise", "3-inputs-scheduler", "9-inputs-filename_prefix", "5-inputs-width", "4-inputs-ckpt_name"} <= hidden


def test_an_input_has_to_be_sent_only_where_its_field_has_no_value_that_would_do() -> None:
    """The editor marks every field as required; callers of the API need not send all of them."""
    required = {one.key for one in deployed(read_app_file(APP)[0]) if one.required}
    assert required == {"10-inputs-image"}


def test_an_unedited_deployment_gives_the_file_back_as_it_was_the_order_of_its_keys_too() -> None:
    (app,) = read_app_file(APP)
    assert json.dumps(exported(app)) == json.dumps(APP)


def test_an_app_survives_being_stored_as_json() -> None:
    (app,) = read_app_file(APP)
    assert json.loads(json.dumps(app.source)) == app.source
    assert "workflowApiJSON" in app.source["workflows"][0]
    assert WORKFLOW not in app.source["workflows"][0].values()


def test_several_workflows_are_read_one_by_one_and_can_be_put_together_again() -> None:
    second = copy.deepcopy(APP["workflows"][0]) | {"extra": 1}
    second["viewComfyJSON"]["title"] = "Second"
    file = APP | {"workflows": [APP["workflows"][0], second]}
    apps = read_app_file(file)
    assert [app.title for app in apps] == ["Poster", "Second"]
    given_back = [exported(app) for app in apps]
    assert json.dumps({**given_back[0], "workflows": [one["workflows"][0] for one in given_back]}) == json.dumps(file)


@pytest.mark.parametrize(
    ("key", "changes", "shows"),
    [
        ("6-inputs-text", {"label": "Subject"}, {"title": "Subject", "placeholder": "Subject"}),
        ("7-inputs-text", {"description": "What to avoid."}, {"helpText": "What to avoid."}),
        ("10-inputs-image", {"description": ""}, {"helpText": "", "tooltip": ""}),
        ("10-inputs-image", {"required": False}, {"validations": {"required": False, "errorMsg": "A picture, please."}}),
        ("6-inputs-text", {"required": True}, {"value": "", "validations": {"required": True}}),
        ("3-inputs-steps", {"maximum": 30}, {"slider": {"min": 4, "max": 30, "step": 2}}),
        ("3-inputs-cfg", {"maximum": 9.5}, {"range": {"min": 1.5, "max": 9.5}}),
        ("3-inputs-steps", {"default": 8}, {"value": 8}),
        ("6-inputs-text", {"default": ""}, {"value": "", "validations": {"required": False}}),
        ("3-inputs-sampler_name", {"choices": [Choice("euler", "Only")]}, {"options": [{"label": "Only", "value": "euler"}]}),
        ("3-inputs-cfg", {"hidden": True}, {"visibility": "hidden"}),
        ("3-inputs-denoise", {"hidden": False}, {"visibility": "active"}),
        ("3-inputs-cfg", {"locked": True}, {"locked": True}),
        ("3-inputs-cfg", {"name": "guidance"}, {"name": "guidance"}),
    ],
)
def test_what_the_owner_edits_is_seen_in_the_field_and_nowhere_else(key: str, changes: dict[str, Any], shows: dict[str, Any]) -> None:
    (app,) = read_app_file(APP)
    file = exported(edited(app, key, changes))
    assert {name: field_of(file, key).get(name) for name in shows} == shows
    before, after = copy.deepcopy(APP), copy.deepcopy(file)
    for one in (before, after):
        for name in shows:
            field_of(one, key).pop(name, None)
    assert json.dumps(after) == json.dumps(before)


def test_edits_that_were_exported_are_imported_again() -> None:
    (app,) = read_app_file(APP)
    app = edited(app, "3-inputs-steps", {"maximum": 30, "label": "Rounds", "description": "More is finer.", "default": 8})
    app = edited(app, "6-inputs-text", {"required": True, "name": "subject"})
    app = edited(app, "3-inputs-cfg", {"hidden": True, "locked": True})
    same_inputs(deployed(app), deployed(read_app_file(exported(app))[0]))


def test_showing_one_field_of_a_hidden_group_leaves_the_others_hidden() -> None:
    file = copy.deepcopy(APP)
    file["workflows"][0]["viewComfyJSON"]["advancedInputs"][0]["visibility"] = "deleted"
    (app,) = read_app_file(file)
    assert {one.key for one in deployed(app) if not one.hidden} == {"6-inputs-text", "7-inputs-text", "10-inputs-image"}
    again = exported(edited(app, "3-inputs-seed", {"hidden": False}))
    shown = [one.key for one in deployed(read_app_file(again)[0]) if not one.hidden]
    assert shown == ["6-inputs-text", "7-inputs-text", "10-inputs-image", "3-inputs-seed"]


def test_an_input_that_the_form_did_not_have_is_added_to_the_group_of_its_node() -> None:
    (app,) = read_app_file(APP)
    file = exported(edited(app, "3-inputs-scheduler", {"hidden": False, "label": "Schedule"}))
    group = file["workflows"][0]["viewComfyJSON"]["advancedInputs"][0]
    assert [field["key"] for field in group["inputs"]].count("3-inputs-scheduler") == 1
    added = field_of(file, "3-inputs-scheduler")
    assert (added["title"], added["workflowPath"], added["value"]) == ("Schedule", ["3", "inputs", "scheduler"], "normal")
    same_inputs(deployed(edited(app, "3-inputs-scheduler", {"hidden": False, "label": "Schedule"})), deployed(read_app_file(file)[0]))


def test_a_new_order_is_kept_even_across_nodes_and_lists() -> None:
    (app,) = read_app_file(APP)
    for order, key in enumerate(["3-inputs-seed", "7-inputs-text", "3-inputs-steps", "6-inputs-text", "10-inputs-image"]):
        app = edited(app, key, {"order": order, "advanced": False})
    file = exported(app)
    form = file["workflows"][0]["viewComfyJSON"]
    assert [group["key"] for group in form["inputs"]][:4] == ["3-KSampler", "7-CLIPTextEncode", "3-KSampler", "6-CLIPTextEncode"]
    assert all(group["colour"] == "red" for group in form["inputs"] if group["key"] == "3-KSampler")
    same_inputs(deployed(app), deployed(read_app_file(file)[0]))


def test_a_new_workflow_keeps_the_fields_that_it_still_has() -> None:
    (app,) = read_app_file(APP)
    workflow = {node_id: node for node_id, node in WORKFLOW.items() if node_id != "10"}
    file = exported(app, workflow=workflow)
    assert file["workflows"][0]["workflowApiJSON"] == workflow
    assert field_of(file, "6-inputs-text") == field_of(APP, "6-inputs-text")
    with pytest.raises(StopIteration):
        field_of(file, "10-inputs-image")
    assert read_app_file(file)


def test_a_new_title_and_description_are_written() -> None:
    (app,) = read_app_file(APP)
    form = exported(app, title="Flyer", description="")["workflows"][0]["viewComfyJSON"]
    assert (form["title"], form["description"]) == ("Flyer", "")
    assert exported(app, title=app.title, description=app.description) == APP


def test_a_form_without_fields_leaves_the_workflows_own_inputs() -> None:
    file = {"workflows": [{"viewComfyJSON": {}, "workflowApiJSON": WORKFLOW}]}
    (app,) = read_app_file(file)
    assert app.edits == ()
    assert (app.title, app.description) == ("", "")
    assert json.dumps(exported(app)) == json.dumps(file)
    relabelled = edited(app, "6-inputs-text", {"label": "Subject"})
    same_inputs(deployed(relabelled), deployed(read_app_file(exported(relabelled))[0]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"valueType": "bigint", "value": "12"}, {"default": 12}),
        ({"valueType": "seed", "value": 5e-324}, {}),
        ({"valueType": "number", "value": "not a number"}, {}),
        ({"valueType": "number", "value": 5}, {}),
        ({"valueType": "number", "value": 5.0}, {}),
        ({"valueType": "number", "range": {"min": "2", "max": ""}}, {"minimum": 2}),
        ({"valueType": "number", "range": {"min": None}}, {}),
        ({"valueType": "slider"}, {}),
        ({"valueType": "slider", "range": {"min": 2}}, {}),
        ({"valueType": "select", "options": []}, {}),
        ({"valueType": "select", "options": [{"value": "7"}]}, {"choices": (Choice(7, "7"),)}),
        ({"valueType": "string", "options": [{"value": "7", "label": "x"}]}, {}),
        ({"valueType": "something new", "visibility": "something new"}, {}),
        ({"helpText": "Helper Text", "tooltip": "Tip"}, {"description": "Tip"}),
        ({"helpText": "Help", "tooltip": "Tip"}, {"description": "Help"}),
        ({"name": "rounds"}, {"name": "rounds"}),
        ({"name": "Not a name!"}, {}),
        ({"validations": None}, {}),
    ],
)
def test_a_field_is_read_with_good_will(change: dict[str, Any], says: dict[str, Any]) -> None:
    workflow = {"3": {"class_type": "KSampler", "inputs": {"steps": 5}}}
    field = {"key": "3-inputs-steps", "value": 5} | change
    form = {"inputs": [{"inputs": [field]}]}
    file = {"workflows": [{"viewComfyJSON": form, "workflowApiJSON": workflow}]}
    (app,) = read_app_file(file)
    (edit,) = app.edits
    assert {name: value for name, value in edit.changes.items() if name not in ("hidden", "required", "advanced", "order")} == says
    assert json.dumps(exported(app)) == json.dumps(file)


@pytest.mark.parametrize("value", ["https://example.com/a.png", "/preview_images/a.png", "data:image/png;base64,AAAA", "blob:x"])
def test_a_picture_that_the_form_shows_is_not_a_file_of_comfyui(value: str) -> None:
    workflow = {"1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}}}
    field = {"key": "1-inputs-image", "valueType": "image", "value": value}
    (app,) = read_app_file({"workflows": [{"viewComfyJSON": {"inputs": [{"inputs": [field]}]}, "workflowApiJSON": workflow}]})
    assert "default" not in app.edits[0].changes


def broken(*path: str | int, to: Any) -> dict[str, Any]:
    file = copy.deepcopy(APP)
    inner: Any = file
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return file


FORM = ("workflows", 0, "viewComfyJSON")
FIELD = (*FORM, "inputs", 0, "inputs", 0)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (None, "has no list of workflows"),
        (WORKFLOW, "has no list of workflows"),
        (APP | {"file_type": "other"}, "its file_type is 'other'"),
        (APP | {"workflows": []}, "has 0 workflows"),
        (APP | {"workflows": [3]}, "workflows[0] of the app file has no viewComfyJSON"),
        (broken("workflows", 0, "workflowApiJSON", to=None), "workflows[0] of the app file has no workflowApiJSON"),
        (broken(*FORM, "title", to=3), "viewComfyJSON.title is not text"),
        (broken(*FORM, "inputs", to={}), "viewComfyJSON.inputs is not a list"),
        (broken(*FORM, "inputs", 1, to={}), "inputs[1] is not an object with a list of inputs"),
        (broken(*FIELD, to=[]), "inputs[0].inputs[0] is not an object"),
        (broken(*FIELD, "title", to=[]), "has a title that is not text"),
        (broken(*FIELD, "validations", to=[]), "has validations that are not an object"),
        (broken(*FIELD, "key", to="99-inputs-text") | {}, None),  # the workflowPath still tells
        (broken(*FIELD, to={"key": "99-inputs-text", "title": "T"}), "('T') sets '99-inputs-text', which is no value of the workflow"),
        (broken(*FIELD, to={"key": "6-inputs-clip"}), "sets '6-inputs-clip', which is no value of the workflow"),
        (broken(*FIELD, to={"key": ["6"], "workflowPath": [{}, 1, []]}), "which is no value of the workflow"),
        (broken(*FORM, "advancedInputs", 0, "inputs", 1, "slider", to=[1]), "has a slider that is not an object of numbers"),
        (broken(*FORM, "advancedInputs", 0, "inputs", 1, "slider", to={"min": "low"}), "has a slider that is not an object of numbers"),
        (broken(*FORM, "advancedInputs", 0, "inputs", 1, "slider", to={"min": 9, "max": 3}), "min, 9, is above its max, 3"),
        (broken(*FORM, "advancedInputs", 0, "inputs", 3, "options", to=["a"]), "has options that are not a list of {label, value}"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong_where(file: Any, says: str | None) -> None:
    if says is None:
        assert read_app_file(file)
        return
    with pytest.raises(BadInput) as caught:
        read_app_file(file)
    assert says in caught.value.message
    assert caught.value.hint


def test_all_problems_of_the_fields_are_told_at_once() -> None:
    file = broken(*FIELD, "title", to=3)
    file["workflows"][0]["viewComfyJSON"]["inputs"][1]["inputs"][0] = {"key": "nothing"}
    with pytest.raises(BadInput) as caught:
        read_app_file(file)
    places = [problem["input"].rpartition("viewComfyJSON.")[2] for problem in caught.value.problems]
    assert places == ["inputs[0].inputs[0]", "inputs[1].inputs[0]"]


def test_a_workflow_that_is_none_says_which_one() -> None:
    with pytest.raises(InvalidWorkflow, match=r"workflows\[0\]\.workflowApiJSON"):
        read_app_file(broken("workflows", 0, "workflowApiJSON", to={"6": {"class_type": "X"}}))
    with pytest.raises(UiWorkflow):
        read_app_file(broken("workflows", 0, "workflowApiJSON", to={"nodes": [], "links": []}))


def test_a_hidden_field_may_set_what_is_not_there_any_more() -> None:
    file = broken(*FIELD, to={"key": "99-inputs-text", "visibility": "deleted", "title": "Old"})
    (app,) = read_app_file(file)
    assert json.dumps(exported(app)) == json.dumps(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), lambda inner: st.lists(inner, max_size=2)
)


@given(JSON | st.dictionaries(st.sampled_from(["workflows", "file_type", "viewComfyJSON"]), JSON))
def test_whatever_comes_is_an_app_file_or_bad_input(value: Any) -> None:
    with pytest.raises(BadInput):
        read_app_file(value)
