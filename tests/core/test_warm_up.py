"""The call that a warm-up makes, checked when it is deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from viewcomfy.core.declare import declare
from viewcomfy.core.errors import InvalidParams
from viewcomfy.core.inputs import Input
from viewcomfy.core.warm_up import warm_up_workflow

WORKFLOW: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "2": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 20, "image": ["1", 0]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
}


def inputs(**changes: dict[str, Any]) -> tuple[Input, ...]:
    return tuple(replace(one, **changes.get(one.name, {})) for one in declare(WORKFLOW, None))


def test_a_warm_up_without_values_runs_the_workflow_as_it_is_its_seed_included() -> None:
    assert warm_up_workflow(WORKFLOW, inputs(), {}) == WORKFLOW


def test_values_are_set_by_name_or_param_key_and_the_owners_defaults_hold() -> None:
    made = warm_up_workflow(WORKFLOW, inputs(seed={"default": 7, "own_default": True}), {"2-inputs-steps": 1})
    assert made["2"]["inputs"] == {"seed": 7, "steps": 1, "image": ["1", 0]}


@pytest.mark.parametrize("values", [{"steps": "many"}, {"stepps": 1}])
def test_values_that_a_call_could_not_send_are_refused_as_the_warm_ups(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams, match="The warm-up can't run") as refused:
        warm_up_workflow(WORKFLOW, inputs(), values)
    assert refused.value.problems


def test_a_required_input_must_be_named() -> None:
    with pytest.raises(InvalidParams, match="'steps' must be sent"):
        warm_up_workflow(WORKFLOW, inputs(steps={"required": True}), {})


@pytest.mark.parametrize(
    ("change", "values", "message"),
    [
        ({"required": True}, {}, "has no default"),
        ({"default": "", "own_default": True}, {}, "has no default"),
        ({}, {"image": "cat.png"}, "can't be given one"),
        ({}, {"1-inputs-image": "data:image/png;base64,AA=="}, "can't be given one"),
    ],
)
def test_files_cannot_be_given(change: dict[str, Any], values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParams, match=message) as refused:
        warm_up_workflow(WORKFLOW, inputs(image=change), values)
    assert refused.value.problems[0]["key"] == "1-inputs-image"
    assert "--no-warm-up" in str(refused.value)
