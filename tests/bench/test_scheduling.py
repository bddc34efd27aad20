"""The policy beside plain ones, on a virtual clock: the same figures on every machine."""

from __future__ import annotations

import pytest

from bench.scheduling import Result, jain, max_min, percentile, simulate

WORKERS = 100


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return {result.policy: result for result in simulate(WORKERS, 0.5, flood=1)}


def test_every_policy_runs_every_job_once(results: dict[str, Result]) -> None:
    numbers = {name: sorted(job.number for job in result.jobs) for name, result in results.items()}
    assert all(each == list(range(len(each))) for each in numbers.values())
    assert len({len(each) for each in numbers.values()}) == 1


def test_waits_are_half_of_those_of_first_in_first_out(results: dict[str, Result]) -> None:
    assert percentile(results["viewcomfy"].waits(), 0.95) <= 0.5 * percentile(results["fifo"].waits(), 0.95)


def test_fewer_models_are_loaded_and_keys_get_more_of_what_is_theirs(results: dict[str, Result]) -> None:
    others = [result for name, result in results.items() if name != "viewcomfy"]
    assert all(results["viewcomfy"].loads < 0.7 * other.loads for other in others)
    assert all(jain(results["viewcomfy"].jobs) > jain(other.jobs) for other in others)


def test_a_fair_share_is_what_is_wanted_or_an_even_part_of_the_rest() -> None:
    assert max_min({"a": 1.0, "b": 10.0, "c": 10.0}, 9.0) == {"a": 1.0, "b": 4.0, "c": 4.0}
