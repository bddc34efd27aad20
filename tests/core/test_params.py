"""Params: what callers set."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.params import Target, find_target, flatten, param_keys
from viewcomfy.core.validation import check
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
    applied = check(workflow, (), sent, overridden=True).workflow
    for node_id, node in workflow.items():
        for name, value in node["inputs"].items():
            assert applied[node_id]["inputs"][name] == value or is_link(value)
