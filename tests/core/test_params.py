"""Params: what callers set."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import BadInput, EmptyParams, InvalidParams, InvalidUpload
from viewcomfy.core.params import MASK_SUFFIX, MAX_SEED, RANDOM_SEED, Target, apply, check_upload_key, find_target, flatten, param_keys
from viewcomfy.core.workflows import is_link

SAMPLE: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 7, "cfg": 8.0, "steps": 20, "flag": False, "model": ["4", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}, "_meta": {"title": "Prompt"}},
    "57:8": {"class_type": "LoadImage", "inputs": {"image": "example.png", "a-inputs-b.c": "x"}},
    "57:8-inputs-a": {"class_type": "Odd", "inputs": {"b.c": "y"}},
}
node_ids = st.text(st.sampled_from("0189:-inputsab."), min_size=1, max_size=20) | st.text(min_size=1, max_size=5)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
workflows = st.dictionaries(
    node_ids,
    st.fixed_dictionaries({"class_type": st.text(min_size=1), "inputs": st.dictionaries(node_ids, values | st.just(["1", 0]), max_size=4)}),
    min_size=1,
    max_size=5,
)
anything = st.recursive(values, lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3))


def set_to(key: str, value: Any) -> Any:
    """Return what an input of the sample is after a call that sets it."""
    target = find_target(key, SAMPLE)
    assert target is not None
    return apply(SAMPLE, {key: value}).workflow[target.node_id]["inputs"][target.input_name]


# --- keys -------------------------------------------------------------------------------------------------------------
@given(workflows)
def test_every_input_has_a_key_that_leads_to_an_input(workflow: dict[str, Any]) -> None:
    for key in param_keys(workflow):
        target = find_target(key, workflow)
        assert target is not None
        assert target.key == key
        assert target.input_name in workflow[target.node_id]["inputs"]


@given(workflows, st.text())
def test_no_key_leads_outside_the_workflow(workflow: dict[str, Any], key: str) -> None:
    target = find_target(key, workflow)
    assert target is None or (target.key == key and target.input_name in workflow[target.node_id]["inputs"])


def test_ids_of_subgraphs_and_names_with_dashes_and_dots_are_found() -> None:
    assert find_target("57:8-inputs-image", SAMPLE) == Target("57:8", "image")
    assert find_target("57:8-inputs-a-inputs-b.c", SAMPLE) == Target("57:8", "a-inputs-b.c")
    assert find_target("6-inputs-nothing", SAMPLE) is None
    assert find_target("nothing", SAMPLE) is None


# --- apply ------------------------------------------------------------------------------------------------------------
@given(workflows, st.dictionaries(st.text(max_size=10), anything, max_size=3) | anything, st.data())
def test_whatever_is_sent_is_applied_or_refused_and_nothing_else_changes(workflow: dict[str, Any], sent: Any, data: st.DataObject) -> None:
    before = json.dumps(workflow)
    if isinstance(sent, dict) and (keys := param_keys(workflow)):
        sent |= data.draw(st.dictionaries(st.sampled_from(keys), anything, max_size=3))
    try:
        applied = apply(workflow, sent)
    except BadInput as fault:
        assert fault.message  # noqa: PT017 - any of several kinds
    else:
        changed = {
            Target(node_id, name).key
            for node_id, node in workflow.items()
            for name, value in node["inputs"].items()
            if (type(applied.workflow[node_id]["inputs"][name]), applied.workflow[node_id]["inputs"][name]) != (type(value), value)
        }
        assert changed <= set(sent) | set(applied.fresh_seeds)
        assert list(applied.workflow) == list(workflow)
        assert json.loads(json.dumps(applied.workflow)) == applied.workflow
    assert json.dumps(workflow) == before


@pytest.mark.parametrize(
    ("key", "sent", "expected"),
    [
        ("6-inputs-text", "a dog", "a dog"), ("6-inputs-text", "", ""), ("6-inputs-text", 5, 5), ("6-inputs-text", None, "a cat"),
        ("3-inputs-steps", "20", 20), ("3-inputs-steps", 30, 30), ("3-inputs-cfg", "7.5", 7.5), ("3-inputs-cfg", "7", 7),
        ("3-inputs-flag", "true", True), ("3-inputs-flag", "False", False), ("3-inputs-flag", "on", True), ("3-inputs-flag", True, True),
        ("3-inputs-model", ["9", 0], ["9", 0]), ("57:8-inputs-image", "other.png", "other.png"), ("3-inputs-seed", "-1", -1),
    ],
)  # fmt: skip
def test_a_value_takes_the_kind_of_the_input(key: str, sent: Any, expected: Any) -> None:
    if sent is None:
        sent_with_another = apply(SAMPLE, {key: sent, "3-inputs-steps": 1}).workflow
        assert sent_with_another["6"]["inputs"]["text"] == expected
        return
    got = set_to(key, sent)
    assert (got, type(got)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("3-inputs-steps", "many"), ("3-inputs-steps", ""), ("3-inputs-steps", "nan"), ("3-inputs-cfg", "inf"), ("3-inputs-cfg", "1e999"),
        ("3-inputs-steps", "1" * 5000), ("3-inputs-flag", "maybe"), ("6-inputs-text", {"a": 1}), ("6-inputs-txt", "x"),
        ("99-inputs-text", "x"), ("", "x"), ("text", "x"), ("\0", 1), ("6-inputs-" + "x" * 10_000, 1),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(key: str, sent: Any) -> None:
    with pytest.raises(InvalidParams) as fault:
        apply(SAMPLE, {key: sent})
    assert fault.value.problems[0]["input"] == key[:200]
    assert len(str(fault.value)) < 1000


@pytest.mark.parametrize("sent", [None, [], "x", 1, True])
def test_params_must_be_an_object(sent: Any) -> None:
    with pytest.raises(InvalidParams):
        apply(SAMPLE, sent)


def test_all_faults_are_named_at_once_and_a_near_name_is_offered() -> None:
    with pytest.raises(InvalidParams) as fault:
        apply(SAMPLE, {"6-inputs-txt": "x", "3-inputs-steps": "many", "3-inputs-cfg": 1.0})
    assert [problem["input"] for problem in fault.value.problems] == ["6-inputs-txt", "3-inputs-steps"]
    assert "'6-inputs-text'" in fault.value.problems[0]["hint"]


def test_comments_of_the_flattener_are_no_params() -> None:
    assert apply(SAMPLE, {"_6-node-class_type-info": "Prompt", "6-inputs-text": "x"}).fresh_seeds == {}


# --- seeds ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sent", [{}, {"_comment": 1}, {"57:8-inputs-image": None}])
def test_with_nothing_said_the_seed_is_fresh(sent: dict[str, Any]) -> None:
    applied = apply(SAMPLE, sent, rng=random.Random(1))
    seed = applied.workflow["3"]["inputs"]["seed"]
    assert applied.fresh_seeds == {"3-inputs-seed": seed}
    assert seed != 7
    assert 0 <= seed <= MAX_SEED
    assert apply(SAMPLE, sent, rng=random.Random(2)).workflow["3"]["inputs"]["seed"] != seed


def test_with_a_file_or_an_override_the_seed_stays() -> None:
    for applied in (apply(SAMPLE, {}, files=["57:8-inputs-image"]), apply(SAMPLE, {}, overridden=True)):
        assert applied.fresh_seeds == {}
        assert applied.workflow == SAMPLE


def test_without_a_seed_nothing_said_is_refused_and_says_what_to_send() -> None:
    with pytest.raises(EmptyParams, match="6-inputs-text"):
        apply({"6": SAMPLE["6"]}, {})


def test_the_smallest_number_of_javascript_picks_a_seed() -> None:
    assert set_to("3-inputs-seed", RANDOM_SEED) not in (RANDOM_SEED, 7)
    assert set_to("3-inputs-cfg", RANDOM_SEED) == RANDOM_SEED
    assert isinstance(set_to("3-inputs-seed", json.loads("5e-324")), int)


# --- files ------------------------------------------------------------------------------------------------------------
def test_a_file_wins_over_a_param() -> None:
    applied = apply(SAMPLE, {"57:8-inputs-image": {"not": "looked at"}}, files=["57:8-inputs-image"])
    assert applied.workflow["57:8"]["inputs"]["image"] == "example.png"


def test_a_file_and_its_mask_belong_to_an_input() -> None:
    assert check_upload_key("57:8-inputs-image", SAMPLE) == Target("57:8", "image")
    assert check_upload_key("57:8-inputs-image" + MASK_SUFFIX, SAMPLE) == Target("57:8", "image")


@pytest.mark.parametrize("key", ["3-inputs-steps", "3-inputs-flag", "3-inputs-model", "99-inputs-image", "", "image", "x" * 5000])
def test_a_file_where_none_belongs_is_refused(key: str) -> None:
    with pytest.raises(InvalidUpload):
        check_upload_key(key, SAMPLE)


@given(workflows, st.text())
def test_whatever_a_file_is_called_it_has_a_place_or_is_refused(workflow: dict[str, Any], key: str) -> None:
    try:
        target = check_upload_key(key, workflow)
    except InvalidUpload:
        return
    assert target.input_name in workflow[target.node_id]["inputs"]


# --- flatten ----------------------------------------------------------------------------------------------------------
def test_flattening_names_nodes_and_keeps_links_and_order() -> None:
    assert list(flatten({"6": SAMPLE["6"], "3": SAMPLE["3"]}).items()) == [
        ("_6-node-class_type-info", "Prompt"), ("6-inputs-text", "a cat"), ("6-inputs-clip", ["4", 1]),
        ("_3-node-class_type-info", "KSampler"), ("3-inputs-seed", 7), ("3-inputs-cfg", 8.0), ("3-inputs-steps", 20),
        ("3-inputs-flag", False), ("3-inputs-model", ["4", 0]),
    ]  # fmt: skip


@given(workflows)
def test_a_flattened_workflow_is_taken_back_as_params(workflow: dict[str, Any]) -> None:
    flat = flatten(workflow)
    sent = {key: value for key, value in flat.items() if value is not None and not key.startswith("_")}
    if not sent or len(flat) != len(param_keys(workflow)) + len(workflow) or len(set(param_keys(workflow))) != len(param_keys(workflow)):
        return
    applied = apply(workflow, sent, overridden=True).workflow
    for node_id, node in workflow.items():
        for name, value in node["inputs"].items():
            assert applied[node_id]["inputs"][name] == value or is_link(value)
