"""How many workers a pool wants."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.scaling import SLOTS, Decision, Limits, Load, Memory, decide, startable

NOW = 1_000_000.0
FEW = st.integers(0, 50)
SECONDS = st.floats(0.0, 1000.0)


@st.composite
def loads(draw: st.DrawFn) -> Load:
    busy = draw(FEW)
    backends = draw(st.integers(0, 3)) if busy else 0
    return Load(
        waiting=draw(st.integers(0, 200)), oldest_wait=draw(SECONDS), busy=busy, idle=draw(FEW), working=busy, spare=busy * backends,
        job_seconds=draw(st.none() | st.floats(0.01, 1000.0)), cold_start=draw(SECONDS),
    )  # fmt: skip


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    minimum = draw(st.integers(0, 5))
    return Limits(
        minimum, draw(st.integers(minimum, 60)), draw(st.integers(1, 4)), draw(SECONDS), draw(st.just(0.0) | st.floats(1.0, 1000.0))
    )


def fresh(load: Load, bounds: Limits = Limits()) -> Decision:  # noqa: B008 - frozen
    return decide(load, bounds, Memory(), NOW)


# --- examples ---------------------------------------------------------------------------------------------------------
def test_nothing_to_do_wants_nobody() -> None:
    assert fresh(Load()) == Decision(0, "no jobs wait and no workers are busy: nobody is needed.", Memory())


def test_the_first_job_wants_a_worker_at_once() -> None:
    told = fresh(Load(waiting=1))
    assert told.wanted == 1
    assert told.why.startswith("1 job waits and no workers are busy: 1 more")


def test_long_jobs_want_a_backend_each() -> None:
    assert fresh(Load(waiting=3, busy=2, working=2, job_seconds=600.0)).wanted == 5
    assert fresh(Load(waiting=3, busy=2, working=2, job_seconds=600.0), Limits(backends=4)).wanted == 3


def test_short_jobs_share_a_backend() -> None:
    """30 s are enough for a backend to begin 31 jobs of one second each."""
    assert fresh(Load(waiting=100, job_seconds=1.0)).wanted == 4


def test_an_idle_worker_comes_before_a_new_one() -> None:
    assert fresh(Load(waiting=1, busy=1, working=1, idle=2, job_seconds=600.0)).wanted == 2


def test_nobody_is_started_for_what_is_done_before_he_is_up() -> None:
    bounds = Limits(wait=5.0)
    load = Load(waiting=5, busy=1, working=1, job_seconds=10.0, cold_start=60.0)
    assert fresh(load, bounds).wanted == 1
    assert fresh(replace(load, oldest_wait=50.0), bounds).wanted > 1, "but when it goes on for long, somebody is"


def test_jobs_that_no_idle_worker_takes_do_not_make_it_grow() -> None:
    """As when they need a node class that nobody has: more of the same would not help."""
    assert fresh(Load(waiting=3, oldest_wait=900.0, idle=3)).wanted == 3


def test_the_most_is_the_most() -> None:
    told = fresh(Load(waiting=50, job_seconds=600.0), Limits(maximum=8))
    assert (told.wanted, told.why) == (8, "50 jobs wait and no workers are busy: 50 would be needed, and 8 is the most.")


def test_the_least_is_kept_ready() -> None:
    told = fresh(Load(), Limits(minimum=2))
    assert (told.wanted, told.why) == (2, "no jobs wait and no workers are busy: 2 is the least.")


def test_an_idle_worker_is_kept_for_a_while() -> None:
    first = decide(Load(waiting=2, job_seconds=600.0), Limits(idle=120.0), Memory(), NOW)
    assert first.wanted == 2
    later = decide(Load(idle=2), Limits(idle=120.0), first.memory, NOW + 110)
    assert (later.wanted, later.why) == (2, "no jobs wait and no workers are busy: the idle ones were needed within the last 120 s.")
    assert decide(Load(idle=2), Limits(idle=120.0), first.memory, NOW + 131).wanted == 0


def test_a_worker_that_has_gone_by_itself_is_not_replaced() -> None:
    first = fresh(Load(waiting=2, job_seconds=600.0))
    assert decide(Load(idle=1), Limits(), first.memory, NOW + 10).wanted == 1


def test_jobs_that_their_key_keeps_back_do_not_count() -> None:
    assert startable({"a": 5, "b": 5}, {"a": 1}, {"a": 3}) == 7
    assert startable({"a": 5}, {"a": 9}, {"a": 3}) == 0
    assert startable({"link~1": 2, "link~2": 2}, {"link~3": 1}, {"link": 3}) == 2


# --- what always holds ------------------------------------------------------------------------------------------------
@given(loads(), limits())
def test_a_worker_that_runs_a_job_is_never_asked_to_go(load: Load, bounds: Limits) -> None:
    wanted = fresh(load, bounds).wanted
    assert max(load.busy, bounds.minimum) <= wanted <= max(load.busy, bounds.maximum)


@given(loads(), limits())
def test_nobody_is_started_without_a_job_for_him(load: Load, bounds: Limits) -> None:
    assert fresh(load, bounds).wanted <= max(load.there + load.waiting, bounds.minimum)
    assert fresh(replace(load, waiting=0), bounds).wanted == max(load.busy, bounds.minimum)


@given(loads(), limits(), st.integers(1, 50), st.floats(0.0, 500.0))
def test_more_work_never_wants_fewer(load: Load, bounds: Limits, more: int, longer: float) -> None:
    wanted = fresh(load, bounds).wanted
    assert fresh(replace(load, waiting=load.waiting + more), bounds).wanted >= wanted
    assert fresh(replace(load, oldest_wait=load.oldest_wait + longer), bounds).wanted >= wanted


@given(st.lists(st.tuples(st.floats(0.1, 200.0), loads()), min_size=1, max_size=30), limits())
def test_what_was_needed_is_kept_for_the_whole_time_and_then_forgotten(steps: list[tuple[float, Load]], bounds: Limits) -> None:
    memory, now, needs = Memory(), NOW, list[tuple[float, int]]()
    for seconds, load in steps:
        now += seconds
        needs.append((now, fresh(load, replace(bounds, minimum=0, maximum=10**6)).wanted))
        told = decide(load, bounds, memory, now)
        memory = told.memory
        recent = max(number for at, number in needs if at >= now - bounds.idle)
        past = max(number for at, number in needs if at >= now - bounds.idle * (1 + 2 / SLOTS))
        assert told.wanted >= min(recent, load.there, bounds.maximum)
        assert told.wanted <= max(load.busy, min(max(needs[-1][1], min(past, load.there), bounds.minimum), bounds.maximum))
        assert len(memory.peaks) <= SLOTS + 2
    empty = decide(Load(idle=9), bounds, memory, now + bounds.idle * 1.2 + 1)
    assert empty.wanted == min(bounds.minimum, bounds.maximum)


@given(limits(), loads(), st.floats(0.0, 5000.0))
def test_servers_whose_clocks_differ_do_not_break_it(bounds: Limits, load: Load, ahead: float) -> None:
    memory = decide(load, bounds, Memory(), NOW + ahead).memory
    told = decide(Load(idle=3), bounds, memory, NOW)
    assert min(bounds.minimum, bounds.maximum) <= told.wanted <= max(3, bounds.minimum)


# --- over time --------------------------------------------------------------------------------------------------------
def test_a_steady_load_does_not_make_it_flap() -> None:
    """Jobs of ten seconds come about one a second, workers take 20 s to start: some ten workers are enough, and then nothing changes."""
    changes = simulate(jobs_per_second=1.0, job_seconds=10.0, cold_start=20.0, seconds=1800)
    late = [wanted for at, wanted in changes if at > 600]
    assert len(late) <= 6, changes
    assert 8 <= changes[-1][1] <= 20


def simulate(*, jobs_per_second: float, job_seconds: float, cold_start: float, seconds: int) -> list[tuple[int, int]]:
    """Play a pool second by second, workers coming and going as wanted; return when the number wanted changed, and to what."""
    chance = random.Random(5)
    bounds, memory = Limits(wait=20.0, idle=120.0), Memory()
    waiting, running, starting, idle = list[int](), list[int](), list[int](), 0
    changes = list[tuple[int, int]]()
    for now in range(seconds):
        waiting += [now] * (chance.random() < jobs_per_second)
        idle += sum(up <= now for up in starting) + sum(end <= now for end in running)
        starting, running = [up for up in starting if up > now], [end for end in running if end > now]
        while waiting and idle:
            waiting.pop(0)
            idle -= 1
            running.append(now + int(job_seconds))
        oldest = now - waiting[0] if waiting else 0
        load = Load(len(waiting), oldest, len(running), idle, len(running), 0, job_seconds, cold_start)
        told = decide(load, bounds, memory, NOW + now)
        memory = told.memory
        there = len(running) + idle + len(starting)
        starting += [now + int(cold_start)] * max(0, told.wanted - there)
        idle -= min(idle, max(0, there - told.wanted))
        if not changes or changes[-1][1] != told.wanted:
            changes.append((now, told.wanted))
    return changes
