"""A list or a grid becomes the params of many jobs."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.batches import LIMIT, Axis, plan, progress
from viewcomfy.core.errors import BadInput
from viewcomfy.core.jobs import JobStatus


def expand(spec: Any, limit: int = LIMIT) -> list[dict[str, Any]]:
    return [cell.params for cell in plan(spec, limit=limit).cells]


def test_a_list_is_one_job_for_each_of_its_params() -> None:
    assert expand({"list": [{"seed": 1}, {"seed": 2, "steps": 4}, {}]}) == [{"seed": 1}, {"seed": 2, "steps": 4}, {}]


def test_what_all_have_in_common_is_sent_with_every_job_and_a_job_of_the_list_may_differ() -> None:
    spec = {"list": [{"seed": 1}, {"prompt": "b"}], "inputs": {"prompt": "a", "steps": 4}}
    assert expand(spec) == [{"prompt": "a", "steps": 4, "seed": 1}, {"prompt": "b", "steps": 4}]


def test_a_grid_is_every_combination_the_last_axis_varying_fastest() -> None:
    assert expand({"grid": {"prompt": ["a", "b"], "seed": [1, 2, 3]}, "inputs": {"steps": 4}}) == [
        {"steps": 4, "prompt": prompt, "seed": seed} for prompt in ("a", "b") for seed in (1, 2, 3)
    ]


def test_cells_are_labelled_by_what_varies() -> None:
    grid = plan({"grid": {"prompt": ["a cat", "a dog"], "seed": [1, 2], "steps": [4]}})
    assert [cell.label for cell in grid.cells][:3] == ["prompt=a cat · seed=1", "prompt=a cat · seed=2", "prompt=a dog · seed=1"]
    assert grid.axes == (Axis("prompt", ("a cat", "a dog")), Axis("seed", ("1", "2")), Axis("steps", ("4",)))
    listed = plan({"list": [{"seed": 1, "steps": 4}, {"seed": 2, "steps": 4}, {"seed": 1, "steps": 4, "cfg": 7.5}]})
    assert [cell.label for cell in listed.cells] == ["seed=1", "seed=2", "seed=1 · cfg=7.5"]
    assert listed.axes == ()


def test_jobs_that_are_all_the_same_are_numbered() -> None:
    assert [cell.label for cell in plan({"list": [{}, {}]}).cells] == ["#1", "#2"]
    assert [cell.label for cell in plan({"grid": {"seed": [1]}}).cells] == ["#1"]


def test_labels_are_short_and_on_one_line() -> None:
    values = ["x" * 500, "two\nlines\tand   more", "data:image/png;base64," + "A" * 10_000, None, True, [1, {"a": 2}]]
    shown = plan({"grid": {"v": values}}).axes[0].labels
    assert shown == ("x" * 39 + "…", "two lines and more", "data:image/png…", "null", "true", '[1, {"a": 2}]')


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ([], "must be a JSON object"),
        ({}, "either a 'list' or a 'grid'"),
        ({"list": [{}], "grid": {"a": [1]}}, "either a 'list' or a 'grid'"),
        ({"lists": [{}]}, "no field 'lists'"),
        ({"list": {}}, "at least one object"),
        ({"list": []}, "at least one object"),
        ({"list": [{}, 3]}, "list[1] must be an object"),
        ({"grid": []}, "must be an object"),
        ({"grid": {}}, "must be an object"),
        ({"grid": {"seed": 3}}, "'seed' in the grid must be a list"),
        ({"grid": {"seed": []}}, "'seed' in the grid has no values"),
        ({"grid": {"seed": [1]}, "inputs": {"seed": 2}}, "'seed' in the grid is in 'inputs' too"),
        ({"grid": {"seed": [1]}, "inputs": [1]}, "'inputs' of a batch must be an object"),
    ],
)
def test_a_malformed_batch_is_refused_with_what_is_wrong(spec: Any, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        plan(spec)
    assert says in caught.value.message
    assert caught.value.hint


def test_every_faulty_axis_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        plan({"grid": {"a": 1, "b": [1], "c": []}})
    assert [problem["input"] for problem in caught.value.problems] == ["a", "c"]


def test_too_many_jobs_are_refused_before_any_is_made() -> None:
    assert len(expand({"grid": {"a": [0] * 10, "b": [0] * 10}}, limit=100)) == 100
    with pytest.raises(BadInput, match=r"10 × 11 jobs; 100 is the most"):
        expand({"grid": {"a": [0] * 10, "b": [0] * 11}}, limit=100)
    with pytest.raises(BadInput, match="The list has 101 jobs"):
        expand({"list": [{}] * 101}, limit=100)
    with pytest.raises(BadInput, match="is the most"):  # 1000 ** 1000 combinations
        expand({"grid": {str(axis): list(range(1000)) for axis in range(1000)}})


@given(
    st.dictionaries(
        st.text(max_size=5), st.lists(st.none() | st.booleans() | st.integers() | st.text(), min_size=1, max_size=3), min_size=1, max_size=4
    )
)
def test_a_grid_has_every_combination_once_in_order(grid: dict[str, list[Any]]) -> None:
    made = plan({"grid": grid})
    assert [tuple(cell.params.values()) for cell in made.cells] == list(itertools.product(*grid.values()))
    assert all("\n" not in cell.label for cell in made.cells)
    assert [len(axis.labels) for axis in made.axes] == [len(values) for values in grid.values()]


def test_progress_counts_where_the_jobs_stand() -> None:
    S = JobStatus
    now = progress([S.QUEUED, S.RUNNING, S.SUCCEEDED, S.SUCCEEDED, S.FAILED, S.CANCELED])
    assert now.as_dict() == {"queued": 1, "running": 1, "succeeded": 2, "failed": 1, "canceled": 1, "total": 6, "done": 4}
    assert not now.is_done
    assert progress([S.SUCCEEDED, S.CANCELED]).is_done
