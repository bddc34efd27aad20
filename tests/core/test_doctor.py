"""From which figures on the doctor speaks."""

from __future__ import annotations

import pytest

from tests.core.catalogs import catalog, text_to_image
from viewcomfy.core.doctor import GIB, MIB, Diagnosis, State, clock, disk, memory
from viewcomfy.core.report import report


@pytest.mark.parametrize(("free", "state"), [(100 * GIB, State.OK), (5 * GIB, State.WARNING), (100 * MIB, State.ERROR)])
def test_a_disk_that_fills_up_is_told_in_time(free: int, state: State) -> None:
    check = disk("the data folder", free, 200 * GIB)
    assert (check.state, bool(check.hint)) == (state, state is not State.OK)
    assert check.subject == "disk of the data folder"
    assert "of 200.0 GiB are free." in check.message


@pytest.mark.parametrize(("available", "state"), [(8 * GIB, State.OK), (GIB, State.WARNING), (MIB, State.ERROR)])
def test_memory_that_runs_out_is_told_in_time(available: int, state: State) -> None:
    assert memory("gpu-1", available, 64 * GIB).state is state


@pytest.mark.parametrize(("ahead", "state"), [(0.5, State.OK), (-1.0, State.OK), (5.0, State.WARNING), (-60.0, State.ERROR)])
def test_a_clock_that_is_off_is_told(ahead: float, state: State) -> None:
    assert clock("gpu-1", ahead).state is state


def test_a_slow_answer_is_not_taken_for_a_wrong_clock() -> None:
    assert clock("gpu-1", 4.0, uncertainty=3.0).state is State.OK


def test_a_clock_says_which_way_it_is_off() -> None:
    assert "40.0 s behind the server's" in clock("gpu-1", -40.0).message


def test_all_is_well_without_anything_to_complain_of() -> None:
    diagnosis = Diagnosis((disk("x", 100 * GIB, 200 * GIB),), {"poster": report(text_to_image(), {"a": catalog()})})
    assert (diagnosis.ok, diagnosis.summary) == (True, "All is well.")


def test_a_warning_can_wait() -> None:
    diagnosis = Diagnosis((disk("x", 5 * GIB, 200 * GIB),))
    assert (diagnosis.ok, diagnosis.summary) == (True, "1 warning.")


def test_a_deployment_that_cannot_run_is_named() -> None:
    reports = {"poster": report(text_to_image(), {"a": catalog(models=())}), "good": report(text_to_image(), {"a": catalog()})}
    diagnosis = Diagnosis((disk("x", 0, GIB),), reports)
    assert not diagnosis.ok
    assert diagnosis.summary == "1 of 2 deployments can't run: poster; trouble with disk of x."
