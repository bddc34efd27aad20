"""Reading workflows, and looking into them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import BadInput, InvalidJson, InvalidWorkflow, UiWorkflow, ViewComfyError
from viewcomfy.core.workflows import (
    MAX_NODES,
    check_workflow,
    is_link,
    literals,
    model_files,
    node_title,
    read_json,
    read_workflow,
    seed_inputs,
    with_output_folder,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
SAMPLE: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "model": ["4", 0]}, "_meta": {"title": "Sampler"}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd.safetensors"}, "_meta": {"title": ""}},
    "57:8": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["3", 0]}},
    "9": {"class_type": "RandomNoise", "inputs": {"noise_seed": 1, "seed_text": "x", "other_seed": ["3", 0], "is_seed": True}},
}


@given(json_values)
def test_whatever_json_comes_is_a_workflow_or_refused(value: Any) -> None:
    try:
        checked = read_workflow(json.dumps(value))
    except BadInput as fault:
        assert fault.message  # noqa: PT017 - any of several kinds
    else:
        assert checked == value
        list(literals(checked))
        seed_inputs(checked)
        model_files(checked)
        with_output_folder(checked, "x")
        assert all(node_title(node) for node in checked.values())


@given(st.text() | st.binary())
def test_whatever_bytes_come_are_json_or_refused(text: str | bytes) -> None:
    try:
        read_json(text, "params")
    except ViewComfyError as fault:
        assert isinstance(fault, InvalidJson)  # noqa: PT017 - or nothing is raised


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "{", "", "{'a': 1}", "[" * 100_000, '{"a":}', "1 2"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidJson, match="'params' is not valid JSON"):
        read_json(text, "params")


def test_broken_params_hint_at_curl_and_name_the_place() -> None:
    with pytest.raises(InvalidJson, match="column") as fault:
        read_json('{"6-inputs-text": "a', "params")
    assert "--form-string" in str(fault.value)


def test_the_editors_own_format_is_told_apart() -> None:
    with pytest.raises(UiWorkflow, match=r"Export \(API\)"):
        check_workflow({"nodes": [], "links": [], "version": 0.4})


@pytest.mark.parametrize(
    "value",
    [
        None, [], "x", 1, True, {}, {"1": None}, {"1": {}}, {"1": {"class_type": "A"}}, {"1": {"class_type": "", "inputs": {}}},
        {"1": {"class_type": 1, "inputs": {}}}, {"1": {"class_type": "A", "inputs": []}},
        {"1": {"class_type": "A", "inputs": {}, "_meta": 1}},
        {str(number): {"class_type": "A", "inputs": {}} for number in range(MAX_NODES + 1)},
    ],
)  # fmt: skip
def test_what_is_no_workflow_is_refused(value: Any) -> None:
    with pytest.raises(InvalidWorkflow):
        check_workflow(value)


def test_faults_of_many_nodes_are_named_together() -> None:
    with pytest.raises(InvalidWorkflow) as fault:
        check_workflow({"1": {}, "2": {"class_type": "A", "inputs": {}}, "3": 4})
    assert [problem["node_id"] for problem in fault.value.problems] == ["1", "3"]


def test_a_link_is_a_node_and_an_output_number() -> None:
    assert is_link(["38", 0])
    for value in (["38"], ["38", 0, 1], ["38", "0"], [38, 0], ["38", True], ("38", 0), "38", None):
        assert not is_link(value)


def test_a_node_is_called_by_its_title_or_its_class() -> None:
    assert [node_title(node) for node in SAMPLE.values()] == ["Sampler", "CheckpointLoaderSimple", "SaveImage", "RandomNoise"]


def test_seeds_are_numbers_with_seed_in_their_name() -> None:
    assert seed_inputs(SAMPLE) == [("3", "seed"), ("9", "noise_seed")]


def test_models_are_known_by_their_suffix() -> None:
    assert model_files(SAMPLE) == {"sd.safetensors"}


def test_save_nodes_write_below_a_folder_of_the_job_and_the_original_stays() -> None:
    before = json.dumps(SAMPLE)
    moved = with_output_folder(SAMPLE, "vc/abc")
    assert moved["57:8"]["inputs"]["filename_prefix"] == "vc/abc/ComfyUI"
    assert {node: moved[node] for node in ("3", "4", "9")} == {node: SAMPLE[node] for node in ("3", "4", "9")}
    assert json.dumps(SAMPLE) == before
