"""The problems of a batch: each told once, with the jobs that have it."""

from __future__ import annotations

import pytest

from viewcomfy.core.batch_problems import MAX_PROBLEMS, BatchProblems
from viewcomfy.core.errors import BadInput, EmptyParams, FetchFailed, InvalidParams, InvalidUpload


def fault(*names: str) -> InvalidParams:
    return InvalidParams("first", problems=[{"input": name, "message": f"{name!r} is wrong."} for name in names])


def refused(problems: BatchProblems) -> BadInput:
    with pytest.raises(BadInput) as caught:
        problems.refuse()
    return caught.value


def test_nothing_wrong_raises_nothing() -> None:
    BatchProblems(["a"]).refuse()


def test_a_problem_names_its_job() -> None:
    problems = BatchProblems(["seed=1", "seed=2"])
    problems.add(2, fault("seed"))
    error = refused(problems)
    assert type(error) is InvalidParams
    assert error.message == "Job 2 (seed=2): 'seed' is wrong."
    assert error.problems == [{"input": "seed", "message": error.message, "jobs": [2], "label": "seed=2"}]


def test_the_same_problem_of_several_jobs_is_told_once() -> None:
    problems = BatchProblems([f"#{number}" for number in range(1, 31)])
    for number in range(1, 31):
        problems.add(number, fault("all", *(["few"] if number in (3, 5) else []), *(["many"] if number > 5 else [])))
    problems.add(7, fault("one"))
    told = {problem["input"]: problem for problem in refused(problems).problems}
    assert told["all"]["message"].startswith("All 30 jobs: ")
    assert told["few"]["message"].startswith("Jobs 3 and 5: ")
    assert told["many"]["message"].startswith("Jobs 6, 7, 8 and 22 more: ")
    assert (len(told["many"]["jobs"]), told["many"]["jobs_total"]) == (20, 25)
    assert told["one"]["message"].startswith("Job 7: ")


def test_faults_of_one_kind_keep_it_and_their_hint() -> None:
    problems = BatchProblems(["a", "b"])
    problems.add(1, FetchFailed("No.", hint="Send it.", problems=[{"input": "image", "message": "No."}]))
    error = refused(problems)
    assert (type(error), error.hint, error.problems[0]["hint"]) == (FetchFailed, "Send it.", "Send it.")
    problems.add(2, EmptyParams("Nothing came.", hint="Send something."))
    error = refused(problems)
    assert (type(error), error.status) == (InvalidParams, 422)
    assert error.problems[1] == {"message": "Job 2 (b): Nothing came.", "hint": "Send something.", "jobs": [2], "label": "b"}


def test_so_many_problems_are_told_and_no_more() -> None:
    problems = BatchProblems(["x"] * 500)
    for number in range(1, 501):
        problems.add(number, InvalidUpload(f"fault {number}"))
    assert problems.full
    assert len(refused(problems).problems) == MAX_PROBLEMS
