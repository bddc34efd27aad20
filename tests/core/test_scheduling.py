"""Who runs what."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from viewcomfy.core.deployments import affinity_of
from viewcomfy.core.keys import client_of
from viewcomfy.core.scheduling import AGEING, Lane, Ranking, Shares, environment_of, is_cold, memory_of, models_of, order, serves

NOW = 1_000_000.0
lanes = st.lists(
    st.builds(
        Lane,
        pool=st.just("default"),
        priority=st.integers(0, 2),
        key_id=st.sampled_from(["a", "b", "c~one", "c~two"]),
        affinity=st.sampled_from(["", "+x", "sdxl+x", "sdxl+y", "flux+x"]),
        oldest=st.floats(NOW - 1000, NOW),
    ),
    max_size=12,
    unique_by=lambda lane: lane.kind,
)
keys = st.sampled_from(["a", "b", "c~one", "c~two", "d"])
running = st.dictionaries(keys, st.integers(0, 5))
all_shares = st.builds(
    Shares,
    running=running,
    served=st.dictionaries(keys, st.floats(NOW - 500, NOW)),
    limits=st.dictionaries(st.sampled_from("abc"), st.integers(1, 4)),
    recent=st.dictionaries(keys, st.floats(0.05, 9)),
)
warm = st.frozensets(st.sampled_from(["sdxl", "flux"]))


def lane(priority: int = 1, key_id: str = "a", affinity: str = "", waited: float = 1.0) -> Lane:
    return Lane("default", priority, key_id, affinity, NOW - waited)


def best(*candidates: Lane, running_by_key: dict[str, int] | None = None, warm: frozenset[str] = frozenset()) -> Lane:
    return order(candidates, Shares(running_by_key or {}), warm, NOW)[0]


def test_priority_comes_before_everything() -> None:
    urgent = lane(priority=0, key_id="busy", affinity="cold", waited=0)
    assert best(lane(waited=50), urgent, running_by_key={"busy": 9}, warm=frozenset({"x"})) == urgent


def test_a_key_that_has_nothing_comes_before_warm_models() -> None:
    idle = lane(key_id="idle", affinity="flux")
    assert best(lane(key_id="busy", affinity="sdxl"), idle, running_by_key={"busy": 1}, warm=frozenset({"sdxl"})) == idle


def test_warm_models_come_before_a_key_that_has_a_little_less() -> None:
    loaded, fewer = lane(key_id="some", affinity="sdxl"), lane(key_id="fewer", affinity="flux")
    has = {"some": 5, "fewer": 4}
    assert best(loaded, fewer, running_by_key=has, warm=frozenset({"sdxl"})) == loaded
    assert best(loaded, fewer, running_by_key=has) == fewer


def test_what_a_key_had_of_late_counts_as_what_it_has() -> None:
    greedy, modest = lane(key_id="greedy", affinity="sdxl"), lane(key_id="modest", affinity="flux")
    assert order([greedy, modest], Shares(recent={"greedy": 3.0}), frozenset({"sdxl"}), NOW)[0] == modest


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


def test_a_long_queue_that_moves_does_not_grow_old() -> None:
    flood, modest = lane(key_id="flood", waited=30 * AGEING), lane(key_id="modest", waited=0)
    shares = Shares(served={"flood": NOW - 1}, passed={flood.kind: NOW - 1}, recent={"flood": 9.0})
    assert order([flood, modest], shares, frozenset(), NOW)[0] == modest


def test_many_kinds_of_jobs_do_not_grow_old_faster_than_one() -> None:
    many = [lane(key_id="many", affinity=f"m{number}+x", waited=3 * AGEING) for number in range(50)]
    shares = Shares(served={"many": NOW - 1, "one": NOW - 1}, recent={"many": 9.0})
    assert order([*many, lane(key_id="one", affinity="x", waited=0)], shares, frozenset(), NOW)[0].key_id == "one"


def test_a_key_at_its_limit_is_left_out_with_all_its_visitors() -> None:
    shares = Shares({"c~one": 1, "c~two": 1}, limits={"c": 2, "a": 1})
    ranking = Ranking([lane(key_id="c~two"), lane(key_id="c~three"), lane(key_id="a")], shares, NOW)
    assert [one.key_id for one in ranking.through(frozenset())] == ["a"]
    assert ranking.held_back


@given(lanes, all_shares, warm, st.randoms())
def test_ordering_loses_only_lanes_of_full_keys_and_is_the_same_from_any_start(
    candidates: list[Lane], shares: Shares, loaded: frozenset[str], chance: random.Random
) -> None:
    ordered = order(candidates, shares, loaded, NOW)
    full = shares.full()
    assert sorted(ordered, key=repr) == sorted((one for one in candidates if client_of(one.key_id) not in full), key=repr)
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert order(shuffled, shares, loaded, NOW) == ordered


@given(lanes, all_shares, warm, st.sets(st.sampled_from(["", "+x", "sdxl+x", "sdxl+y", "flux+x"])))
def test_the_best_lane_is_the_first_ripe_one_of_the_order(
    candidates: list[Lane], shares: Shares, loaded: frozenset[str], unfit: set[str]
) -> None:
    ripe = [one for one in order(candidates, shares, loaded, NOW) if one.affinity not in unfit]
    assert Ranking(candidates, shares, NOW).best(loaded, lambda one: one.affinity not in unfit) == (ripe[0] if ripe else None)


@given(lanes, running, warm)
def test_a_job_that_waits_for_ever_is_first_in_the_end(
    candidates: list[Lane], running_by_key: dict[str, int], loaded: frozenset[str]
) -> None:
    ancient = lane(priority=2, key_id="e", affinity="unknown", waited=1e6)
    assert order([*candidates, ancient], Shares(running_by_key), loaded, NOW)[0] == ancient


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 2), keys, st.sampled_from(["+x", "sdxl+x", "flux+x", "wan+x"])), min_size=2, max_size=12, unique=True)
)
def test_no_lane_starves_while_the_others_never_run_dry(kinds: list[tuple[int, str, str]]) -> None:
    """One backend, jobs of 10 s, every lane full for ever: each of them is served, and each key has its turns."""
    served: dict[str, float] = {}
    passed: dict[tuple[int, str, str], float] = {}
    counts: Counter[tuple[int, str, str]] = Counter()
    now, loaded = NOW, frozenset[str]()
    for _ in range(60 * len(kinds)):
        candidates = [Lane("default", *kind, max(NOW, passed.get(kind, NOW))) for kind in kinds]
        chosen = order(candidates, Shares(served=served, passed=passed), loaded, now)[0]
        counts[chosen.kind] += 1
        served[chosen.key_id] = passed[chosen.kind] = now
        loaded = frozenset({chosen.affinity.partition("+")[0]}) if is_cold(chosen.affinity, frozenset()) else loaded
        now += 10.0
    assert set(counts) == set(kinds)


@given(st.integers(2, 6), st.integers(4, 40))
def test_keys_of_equal_wants_get_equal_shares_within_the_slack(number: int, backends: int) -> None:
    """Every key wants all backends, one of them always finds its models warm: still the others get half of an even share at least."""
    has: Counter[str] = Counter()
    served: dict[str, float] = {}
    for turn in range(backends):
        candidates = [lane(key_id=f"key-{one}", affinity=f"m{one}+x") for one in range(number)]
        chosen = order(candidates, Shares(has, served), frozenset({"m0"}), NOW)[0].key_id
        has[chosen] += 1
        served[chosen] = NOW - 100 + turn
    even = backends / number
    assert all(has[f"key-{one}"] >= even / 2 - 1 for one in range(number))
    assert has["key-0"] <= 2 * even + 1


def test_an_affinity_tells_of_memory_and_environment_in_this_order() -> None:
    workflow = {"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.ckpt"}}}
    named = "env-0123456789ab"
    for memory, environment in ((0.0, ""), (24.0, ""), (0.0, named), (16.5, named), (100_000.0, named)):
        made = affinity_of(workflow, memory, environment)
        assert (models_of(made), memory_of(made), environment_of(made)) == (models_of(affinity_of(workflow)), memory, environment)
    assert (memory_of(""), environment_of("")) == (0.0, "")


def test_jobs_go_by_the_environment_that_they_name() -> None:
    assert serves("", "", aside=False)
    assert serves("", "a", aside=False)
    assert serves("a", "a", aside=False)
    assert serves("a", "a", aside=True)
    assert not serves("", "a", aside=True)
    assert not serves("a", "b", aside=False)
    assert not serves("a", "", aside=False)
