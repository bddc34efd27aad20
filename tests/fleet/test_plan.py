"""What is done with a fleet that is too small or too large."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.fleet.base import Instance
from viewcomfy.fleet.plan import Fleet, Plan, is_busy, never_came, plan, plan_end
from viewcomfy.wire.workers import BackendOut, WorkerOut


def instance(name: str, started_at: float = 0.0, *, stopping: bool = False) -> Instance:
    return Instance(name, started_at, stopping=stopping)


def worker(name: str, *, busy: bool = False, draining: bool = False, warm: bool = False, ours: bool = True) -> WorkerOut:
    backend = BackendOut(name="comfyui-0", prompt_ids=["p"] if busy else [], draining=draining, warm=["m"] if warm else [])
    return WorkerOut(name=f"worker-{name}", pool="default", seen_at=0.0, backends=[backend], facts={"instance": name} if ours else {})


def names(workers: tuple[WorkerOut, ...]) -> list[str]:
    return [found.name for found in workers]


def test_what_is_missing_is_started() -> None:
    fleet = Fleet([instance("a")], [worker("a", busy=True)])
    assert plan(fleet, wanted=3, maximum=5) == Plan(start=2)
    assert plan(fleet, wanted=3, maximum=2) == Plan(start=1)


def test_one_that_is_still_to_come_counts() -> None:
    assert plan(Fleet([instance("a"), instance("b")], []), wanted=2, maximum=5) == Plan()


def test_those_that_somebody_else_has_started_count_and_are_left_alone() -> None:
    fleet = Fleet([], [worker("x", ours=False), worker("y", ours=False, draining=True)])
    assert plan(fleet, wanted=2, maximum=5) == Plan(start=1)
    assert plan(fleet, wanted=0, maximum=5) == Plan()


def test_idle_workers_go_cold_ones_first() -> None:
    fleet = Fleet(
        [instance("a"), instance("b", 1.0), instance("c", 2.0), instance("d", 3.0)],
        [worker("a"), worker("b", warm=True), worker("c"), worker("d", busy=True)],
    )
    assert names(plan(fleet, wanted=1, maximum=5).drain) == ["worker-c", "worker-a", "worker-b"]
    assert names(plan(fleet, wanted=3, maximum=5).drain) == ["worker-c"]


def test_nobody_goes_for_one_who_is_still_to_come() -> None:
    fleet = Fleet([instance("a"), instance("b")], [worker("a", warm=True)])
    assert plan(fleet, wanted=1, maximum=5) == Plan()


def test_a_drained_worker_is_stopped_once_it_runs_nothing() -> None:
    busy = Fleet([instance("a")], [worker("a", busy=True, draining=True)])
    assert plan(busy, wanted=1, maximum=5) == Plan()
    empty = Fleet([instance("a")], [worker("a", draining=True)])
    assert plan(empty, wanted=0, maximum=5) == Plan(emptied=(instance("a"),))
    assert plan(Fleet([instance("a", stopping=True)], [worker("a", draining=True)]), wanted=0, maximum=5) == Plan()


def test_one_that_leaves_is_replaced_but_only_where_there_is_room() -> None:
    fleet = Fleet([instance("a")], [worker("a", draining=True)])
    assert plan(fleet, wanted=1, maximum=2).start == 1
    assert plan(fleet, wanted=1, maximum=1).start == 0


def test_the_end_of_a_fleet_drains_everybody_and_stops_who_is_empty() -> None:
    fleet = Fleet(
        [instance("a"), instance("b"), instance("c"), instance("d", stopping=True)], [worker("a", busy=True), worker("b", draining=True)]
    )
    assert plan_end(fleet) == Plan(drain=(worker("a", busy=True),), emptied=(instance("b"), instance("c")))


def test_one_that_never_came_is_found() -> None:
    fleet = Fleet([instance("a"), instance("b"), instance("c", 90.0)], [worker("a")])
    assert never_came(fleet, {"b"}, now=100.0, patience=50.0) == []
    assert never_came(fleet, set(), now=100.0, patience=50.0) == [instance("b")]


FLAGS = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())


@given(st.lists(FLAGS, max_size=12), st.integers(0, 15), st.integers(0, 15))
def test_no_plan_touches_a_job_or_outgrows_the_most(flags: list[tuple[bool, bool, bool, bool, bool]], wanted: int, maximum: int) -> None:
    instances, workers = list[Instance](), list[WorkerOut]()
    for number, (there, busy, draining, stopping, ours) in enumerate(flags):
        if ours:
            instances.append(instance(str(number), float(number), stopping=stopping))
        if there or not ours:
            workers.append(worker(str(number), busy=busy, draining=draining, ours=ours))
    fleet = Fleet(instances, workers)
    made = plan(fleet, wanted, maximum)
    assert not any(is_busy(found) for found in made.drain)
    assert not any(is_busy(found) for found in workers for leaving in made.emptied if found.facts.get("instance") == leaving.id)
    assert not (made.start and made.drain)
    assert made.start == 0 or len(instances) + made.start <= maximum
