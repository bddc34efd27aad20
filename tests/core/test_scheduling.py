"""Who runs what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.scheduling import AGEING, Lane, Shares, order

NOW = 1_000_000.0
lanes = st.lists(
    st.builds(
        Lane,
        pool=st.just("default"),
        priority=st.integers(0, 2),
        key_id=st.sampled_from("abc"),
        affinity=st.sampled_from(["", "sdxl", "flux"]),
        oldest=st.floats(NOW - 1000, NOW),
    ),
    max_size=12,
)
running = st.dictionaries(st.sampled_from("abc"), st.integers(0, 5))
warm = st.frozensets(st.sampled_from(["sdxl", "flux"]))


def lane(priority: int = 1, key_id: str = "a", affinity: str = "", waited: float = 1.0) -> Lane:
    return Lane("default", priority, key_id, affinity, NOW - waited)


def best(*candidates: Lane, running_by_key: dict[str, int] | None = None, warm: frozenset[str] = frozenset()) -> Lane:
    return order(candidates, Shares(running_by_key or {}), warm, NOW)[0]


def test_priority_comes_before_everything() -> None:
    urgent = lane(priority=0, key_id="busy", affinity="cold", waited=0)
    assert best(lane(waited=50), urgent, running_by_key={"busy": 9}, warm=frozenset({"x"})) == urgent


def test_the_key_with_the_fewest_running_comes_before_warm_models() -> None:
    idle = lane(key_id="idle", affinity="flux")
    assert best(lane(key_id="busy", affinity="sdxl"), idle, running_by_key={"busy": 1}, warm=frozenset({"sdxl"})) == idle


def test_keys_take_turns_where_nothing_runs() -> None:
    candidates = [lane(key_id="greedy", waited=50), lane(key_id="modest", waited=1)]
    assert order(candidates, Shares(served={"greedy": 7}), frozenset(), NOW)[0].key_id == "modest"
    assert order(candidates, Shares(served={"greedy": 7, "modest": 8}), frozenset(), NOW)[0].key_id == "greedy"


def test_warm_models_come_before_age() -> None:
    loaded = lane(affinity="sdxl", waited=1)
    assert best(lane(affinity="flux", waited=50), loaded, warm=frozenset({"sdxl"})) == loaded


def test_a_workflow_without_models_is_never_cold() -> None:
    plain = lane(waited=50)
    assert best(plain, lane(affinity="sdxl", waited=1), warm=frozenset({"sdxl"})) == plain


def test_the_oldest_comes_first_among_equals() -> None:
    assert best(lane(waited=1), lane(waited=3), lane(waited=2)) == lane(waited=3)


def test_waiting_makes_up_for_priority() -> None:
    patient = lane(priority=2, waited=3 * AGEING)
    assert best(lane(priority=0, waited=0), patient) == patient
    assert best(lane(priority=0, waited=0), lane(priority=2, waited=AGEING)) == lane(priority=0, waited=0)


@given(lanes, running, warm)
def test_ordering_neither_loses_nor_makes_lanes_and_is_the_same_from_any_start(
    candidates: list[Lane], running_by_key: dict[str, int], loaded: frozenset[str]
) -> None:
    ordered = order(candidates, Shares(running_by_key), loaded, NOW)
    assert sorted(ordered, key=repr) == sorted(candidates, key=repr)
    assert order(ordered, Shares(running_by_key), loaded, NOW) == ordered


@given(lanes, running, warm)
def test_a_job_that_waits_for_ever_is_first_in_the_end(
    candidates: list[Lane], running_by_key: dict[str, int], loaded: frozenset[str]
) -> None:
    ancient = lane(priority=2, key_id="c", affinity="unknown", waited=1e6)
    assert order([*candidates, ancient], Shares(running_by_key), loaded, NOW)[0] == ancient
