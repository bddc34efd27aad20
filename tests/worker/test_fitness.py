"""Which backends a job had better not go to."""

from __future__ import annotations

from viewcomfy.worker.fitness import FORGET_SECONDS, Fitness


def test_what_one_lacks_goes_to_the_other_for_a_while() -> None:
    now = [0.0]
    fitness = Fitness(lambda _: ["a", "b"], clock=lambda: now[0])
    fitness.note("a", "sdxl+x")
    assert fitness.unfit("a") == frozenset({"sdxl+x"})
    assert fitness.unfit("b") == frozenset()
    assert fitness.fits_elsewhere("a", "sdxl+x")
    now[0] = FORGET_SECONDS + 1
    assert fitness.unfit("a") == frozenset()


def test_what_all_lack_is_nobodys_to_leave() -> None:
    fitness = Fitness(lambda _: ["a", "b"])
    fitness.note("a", "sdxl+x")
    fitness.note("b", "sdxl+x")
    assert fitness.unfit("a") == fitness.unfit("b") == frozenset()
    assert not fitness.fits_elsewhere("b", "sdxl+x")


def test_backends_of_one_installation_are_alike() -> None:
    fitness = Fitness(lambda _: ["same", "same"])
    fitness.note("same", "sdxl+x")
    assert fitness.unfit("same") == frozenset()


def test_a_job_without_an_affinity_is_not_passed_on_for_ever() -> None:
    fitness = Fitness(lambda _: ["a", "b"])
    fitness.note("a", "")
    assert fitness.unfit("a") == frozenset()
    assert not fitness.fits_elsewhere("a", "")
